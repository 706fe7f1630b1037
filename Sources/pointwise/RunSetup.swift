import Foundation
import Harness
import Kernels
import Results
import SystemPackage
import Topology

/// What a command line comes to on this machine, before anything is measured.
struct RunSetup {
  let suites: [Suite]
  let topology: HwlocTopology
  let catalog: Catalog
  let environment: Environment
  let plan: Plan
  let settings: RunSettings
  let peers: [PeerInventory]
  let peerSettings: PeerSettings

  /// Plans what `command` asks for.
  ///
  /// - Throws: the error that ends the process, after one sentence on standard error.
  init(_ command: RunCommand, suites: [Suite]) throws {
    self.suites = suites
    topology = try topologyOrExit(nil)
    catalog = Catalog.current()
    environment = Environment.capture(
      isas: catalog.isas.map(\.rawValue), machine: try? JSONValue(encoding: topology.machine),
      commit: Self.checkout().flatMap { Environment.commit(ofCheckout: $0) })
    var selection = Selection(command)
    (selection.peers, peers) = try command.peers.choose(catalog)
    peerSettings = command.peers.settings
    do {
      plan = try Plan(
        suites: suites, selection: selection, machine: topology.machine, catalog: catalog,
        availableMemory: environment.memoryAvailable)
    } catch {
      throw Exit.failure(error, error.isUsage ? Exit.usage : Exit.data)
    }
    if plan.caseCount == 0 {
      throw Exit.failure("no case is left to measure; expected at least one kernel that supports a layer", Exit.usage)
    }
    settings = Self.settings(command, suites)
  }

  /// How long `plan`, or a part of it, will take.
  ///
  /// - Throws: the error that ends the process, after one sentence on standard error.
  func estimate(_ plan: Plan) throws -> RunEstimate {
    do {
      return try RunEstimate(
        plan, settings: settings, caches: CacheSizes(topology.machine), cores: topology.machine.eligiblePUs.count)
    } catch {
      throw Exit.failure(error, Exit.data)
    }
  }

  /// The description of a run that begins now.
  func manifest(run: String, commandLine: [String]) throws -> RunManifest {
    RunManifest(
      run: run, toolVersion: Pointwise.configuration.version, commandLine: commandLine, started: Date(),
      seed: settings.seed, suites: suites.map { .init(name: $0.name, file: absolute($0.file)) },
      settings: .init(
        precisionPercent: settings.stopRule.precisionPercent, maxTimeSeconds: settings.stopRule.maxTime),
      plan: planIdentity, peers: peers.isEmpty ? nil : peers.flatMap(RunManifest.Peer.all(of:)),
      environment: environment, placements: try plan.placements.map { try JSONValue(encoding: $0) },
      skippedEntries: suites.flatMap(\.skipped).map {
        .init(file: $0.location.file, line: $0.location.line ?? 0, text: $0.descriptor, reason: $0.reason)
      })
  }

  /// What tells the plan from others: its cases, and how often the network runs their layers.
  var planIdentity: RunManifest.Plan {
    RunManifest.Plan(
      plan.groups.flatMap { group in
        group.cases.map { item in
          let row = Row(group, item, run: "")
          return "\(row.caseKey)|\(row.count)|\(row.cpus)"
        }
      })
  }

  /// The command line's settings, or else the suites', or else the defaults. Of several suites the finest precision and the longest time count.
  private static func settings(_ command: RunCommand, _ suites: [Suite]) -> RunSettings {
    var settings = RunSettings()
    if let seed = command.seed { settings.seed = seed }
    if let value = command.precision ?? suites.compactMap(\.precision).min() {
      settings.stopRule.precisionPercent = value
    }
    if let value = command.maxTime ?? suites.compactMap(\.maxTime).max() { settings.stopRule.maxTime = value }
    return settings
  }

  /// The folder of the sources that this program was built from, if it runs from there.
  private static func checkout() -> FilePath? {
    guard let folder = try? BenchmarksFolder.locate() else { return nil }
    return FilePath(folder).removingLastComponent()
  }
}

extension Selection {
  /// What the command line of a run says.
  init(_ command: RunCommand) {
    self.init(command.selection)
    teams = command.team?.values
    caches = command.cache?.values
    places = command.placement.places.map { [$0] }
    binds = command.placement.bind.map { [$0] }
    policy = command.placement.policy
  }
}

extension RunManifest.Peer {
  /// What was found of a library: one entry for each configuration, or one that says why there is none.
  static func all(of inventory: PeerInventory) -> [RunManifest.Peer] {
    let name = inventory.kind.rawValue
    if inventory.libraries.isEmpty {
      return [
        .init(
          name: name, path: inventory.location?.path, problem: inventory.problem ?? "not found",
          packages: inventory.kind.packages)
      ]
    }
    return inventory.libraries.map { library in
      .init(
        name: name, path: library.location.path, version: library.version, instructionSet: library.instructionSet,
        forced: library.forced.map { "\($0.variable)=\($0.value)" })
    }
  }
}
