public import Statistics

/// When a case has been measured enough.
public struct StopRule: Sendable, Hashable {
  /// The half width of the median's 95 % interval that is enough, in percent of the median.
  public var precisionPercent: Double
  /// The time to spend on a case, in seconds, warm-up included.
  public var maxTime: Double
  /// Rounds that are measured whatever they take: fewer have no 95 % interval of the median.
  public var minimumRounds: Int

  /// The design's defaults: ±2 %, one second.
  public init(precisionPercent: Double = 2, maxTime: Double = 1, minimumRounds: Int = 6) {
    self.precisionPercent = precisionPercent
    self.maxTime = maxTime
    self.minimumRounds = minimumRounds
  }

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
