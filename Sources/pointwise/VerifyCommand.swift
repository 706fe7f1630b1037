import ArgumentParser
import Harness
import Kernels
import Layers
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

  @Option(parsing: .unconditional, help: ArgumentHelp("Seed of the data.", valueName: "n"))
  var seed: UInt64 = 1

  func run() throws {
    let catalog = Catalog.current()
    let topology = try topologyOrExit(nil)
    var wanted = Selection(selection)
    wanted.isas = wanted.isas ?? catalog.isas
    // More threads than CPUs, and than rows of many a layer, is part of the check.
    wanted.policy.oversubscription = .wrap
    let kernels: [Kernel]
    let placements: [Placement]
    var layers: [Layer]
    do {
      kernels = try Plan.kernels(nil, wanted, catalog)
      let counts = wanted.threads?.counts(capacity: try wanted.policy.capacity(on: topology.machine)) ?? [1, 2, 5]
      placements = try counts.map { try wanted.policy.resolve(threads: $0, on: topology.machine) }
    } catch {
      throw Exit.failure("\(error)", Exit.usage)
    }
    if suites.isEmpty {
      layers = HostileLayers.all()
    } else {
      layers = try loadSuites(suites).flatMap { suite in
        try suite.entries.flatMap { entry in try Layout.applicable(to: entry.op).map { try entry.layer(layout: $0) } }
      }
    }
    layers = layers.filter { layer in
      (wanted.layouts?.contains(layer.layout) ?? true || layer.op == .fc)
        && (wanted.layers?.contains { Glob.matches(layer.descriptor, $0) } ?? true)
    }

    let interruption = Interruption()
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
        print(
          "FAIL \(outcome.variant), \(outcome.threads) threads, \(outcome.layer.descriptor) \(outcome.layer.layout.rawValue), "
            + "bias \(outcome.layer.bias), \(outcome.layer.activation.rawValue): \(failure)")
      }
    } catch {
      throw Exit.failure("\(error)", Exit.data)
    }
    let isas = Set(kernels.map(\.isa)).sorted().map(\.rawValue).joined(separator: ", ")
    print(
      """
      \(checks - failures) of \(checks) checks passed: \(Set(kernels.map(\.name)).count) kernels for \(isas), \
      \(layers.count) layers, \(placements.map { String($0.threads) }.joined(separator: ", ")) threads, seed \(seed)
      """)
    if interruption.isRequested { throw ExitCode(interruption.exitCode) }
    if failures > 0 { throw Exit.incorrect }
  }
}
