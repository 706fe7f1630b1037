import Kernels
public import Teams
import Topology

/// Watches the workers of one team while samples are taken: what their cores can do, and what the kernel did to them.
final class Witness {
  private struct Record {
    var before = ThreadStatus()
    var after = ThreadStatus()
    var burst = Burst.Timing()
  }

  /// What workers write: one record each.
  ///
  /// `@unchecked Sendable`: every worker writes its own record, in steps of the team that are ordered with the caller's
  /// reading.
  private final class Records: @unchecked Sendable {
    let all: UnsafeMutableBufferPointer<Record>

    init(count: Int) {
      all = .allocate(capacity: count)
      all.initialize(repeating: Record())
    }

    deinit { all.deallocate() }
  }

  private let team: any Team
  private let burst: Burst
  private let records: Records
  private let counters: TeamCounters?
  private let caches: CacheReading?
  private let status: @Sendable (_ worker: Int) -> ThreadStatus
  private var best = BestRate()
  /// The best burst rate of this team in the run so far, in FLOP a nanosecond.
  var bestRate: Double { best.value }

  /// A witness of `team`.
  ///
  /// - Parameter status: reads the status of the calling worker.
  init(
    _ team: any Team, _ burst: Burst, counters: TeamCounters? = nil, caches: CacheReading? = nil,
    status: @escaping @Sendable (_ worker: Int) -> ThreadStatus = { _ in .current() }
  ) {
    self.status = status
    self.caches = caches
    self.team = team
    self.burst = burst
    self.counters = counters
    records = Records(count: team.threads)
  }

  /// Runs `work` on the team, with a burst before it, and gives the times and the evidence.
  ///
  /// - Parameter look: what to read of the caches, if the witness can.
  /// - Requires: `work` has no steps before and after its iterations.
  func observe(_ work: TeamWork, _ look: CacheLook = .nothing) -> (TeamTiming, Evidence) {
    var work = work
    let caches = if case .buffers = look { caches } else { nil as CacheReading? }
    // Counters innermost, so that they count the least of what the other readings cost.
    work.before = { [records, burst, counters, status] worker in
      records.all[worker].burst = burst.run()
      caches?.read(worker)
      records.all[worker].before = status(worker)
      counters?.begin(worker)
    }
    work.after = { [records, counters, status] worker in
      counters?.end(worker)
      records.all[worker].after = status(worker)
      caches?.read(worker)
    }
    let timing = team.run(work)
    var evidence = evidence(computing: work.workers ?? team.threads)
    evidence.executions = work.warmUp + work.iterations
    evidence.cacheRate = caches?.rate
    if case .weights(let weights) = look {
      evidence.cacheRate = rate(of: weights)
      evidence.isOfWeights = true
    }
    best.add(evidence.peak)
    return (timing, evidence)
  }

  /// Why events that the machine can count are not counted of this team; empty as a rule.
  var counterFailures: [CounterFailure] { counters?.failures ?? [] }

  /// Runs a burst and nothing after it, for what computes elsewhere, on the same CPUs.
  func observeIdle(readsCaches: Bool = false) -> Evidence {
    observe(TeamWork(warmUp: 0, iterations: 1) { _ in }, readsCaches ? .buffers : .nothing).1
  }

  /// The rate at which the team reads weights, in GB/s: all bytes, from the release to the last worker's end.
  ///
  /// In a run of its own, so that it is timed as the sample is, fork and join included: where the sample ends, workers would
  /// begin apart, by the microseconds that their other evidence takes. And all meet before the clock starts: a worker that
  /// waited for its CPU longer than the others spin would otherwise find them asleep.
  func rate(of weights: WeightReading) -> Double {
    let probes = burst.probes
    let timing = team.run(
      TeamWork(before: { _ in }, warmUp: weights.warmUp, iterations: 1) { worker in weights.read(worker, with: probes) }
    )
    return weights.rate(nanoseconds: timing.total)
  }

  /// What the caches give after something else computed on the same CPUs, in GB/s; nil if the witness cannot see it.
  func cacheRate() -> Double? {
    guard let caches else { return nil }
    _ = team.run(warmUp: 0, iterations: 1) { caches.read($0) }
    return caches.rate
  }

  /// What the records say of a sample that the first `computing` workers had a part in.
  private func evidence(computing: Int) -> Evidence {
    var evidence = Evidence(peak: 0, burstNanoseconds: 0, clockGHz: 0)
    for record in records.all {
      evidence.peak += burst.flops / Double(max(1, record.burst.multiplyAdds))
      evidence.burstNanoseconds = max(evidence.burstNanoseconds, Double(record.burst.multiplyAdds))
      evidence.clockGHz += burst.cycles / Double(max(1, record.burst.chain)) / Double(records.all.count)
    }
    // Unpinned, a worker is not one thread: nothing can be said of it.
    guard type(of: team).kind.isPinned else { return evidence }
    evidence.add(records.all.map { ($0.before, $0.after) }, computing: computing)
    evidence.counts = counters?.counts ?? EventCounts()
    return evidence
  }
}

/// What was seen of a team's workers during one sample.
public struct Evidence: Sendable, Hashable, Codable {
  /// The rate of the burst before the sample, all workers together, in GFLOP/s.
  public var peak: Double
  /// The slowest worker's burst, in nanoseconds.
  public var burstNanoseconds: Double
  /// The clock of the workers' cores before the sample, on average, in GHz.
  public var clockGHz: Double
  /// How long workers that have a part waited for a CPU, all together, in nanoseconds; nil where it is not known.
  public var runDelay: Int64?
  /// How often a worker that has a part lost its CPU; nil where it is not known.
  public var involuntarySwitches: Int64?
  /// How many workers ended on another CPU than they began on; nil where it is not known.
  public var migrations: Int64?
  /// Pages that workers touched and that were not mapped, all together; nil where it is not known.
  public var pageFaults: Int64?
  /// Executions that the evidence is of: the timed ones, and the warm-up before them.
  public var executions = 1
  /// What the workers' counters counted, all together, waiting for each other included.
  public var counts = EventCounts()
  /// The CPUs on which the workers ended, in their order; empty where they are not known.
  public var cpus: [Int] = []
  /// Time that the hypervisor took from the team's CPUs during the round, in nanoseconds; nil where it is not known.
  public var steal: Int64?
  /// What the caches gave after the sample, in GB/s; nil if it was not looked at. It comes from the level that the case
  /// works from: the rate of the slowest worker's small buffer, or, if ``isOfWeights`` says so, that at which all workers
  /// together read the case's own weights.
  public var cacheRate: Double?
  /// Whether ``cacheRate`` is of the weights that the kernel reads.
  public var isOfWeights = false
  /// The bandwidth that the weights had after the sample, in GB/s; nil if they were not read.
  public var weightRate: Double? { isOfWeights ? cacheRate : nil }
  /// Whether the threads are a library's, which may sleep and wake within a sample: then ``runDelay`` holds what waking
  /// took, which is the library's own doing.
  public var threadsSleep = false
}

extension Evidence {
  /// Adds what the kernel did to the workers of a pinned team, by each thread's status before the sample and after it.
  ///
  /// Only the first `computing` workers can be kept waiting for a CPU. The others sleep while these compute, and what it
  /// takes to wake them after the sample, microseconds, is longer than a sample's tolerated delay.
  mutating func add(_ statuses: [(before: ThreadStatus, after: ThreadStatus)], computing: Int) {
    let computed = statuses.prefix(computing)
    runDelay = Self.growth(\.runDelay, computed)
    involuntarySwitches = Self.growth(\.involuntarySwitches, computed)
    pageFaults = Self.growth(\.pageFaults, statuses[...])
    migrations = Self.sum(statuses[...]) { before, after in
      guard let b = before.cpu, let a = after.cpu else { return nil }
      return a == b ? 0 : 1
    }
    cpus = statuses.compactMap(\.after.cpu)
  }

  private static func growth(
    _ count: KeyPath<ThreadStatus, Int64?>, _ statuses: ArraySlice<(before: ThreadStatus, after: ThreadStatus)>
  ) -> Int64? {
    sum(statuses) { before, after in
      guard let b = before[keyPath: count], let a = after[keyPath: count] else { return nil }
      return a - b
    }
  }

  /// The sum over all workers; nil if it is not known of one of them.
  private static func sum(
    _ statuses: ArraySlice<(before: ThreadStatus, after: ThreadStatus)>,
    _ difference: (ThreadStatus, ThreadStatus) -> Int64?
  ) -> Int64? {
    var total: Int64 = 0
    for (before, after) in statuses {
      guard let value = difference(before, after) else { return nil }
      total += value
    }
    return total
  }
}

/// Why a round is not clean.
public enum Taint: String, Sendable, Hashable, Codable, CaseIterable {
  /// Workers waited for a CPU for longer than a thousandth of the sample; or lost one, where the kernel does not tell for
  /// how long. Kernel threads interrupt everybody for microseconds: that is part of the machine. A library's thread that
  /// sleeps waits too when it wakes, so there it counts only if a thread also lost its CPU.
  case descheduled
  /// A worker moved to another CPU.
  case migrated
  /// The hypervisor ran something else.
  case stolen
  /// The burst beside the sample was more than 5 % slower than the best of the run on these CPUs: the 90th percentile.
  case slow
  /// The caches gave a small buffer, or the case's own weights, after the sample at less than half the rate of the best
  /// rounds of the case: the 90th percentile.
  case contended

  /// A burst that is slower than the best by more than this part taints its round.
  public static let slowest = 0.05
  /// A reading of the caches that is slower than the best by more than this part taints its round. It takes microseconds,
  /// and in the L3 cache scatters by tens of percent from round to round: at 15 %, three quarters of all rounds were tainted
  /// on a machine on which other programs ran.
  public static let slowestCache = 0.5
  /// A run delay that is longer than this part of the sample taints its round.
  public static let longestDelay = 0.001

  /// The taints of a sample that lasted `nanoseconds`; `best` is the run's best burst rate on these CPUs, and `bestCache` the
  /// best rate of the caches beside the case.
  public static func of(
    _ evidence: Evidence, nanoseconds: Double, best: Double, bestCache: Double = 0
  ) -> Set<Taint> {
    var taints: Set<Taint> = []
    if let delay = evidence.runDelay {
      let isOwnDoing = evidence.threadsSleep && evidence.involuntarySwitches == 0
      if Double(delay) > nanoseconds * longestDelay && !isOwnDoing { taints.insert(.descheduled) }
    } else if evidence.involuntarySwitches ?? 0 > 0 {
      taints.insert(.descheduled)
    }
    if evidence.migrations ?? 0 > 0 { taints.insert(.migrated) }
    if evidence.steal ?? 0 > 0 { taints.insert(.stolen) }
    if evidence.peak < best * (1 - slowest) { taints.insert(.slow) }
    if let rate = evidence.cacheRate, rate < bestCache * (1 - slowestCache) { taints.insert(.contended) }
    return taints
  }
}
