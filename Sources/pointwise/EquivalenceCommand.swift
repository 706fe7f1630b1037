import ArgumentParser
import Foundation
import Harness
import Kernels
import Layers
import Reports
import Results
import SystemPackage
import Topology

/// `pointwise equivalence`: are 1×1 convolutions the same as fully connected layers?
struct EquivalenceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "equivalence",
    abstract: "Compare 1×1 convolutions and fully connected layers that compute the same.",
    discussion: """
      Every layer is computed in all its forms, with the same weights on the same data: a 1×1 convolution also as an FC \
      layer over its pixels; an FC layer also as a 1×1 convolution on a 1×1 image; one over a map also as a convolution \
      whose kernel covers the map. All forms are compared with a reference in double precision and with each other: they \
      must be identical to the last bit where a kernel adds up in the same order. Then they are timed in the same rounds. \
      A head of FC layers, slid as convolutions over a larger map, is compared with running it on every window.

      A layer is a benchdnn descriptor such as mb1ic64ih56oc64kh1 or mb16ic2048oc1000, and has a bias. The folder has \
      equivalence.md, which answers the question point by point, equivalence.json, and results.csv and samples.csv as \
      'run' writes them.

      Exit codes: 0 all forms agree; 1 they do not; 64 wrong flags or descriptors; 65 wrong suite file, or a layer that \
      does not fit the machine; 74 a file cannot be read or written; 130 interrupted, and what was measured is reported.
      """)

  @Argument(
    help: ArgumentHelp("Suites, or layers as descriptors. Default: the suite equivalence.", valueName: "suite|layer"))
  var layers: [String] = []

  @Option(
    help: ArgumentHelp(
      "Heads that slide: small (32×7×7 → 256 → 256 → 100), vgg16 (512×7×7 → 4096 → 4096 → 1000, needs about 3 GB), or "
        + "none. Default: small, and none if layers are given.",
      valueName: "name,…"),
    transform: ListOption<HeadChoice>.parse)
  var head: ListOption<HeadChoice>?

  @OptionGroup(title: "What to compare")
  var selection: SelectionOptions

  @OptionGroup(title: "Where threads sit")
  var placement: PlacementOptions

  @OptionGroup(title: "How long to measure")
  var measuring: MeasuringOptions

  @Option(
    help: ArgumentHelp(
      "The folder for the results. Default: Reports/<host>-equivalence-<date>.", valueName: "folder"))
  var output: String?

  /// What `--head` takes.
  enum HeadChoice: String, CaseIterable {
    case small, vgg16, none
  }

  func validate() throws {
    if output == "" { throw ValidationError("--output '': expected the name of a folder") }
    if let head, head.values.contains(.none), head.values.count > 1 {
      throw ValidationError("--head: expected none alone, or names of heads")
    }
  }

  func run() throws {
    let status = StatusLine()
    let interruption = Interruption(status, promise: "finishing the present sample, then writing what was measured …")
    let suites = try loadLayers()
    try Supplies.require()
    let topology = try topologyOrExit(nil)
    let catalog = Catalog.current()
    let environment = Environment.capture(
      isas: catalog.isas.map(\.rawValue), machine: try? JSONValue(encoding: topology.machine))
    let plan = try plan(suites, topology.machine, catalog, environment)
    try Supplies.require(plan.subjects.flatMap(\.cases) + plan.heads.flatMap(\.cases))
    if interruption.isRequested { throw ExitCode(interruption.exitCode) }
    let folder = try makeFolder(environment)
    let settings = measuring.settings(suites)
    let manifest = RunManifest(
      run: FilePath(absolute(folder.path)).lexicallyNormalized().lastComponent?.string ?? folder.path,
      toolVersion: Pointwise.configuration.version, commandLine: CommandLine.arguments, started: Date(),
      seed: settings.seed, suites: suites.map { .init(name: $0.name, file: $0.place) },
      settings: .init(
        precisionPercent: settings.stopRule.precisionPercent, maxTimeSeconds: settings.stopRule.maxTime),
      environment: environment, placements: try plan.placements.map { try JSONValue(encoding: $0) })
    try EquivalenceExecution(
      plan: plan, topology: topology, catalog: catalog, settings: settings, folder: folder, manifest: manifest
    ).run(status, interruption)
  }

  /// The suites, and the layers that are given as descriptors as one more.
  private func loadLayers() throws -> [Suite] {
    let descriptors = layers.filter {
      Suite.looksLikeDescriptor($0) && !FileManager.default.fileExists(atPath: $0)
    }
    let names = layers.filter { !descriptors.contains($0) }
    var suites = names.isEmpty ? [] : try loadSuites(names)
    if !descriptors.isEmpty {
      do throws(SuiteError) { suites.append(try Suite.ofDescriptors(descriptors)) } catch {
        throw Exit.failure(error, Exit.usage)
      }
    }
    return layers.isEmpty ? try loadSuites(["equivalence"]) : suites
  }

  private func plan(
    _ suites: [Suite], _ machine: Machine, _ catalog: Catalog, _ environment: Environment
  ) throws -> EquivalencePlan {
    var wanted = Selection(selection)
    wanted.places = placement.places?.values
    wanted.binds = placement.bind?.values
    wanted.policy = placement.commonPolicy
    wanted.environment = try placement.announcedEnvironment()
    let choices = head?.values ?? (layers.isEmpty ? [.small] : [])
    do {
      let heads = try choices.compactMap { try SlidHead.Name(rawValue: $0.rawValue)?.head }
      let plan = try EquivalencePlan(
        suites: suites, selection: wanted, heads: heads, machine: machine, catalog: catalog,
        availableMemory: environment.memoryAvailable)
      if plan.caseCount == 0 {
        throw Exit.failure("nothing is left to compare; expected a kernel that supports a layer", Exit.usage)
      }
      return plan
    } catch let error as PlanError {
      throw Exit.failure(error, error.isUsage ? Exit.usage : Exit.data)
    } catch let error as LayerError {
      throw Exit.failure(error, Exit.data)
    }
  }

  private func makeFolder(_ environment: Environment) throws -> RunFolder {
    do throws(ResultsError) {
      if let output { return try RunFolder(creating: output) }
      return try RunFolder(host: environment.hostname, suite: "equivalence", date: Date())
    } catch {
      throw Exit.failure(error, Exit.io)
    }
  }
}
