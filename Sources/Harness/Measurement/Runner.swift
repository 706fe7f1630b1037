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
  /// In how many visits a layer is measured, at different times of a run. One visit measures layer after layer.
  public var visits = 1

  /// The number of visits of `pointwise run`.
  ///
  /// Odd, so that fewer than half of them can be outvoted: the median of five does not follow two that met a slow phase of
  /// the machine, that of three follows two. And their medians say how far visits differ, by Student's t with four degrees
  /// of freedom; with two, the interval is twice as wide. Nine would leave two rounds each where twenty are enough.
  public static let defaultVisits = 5
  /// The numbers of visits that a user may ask for: with more, a visit would have a round or none.
  public static let visitsRange = 1...20

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
  private let ledger: TimeLedger

  /// A runner of `plan`, which was made of `catalog`, on the machine of `topology`, which must be this system.
  ///
  /// - Parameters:
  ///   - events: what workers count beside every sample; see ``CounterProbe``.
  ///   - ledger: is told what time is spent on.
  public init(
    _ plan: Plan, topology: HwlocTopology, catalog: Catalog, settings: RunSettings, events: [PerformanceEvent] = [],
    peers: PeerSettings = PeerSettings(), ledger: TimeLedger = TimeLedger()
  ) {
    self.ledger = ledger
    self.peers = peers
    self.plan = plan
    self.topology = topology
    self.catalog = catalog
    self.settings = settings
    self.events = events
  }

  /// Measures the ceilings of every team and placement, which `peaks` gets, then the layers, in as many visits as the
  /// settings say. `starting` is called before each visit of a layer, `report` with each case as soon
  /// as it has ended; an error that one of them throws ends the run. `isInterrupted` is asked between samples. Once it says
  /// so, or an error ended the run, what was measured of every layer is reported, and the rest is left out.
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
    try ledger.spend(on: .ceilings) {
      try ceilings.measure(plan.groups.flatMap(\.cases), teams, isInterrupted: isInterrupted)
    }
    try peaks(ceilings.all)
    var schedule = VisitSchedule(layers: plan.groups.count, visits: settings.visits)
    // Layers that have begun and not ended.
    var sessions: [Int: Session] = [:]
    func stop() throws { for index in sessions.keys.sorted() { try sessions.removeValue(forKey: index)?.stop() } }
    while let (index, visit) = schedule.next(seconds: Double(monotonicNanoseconds()) * 1e-9) {
      if isInterrupted() { break }
      let group = plan.groups[index]
      let session: Session
      if visit == 0 {
        session = Session(
          group: group, settings: settings, teams: teams, peers: peers, references: references, ceilings: ceilings,
          caches: caches, machine: topology.machine, steal: StealTime(), ledger: ledger, isInterrupted: isInterrupted,
          report: report)
      } else if let begun = sessions.removeValue(forKey: index) {
        session = begun
      } else {
        // All its cases have ended in an earlier visit.
        continue
      }
      do {
        try starting(index, group)
        try session.visit()
      } catch {
        // The first error is the one to tell: what else fails now fails because of it.
        try? stop()
        throw error
      }
      if !session.isEnded { sessions[index] = session }
    }
    try stop()
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
