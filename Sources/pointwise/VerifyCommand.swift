import ArgumentParser
import Harness
import Kernels
import Layers
import Results
import Teams
import Topology

/// `pointwise verify`: correctness only.
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check every kernel against the reference, without timing.",
    discussion: """
      Without a suite, the layers are small ones at every border that a kernel may stumble over. Every kernel of every \
      ISA that the CPU executes runs on exact integer data and on random data, on 1, 2 and 5 threads. Exits with 1 if \
      a result is wrong.
      """)

  @Argument(help: ArgumentHelp("Suites whose layers to check. Default: hostile shapes.", valueName: "suite|file"))
  var suites: [String] = []

  @OptionGroup(title: "What to check")
  var selection: SelectionOptions

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Seed of the data. Default: 1.", valueName: "n"),
    transform: { try NumberOption.integer($0, in: 0...UInt64.max) })
  var seed: UInt64 = 1

  func run() throws {
    let status = StatusLine()
    let interruption = Interruption(status, promise: "finishing the present layer …")
    let catalog = Catalog.current()
    try Supplies.require()
    let topology = try topologyOrExit(nil)
    var wanted = Selection(selection)
    wanted.isas = wanted.isas ?? catalog.isas
    // More threads than CPUs, and than rows of many a layer, is part of the check.
    wanted.policy.oversubscription = .wrap
    let kernels: [Kernel]
    let placements: [Placement]
    do {
      kernels = try Plan.kernels(nil, wanted, catalog)
      let counts = wanted.threads?.counts(capacity: try wanted.policy.capacity(on: topology.machine)) ?? [1, 2, 5]
      placements = try counts.map { try wanted.policy.resolve(threads: $0, on: topology.machine) }
    } catch {
      throw Exit.failure("\(error)", Exit.usage)
    }
    try Supplies.require(workers: placements.reduce(0) { $0 + 2 * $1.threads })
    let layers = try self.layers(wanted, topology.machine, catalog)
    var checks = 0
    var failures = 0
    do {
      try VerificationRun(
        kernels: kernels, layers: layers, splits: wanted.splits ?? Split.allCases, placements: placements,
        topology: topology, seed: seed
      ).run(isInterrupted: { interruption.isRequested }) { outcome in
        checks += 1
        guard let failure = outcome.verification.failure else { return }
        failures += 1
        try printToStandardOutput(
          "FAIL \(outcome.variant), \(outcome.threads) threads, \(outcome.layer.descriptor) \(outcome.layer.layout.rawValue), "
            + "bias \(outcome.layer.bias), \(outcome.layer.activation.rawValue): \(failure)")
      }
    } catch let code as ExitCode {
      throw code
    } catch {
      throw Exit.failure("\(error)", Exit.data)
    }
    let isas = Set(kernels.map(\.isa)).sorted().map(\.rawValue).joined(separator: ", ")
    try printToStandardOutput(
      """
      \(checks - failures) of \(checks) checks passed: \(Set(kernels.map(\.name)).count) kernels for \(isas), \
      \(layers.count) layers, \(placements.map { String($0.threads) }.joined(separator: ", ")) threads, seed \(seed)
      """)
    if interruption.isRequested { throw ExitCode(interruption.exitCode) }
    if failures > 0 { throw Exit.incorrect }
  }

  /// The layers of the suites, or else the hostile ones, that the flags leave.
  private func layers(_ wanted: Selection, _ machine: Machine, _ catalog: Catalog) throws -> [Layer] {
    let layers: [Layer]
    if suites.isEmpty {
      layers = HostileLayers.all().filter { layer in
        (layer.op == .fc || wanted.layouts?.contains(layer.layout) ?? true)
          && wanted.layers?.contains { Glob.matches(layer.descriptor, $0) } ?? true
      }
    } else {
      do {
        // The plan of a run, for its layers and for its check that they fit the memory.
        var selection = wanted
        selection.splits = nil
        selection.threads = .oneAndAll
        layers = try Plan(
          suites: try loadSuites(suites), selection: selection, machine: machine, catalog: catalog,
          availableMemory: Environment.capture().memoryAvailable
        ).groups.map(\.layer)
      } catch let error as PlanError {
        throw Exit.failure(error, error.isUsage ? Exit.usage : Exit.data)
      }
    }
    if layers.isEmpty {
      throw Exit.failure(
        "--layer '\(wanted.layers?.joined(separator: ",") ?? "*")' leaves no layer; expected a pattern that matches a "
          + "descriptor in the layouts asked for",
        Exit.usage)
    }
    return layers
  }
}
