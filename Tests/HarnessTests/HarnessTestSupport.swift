import Kernels
import Layers
import Teams
import Topology

@testable import Harness

/// This system, discovered once.
private let system = Result { try HwlocTopology() }

/// What plans and sessions in tests are made of.
enum Examples {
  static func topology() throws -> HwlocTopology { try system.get() }

  /// `threads` threads on this system's cores, more than there are if need be.
  static func placement(_ threads: Int) throws -> Placement {
    var policy = PlacementPolicy()
    policy.oversubscription = .wrap
    return try policy.resolve(threads: threads, on: try topology().machine)
  }

  /// A machine of eight cores.
  static func eightCores() throws -> Machine {
    try HwlocTopology(.synthetic(description: "package:1 l3:2 core:4 pu:1")).machine
  }

  /// The whole process of measuring in a few milliseconds a case. Any interval is precise enough, so that a case stops
  /// after the least number of rounds, however noisy the machine is.
  static let quick = RunSettings(
    stopRule: StopRule(precisionPercent: .infinity, maxTime: 0.01, firstLook: 6), sampleNanoseconds: 2e4, seed: 4)

  static func entry(_ layer: Layer, name: String? = nil) -> Harness.Suite.Entry {
    Harness.Suite.Entry(
      op: layer.op, shape: layer.shape, network: "net", name: name, bias: layer.bias, activation: layer.activation,
      location: SourceLocation(file: "test.yaml", line: 1))
  }

  static func group(_ layer: Layer, _ cases: [Case]) -> CaseGroup {
    CaseGroup(suite: "test", entry: entry(layer), layer: layer, cases: cases)
  }

  static func item(
    _ kernel: Kernel, _ split: Split = .none, threads: Int = 1, team: TeamKind = .dispatch
  ) throws -> Case {
    Case(kernel: kernel, split: split, team: team, placement: try placement(threads), cache: .hot)
  }

  static func session(
    _ group: CaseGroup, settings: RunSettings = quick, isInterrupted: @escaping () -> Bool = { false },
    report: @escaping (CaseResult) throws -> Void
  ) throws -> Session {
    let topology = try topology()
    let catalog = Catalog.current()
    return Session(
      group: group, settings: settings, teams: TeamPool(topology, probes: catalog.probes),
      peers: PeerPool(PeerSettings(), environment: [:]), references: ReferenceCache(),
      ceilings: Ceilings(PeakMeter(topology, catalog), topology.machine),
      caches: CacheSizes(topology.machine), machine: topology.machine, steal: StealTime(),
      isInterrupted: isInterrupted, report: report)
  }

  /// Runs a session and returns what it reports.
  static func results(
    _ group: CaseGroup, settings: RunSettings = quick, isInterrupted: @escaping () -> Bool = { false }
  ) throws -> [CaseResult] {
    var results: [CaseResult] = []
    try session(group, settings: settings, isInterrupted: isInterrupted) { results.append($0) }.run()
    return results
  }
}

extension CaseResult {
  /// What was measured, or nil.
  var measurement: Measurement? {
    if case .measured(let measurement) = outcome { return measurement }
    return nil
  }

  var isIncorrect: Bool {
    if case .incorrect = outcome { return true }
    return false
  }
}
