public import Statistics
public import Teams

/// How one case ended.
public struct CaseResult: Sendable {
  /// The layer and its suite.
  public let group: CaseGroup
  /// The case.
  public let item: Case
  /// What each worker computed; nil if the case was not run.
  public var division: Division?
  /// What became of it.
  public var outcome: Outcome
  /// What checking showed; nil if the case was not run.
  public var verification: Verification?
  /// The time that packing the weights took once, in nanoseconds; nil for a kernel that packs none.
  public var prepareNanoseconds: UInt64?
  /// Where the pages of its buffers lie; nil if no policy of memory was asked for, or it was not measured.
  public var pages: PageSurvey?
  /// What a reader should know besides the numbers: of a peer, what the library is and what it chose.
  public var remarks: [String] = []
  /// The CPUs where a peer's threads were, if they left those of the placement.
  public var strayCPUs: [Int]?

  /// What became of a case.
  public enum Outcome: Sendable {
    /// It was measured.
    case measured(Measurement)
    /// It was checked and is wrong: it has no speed.
    case incorrect
    /// It was not run, for the reason given.
    case skipped(String)
    /// It could not be run, for the reason given.
    case failed(String)
  }
}

/// The samples of a case and what follows from them.
public struct Measurement: Sendable {
  /// Every sample, in the order in which they were taken.
  public var samples: [Sample]
  /// Executions of the layer in one sample.
  public var iterations: Int
  /// Why measuring stopped.
  public var stop: StopRule.Reason
  /// The median over the rounds of how much longer the slowest worker computed than the mean, in percent; nil where
  /// workers cannot be told apart, or there is one.
  public var imbalancePercent: Double?
  /// Times of one execution over all rounds, in nanoseconds.
  public var all: SampleSummary
  /// Times of one execution over the clean rounds, in nanoseconds; nil if too few are clean to have an interval.
  public var clean: SampleSummary?
  /// The rounds that count as if visits did not differ: what more rounds in the same visits could narrow.
  public var within: SampleSummary
  /// By how much visits differ beyond what their rounds explain, as logarithms of times; nil if they agree, or there is one.
  public var visitSpread: VisitSpread?
  /// The median rate of the bursts beside the rounds that count, in GFLOP/s.
  public var peak: Double
  /// The median bandwidth of the case's own weights beside the rounds that count, in GB/s; nil if they were not read.
  public var weightRate: Double?
  /// The median clock beside the rounds that count, in GHz.
  public var clockGHz: Double
  /// Instructions that a cycle retired, the median over the rounds that count; nil where they were not counted.
  public var instructionsPerCycle: Double?
  /// The clock by the cycles that were counted during the samples, in GHz, the median over the rounds that count; nil where
  /// they were not counted. It checks ``clockGHz``, which was measured before the samples.
  public var countedClockGHz: Double?
  /// Why events that the machine can count were not counted of these workers; empty as a rule.
  public var counterFailures: [CounterFailure] = []
  /// The layer's limit under that peak; nil if the bandwidth that it takes was not measured.
  public var roofline: Roofline?

  /// The summary that counts: that of the clean rounds, or else of all.
  public var summary: SampleSummary { clean ?? all }
  /// How many rounds are clean.
  public var cleanCount: Int { samples.count { $0.taints.isEmpty } }

  /// One round's sample.
  public struct Sample: Sendable, Hashable {
    /// The round, from 0.
    public var round: Int
    /// The place of the case in the round's order, from 0.
    public var position: Int
    /// The time of one execution, in nanoseconds.
    public var nanoseconds: Double
    /// What was seen of the workers meanwhile.
    public var evidence: Evidence
    /// Why the round is not clean.
    public var taints: Set<Taint>
    /// The visit of the layer that the round belongs to, from 0.
    public var visit = 0
  }

  /// Summarises samples, of which there is at least one. At least `minimumClean` clean rounds count alone.
  init(
    _ samples: [Sample], iterations: Int, stop: StopRule.Reason, imbalancePercent: Double?, minimumClean: Int
  ) {
    self.samples = samples
    self.iterations = iterations
    self.stop = stop
    self.imbalancePercent = imbalancePercent
    all = Self.summary(samples)
    let undisturbed = samples.filter(\.taints.isEmpty)
    clean = undisturbed.count >= minimumClean ? Self.summary(undisturbed) : nil
    let counted = clean == nil ? samples : undisturbed
    let (times, visits) = (counted.map(\.nanoseconds), counted.map(\.visit))
    within = Self.known(SampleSummary(withinVisits: times, visits: visits))
    visitSpread = VisitSpread(ofTimes: times, visits: visits)
    peak = Self.known(SampleSummary(counted.map(\.evidence.peak))).median
    weightRate = SampleSummary(counted.compactMap(\.evidence.weightRate))?.median
    clockGHz = Self.known(SampleSummary(counted.map(\.evidence.clockGHz))).median
    instructionsPerCycle = SampleSummary(counted.compactMap(\.evidence.counts.instructionsPerCycle))?.median
    countedClockGHz = SampleSummary(counted.compactMap(\.evidence.counts.clockGHz))?.median
  }

  private static func summary(_ samples: [Sample]) -> SampleSummary {
    known(SampleSummary(samples.map(\.nanoseconds), visits: samples.map(\.visit)))
  }

  private static func known(_ summary: SampleSummary?) -> SampleSummary {
    guard let summary else {
      preconditionFailure("a clock gives finite times above 0, and at least one round was measured")
    }
    return summary
  }
}
