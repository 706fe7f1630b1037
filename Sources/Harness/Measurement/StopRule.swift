public import Statistics

/// When a case has been measured enough.
public struct StopRule: Sendable, Hashable {
  /// The half width of the median's 95 % interval that is enough, in percent of the median.
  public var precisionPercent: Double
  /// The time to spend on a case, in seconds, warm-up included.
  public var maxTime: Double
  /// Rounds that are measured whatever they take: fewer have no 95 % interval of the median.
  public var minimumRounds: Int
  /// The number of rounds after which the interval is looked at first, unless the time is spent before.
  public var firstLook: Int

  /// The design's defaults: ±2 %, one second.
  public init(
    precisionPercent: Double = 2, maxTime: Double = 1, minimumRounds: Int = 6, firstLook: Int = 20
  ) {
    self.precisionPercent = precisionPercent
    self.maxTime = maxTime
    self.minimumRounds = minimumRounds
    self.firstLook = firstLook
  }

  /// The number of rounds at which the interval is looked at after `count`: twice as many.
  ///
  /// Whoever stops as soon as an interval is narrow stops where it is narrow by chance, and such intervals miss the
  /// median more often than they say. The more looks, and the fewer rounds at the first, the worse: looking from six
  /// rounds on, and again after each tenth part more, 95 % intervals covered in 91 % of the simulations of noise between
  /// 2 and 6 %; from 20 rounds on, and then at twice as many, in at least 93.5 %. Steps of a half, from 16 rounds on,
  /// gave 92.5 %, and jumps to the rounds that the present width asks for were no better than doubling.
  public func look(after count: Int) -> Int { max(firstLook, 2 * count) }

  /// Why measuring stopped.
  public enum Reason: String, Sendable, Hashable, Codable {
    /// The interval is narrow enough.
    case precision
    /// The time is spent.
    case time
    /// The user interrupted the run.
    case interrupted
  }

  /// Whether to stop after `summary`, of all rounds so far, that took `seconds`.
  public func reasonToStop(_ summary: SampleSummary, seconds: Double) -> Reason? {
    if summary.count < minimumRounds { return nil }
    if let width = summary.relativeHalfWidth, width * 100 <= precisionPercent { return .precision }
    return seconds >= maxTime ? .time : nil
  }
}
