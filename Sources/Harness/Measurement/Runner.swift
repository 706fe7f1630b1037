import Foundation
public import Kernels
public import Teams
public import Topology

/// How to measure: what the stop rule, the clock and the random numbers need.
public struct RunSettings: Sendable, Hashable {
  /// When a case has been measured enough.
  public var stopRule: StopRule
  /// How long a sample lasts at least, in nanoseconds. The clock's resolution of some 20 ns is 0.002 % of 1 ms.
  public var sampleNanoseconds: Double
  /// The seed of data and order.
  public var seed: UInt64
  /// Where the pages of buffers lie.
  public var memory = MemoryPolicy()

  /// Settings.
  public init(stopRule: StopRule = StopRule(), sampleNanoseconds: Double = 1e6, seed: UInt64 = 1) {
    self.stopRule = stopRule
    self.sampleNanoseconds = sampleNanoseconds
    self.seed = seed
  }
}

/// Carries out a plan.
public struct Runner {
  private let plan: Plan
  private let topology: HwlocTopology
  private let catalog: Catalog
  private let settings: RunSettings
  private let events: [PerformanceEvent]
  private let peers: PeerSettings

  /// A runner of `plan`, which was made of `catalog`, on the machine of `topology`, which must be this system.
  ///
  /// - Parameter events: what workers count beside every sample; see ``CounterProbe``.
  public init(
    _ plan: Plan, topology: HwlocTopology, catalog: Catalog, settings: RunSettings, events: [PerformanceEvent] = [],
    peers: PeerSettings = PeerSettings()
  ) {
    self.peers = peers
    self.plan = plan
    self.topology = topology
    self.catalog = catalog
    self.settings = settings
    self.events = events
  }

  /// Measures the ceilings of every team and placement, which `peaks` gets, then layer by layer. `starting` is called before each layer, `report` with each case as soon as it has ended;
  /// an error that one of them throws ends the run. `isInterrupted` is asked between samples; once it says so, what was
  /// measured of the present layer is reported, and the rest is left out.
  public func run(
    isInterrupted: @escaping () -> Bool, peaks: ([Peaks]) throws -> Void,
    starting: (_ index: Int, CaseGroup) throws -> Void,
    report: @escaping (CaseResult) throws -> Void
  ) throws {
    let teams = TeamPool(topology, probes: catalog.probes, events: events)
    let peers = PeerPool(peers, environment: ProcessInfo.processInfo.environment)
    let references = ReferenceCache()
    let caches = CacheSizes(topology.machine)
    let ceilings = Ceilings(PeakMeter(topology, catalog, samples: 7), topology.machine)
    try ceilings.measure(plan.groups.flatMap(\.cases), teams, isInterrupted: isInterrupted)
    try peaks(ceilings.all)
    for (index, group) in plan.groups.enumerated() {
      if isInterrupted() { return }
      try starting(index, group)
      try Session(
        group: group, settings: settings, teams: teams, peers: peers, references: references, ceilings: ceilings,
        caches: caches, machine: topology.machine, steal: StealTime(), isInterrupted: isInterrupted, report: report
      ).run()
    }
  }
}

extension CacheSizes {
  /// The caches of the machine's first eligible CPU; sizes that hwloc does not know are the assumed ones.
  public init(_ machine: Machine) {
    let cpu = machine.eligiblePUs.first?.osIndex
    func size(_ level: Int) -> Int? { cpu.flatMap { machine.cacheSize(level: level, cpu: $0) } }
    self.init(
      l1d: size(1) ?? Self.assumed.l1d, l2: size(2) ?? Self.assumed.l2,
      l3: size(3) ?? size(2) ?? Self.assumed.l3)
  }
}
