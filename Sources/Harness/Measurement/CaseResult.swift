public import Statistics

/// How one case ended.
public struct CaseResult: Sendable {
  /// The layer and its suite.
  public let group: CaseGroup
  /// The case.
  public let item: Case
  /// What became of it.
  public var outcome: Outcome
  /// What checking showed; nil if the case was not run.
  public var verification: Verification?
  /// The time that packing the weights took once, in nanoseconds; nil for a kernel that packs none.
  public var prepareNanoseconds: UInt64?

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
  /// Times of one execution, in nanoseconds.
  public var summary: SampleSummary
  /// Why measuring stopped.
  public var stop: StopRule.Reason
  /// The median over the rounds of how much longer the slowest worker computed than the mean, in percent; nil where
  /// workers cannot be told apart, or there is one.
  public var imbalancePercent: Double?

  /// One round's sample.
  public struct Sample: Sendable, Hashable {
    /// The round, from 0.
    public var round: Int
    /// The place of the case in the round's order, from 0.
    public var position: Int
    /// The time of one execution, in nanoseconds.
    public var nanoseconds: Double
  }
}
