import Foundation
import Harness
import Kernels
import Results
import SystemPackage
import Teams
import Tensors
import Topology

/// What a command line comes to on this machine, before anything is measured.
struct RunSetup {
  let suites: [Suite]
  let topology: HwlocTopology
  let catalog: Catalog
  let environment: Environment
  /// The events that workers count.
  let events: [PerformanceEvent]
  /// OpenMP's variables that chose the placement, as they stand in the environment.
  let openMP: [String: String]
  let plan: Plan
  let settings: RunSettings
  let peers: [PeerInventory]
  let peerSettings: PeerSettings

  /// Plans what `command` asks for.
  ///
  /// - Throws: the error that ends the process, after one sentence on standard error.
  init(_ command: RunCommand, suites: [Suite]) throws {
    self.suites = suites
    try Supplies.require()
    topology = try topologyOrExit(nil)
    catalog = Catalog.current()
    let variables = try command.placement.environment(suites)
    openMP = variables.variables
    var environment = Environment.capture(
      isas: catalog.isas.map(\.rawValue), machine: try? JSONValue(encoding: topology.machine),
      commit: Self.checkout().flatMap { Environment.commit(ofCheckout: $0) })
    let probe = CounterProbe()
    environment.counters = Environment.Counter.all(probe)
    self.environment = environment
    events = probe.available
    var selection = Selection(command)
    selection.environment = variables
    if let note = variables.note { printToStandardError(note) }
    let tuned = try command.tunedEntries(environment, topology.machine)
    selection.tuned = tuned?.choices(catalog)
    (selection.peers, peers) = try command.peers.choose(catalog)
    peerSettings = command.peers.settings
    do {
      plan = try Plan(
        suites: suites, selection: selection, machine: topology.machine, catalog: catalog,
        availableMemory: environment.memoryAvailable)
    } catch {
      throw Exit.failure(error, error.isUsage ? Exit.usage : Exit.data)
    }
    if let tuned, let note = tuned.note(of: plan, suites: command.suites) { printToStandardError(note) }
    try Supplies.require(plan.groups.flatMap(\.cases), events: events.count)
    try Self.readTensors(plan, available: environment.memoryAvailable)
    if plan.caseCount == 0 {
      throw Exit.failure(
        "no case is left to measure; expected at least one kernel that supports a layer, and a split that suits it",
        Exit.usage)
    }
    var settings = command.measuring.settings(suites)
    settings.memory = MemoryPolicy(binding: command.memory, pages: command.pages ?? .default)
    // Of several suites the most counts.
    settings.visits = command.visits ?? suites.compactMap(\.visits).max() ?? RunSettings.defaultVisits
    self.settings = settings
    noteDuplicates()
    try checkMemory()
  }

  /// Tries the policy of memory where the run will use it first.
  private func checkMemory() throws {
    let pinned = plan.placements.filter { !$0.cpuList.isEmpty }
    guard let placement = (pinned.isEmpty ? plan.placements : pinned).max(by: { $0.threads < $1.threads }) else {
      return
    }
    do { try settings.memory.check(on: topology, placement) } catch { throw Exit.failure("\(error)", Exit.data) }
  }

  /// Says which policies are not measured because they come to the placement of another one.
  private func noteDuplicates() {
    func words(_ policy: PlacementPolicy) -> String { "--places \(policy.places) --bind \(policy.bind)" }
    var said: Set<String> = []
    for duplicate in plan.duplicates {
      let (policy, kept) = (words(duplicate.policy), words(duplicate.kept))
      guard said.insert("\(policy) \(kept)").inserted else { continue }
      let same = plan.duplicates.filter { words($0.policy) == policy && words($0.kept) == kept }
      let counts = same.map { String($0.threads) }.joined(separator: ", ")
      printToStandardError(
        "Note: \(policy) puts \(counts) \(counts == "1" ? "thread" : "threads") where \(kept) does; that is measured once"
      )
    }
  }

  /// Reads the tensors that entries name, once, so that a file that cannot be used ends the run before it has begun.
  private static func readTensors(_ plan: Plan, available: Int?) throws {
    var seen: Set<LayerPaths> = []
    for entry in plan.groups.map(\.entry) {
      guard let paths = entry.tensors, seen.insert(paths).inserted else { continue }
      do throws(TensorError) {
        _ = try entry.files()?.tensors(availableMemory: available) { printToStandardError(roundingNote($0, $1)) }
      } catch {
        throw Exit.failure("\(entry.location): \(error)", error.isSystemError ? Exit.io : Exit.data)
      }
    }
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

  /// The most memory that the process may have in use for `plan`, in bytes: what the buffers of its largest layer take, and
  /// 300 MiB for the program, ceilings and samples.
  func memoryBound(_ plan: Plan) -> Int {
    let machine = topology.machine
    let largest = plan.groups.map { $0.memoryBytes(on: machine) }.max() ?? 0
    return largest + (300 << 20)
  }

  /// What about the machine will disturb `plan`, or a part of it. Takes about a quarter of a second.
  func findings(_ plan: Plan) -> [Finding] {
    MachineCheck.findings(
      environment: environment, machine: topology.machine, placements: plan.placements,
      isPinned: plan.groups.allSatisfy { $0.cases.allSatisfy(\.team.isPinned) })
  }

  /// The description of a run that begins now.
  func manifest(run: String, commandLine: [String]) throws -> RunManifest {
    RunManifest(
      run: run, toolVersion: Pointwise.configuration.version, commandLine: commandLine, started: Date(),
      seed: settings.seed, suites: suites.map { .init(name: $0.name, file: $0.place) },
      settings: .init(
        precisionPercent: settings.stopRule.precisionPercent, maxTimeSeconds: settings.stopRule.maxTime,
        memory: settings.memory.binding?.rawValue,
        pages: settings.memory.pages == .default ? nil : settings.memory.pages.rawValue,
        visits: settings.visits == 1 ? nil : settings.visits),
      plan: planIdentity, peers: peers.isEmpty ? nil : peers.flatMap(RunManifest.Peer.all(of:)),
      environment: environment, placements: try plan.placements.map { try JSONValue(encoding: $0) },
      placementVariables: openMP.isEmpty ? nil : openMP,
      skippedEntries: suites.flatMap { suite in
        suite.skipped.map {
          .init(
            file: suite.place(of: $0.location.file), line: $0.location.line ?? 0, text: $0.descriptor, reason: $0.reason
          )
        }
      })
  }

  /// What tells the plan from others: its cases, and how often the network runs their layers.
  var planIdentity: RunManifest.Plan {
    RunManifest.Plan(
      plan.groups.flatMap { group in
        group.cases.map { item in
          let row = Row(group, item, run: "")
          let tuned = item.tuned.map { "|\($0.tile.map { "\($0)" } ?? "model")|\($0.split.rawValue)" } ?? ""
          return "\(row.caseKey)|\(row.count)|\(row.cpus)\(tuned)"
        }
      })
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
    replicates = command.replicates ?? 1
    scalings = command.scaling?.values ?? [.strong]
    places = command.placement.places?.values
    binds = command.placement.bind?.values
    policy = command.placement.commonPolicy
  }
}

extension MachineCheck {
  /// What about the machine will disturb measurements on `placements`. Takes about a quarter of a second.
  static func findings(
    environment: Environment, machine: Machine, placements: [Placement], isPinned: Bool
  ) -> [Finding] {
    findings(
      .capture(
        environment: environment, machine: machine, threads: placements.map(\.threads).max(),
        cpus: isPinned ? placements.cpus(on: machine) : machine.eligible))
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
        forced: library.forced.map { "\($0.variable)=\($0.value)" },
        ownLayoutKernels: inventory.kernels(probeISA: .portable)
          .filter { $0.library == library && $0.usesOwnLayout }.map(\.name))
    }
  }
}
