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

  /// What holds at the end of visit `visit`, counted from 0, of `visits`: the visits so far have their part of the time and
  /// of the rounds, and the interval that as many rounds in every visit would bring to the precision that is wanted.
  func part(_ visit: Int, of visits: Int) -> StopRule {
    let share = Double(visit + 1) / Double(visits)
    var rule = self
    rule.precisionPercent /= share.squareRoot()
    rule.maxTime *= share
    rule.minimumRounds = Int((Double(minimumRounds) * share).rounded(.up))
    rule.firstLook = Int((Double(firstLook) * share).rounded(.up))
    return rule
  }

  /// Why measuring stopped.
  public enum Reason: String, Sendable, Hashable, Codable {
    /// The interval is narrow enough.
    case precision
    /// The rounds of each visit are precise, but visits differ: more rounds would not narrow the interval.
    case visits
    /// The time is spent.
    case time
    /// The user interrupted the run, or an error ended it.
    case interrupted
  }

  /// Whether to stop after `summary`, of all rounds so far, that took `seconds`; `within` is the same without what visits
  /// differ by.
  public func reasonToStop(_ summary: SampleSummary, within: SampleSummary? = nil, seconds: Double) -> Reason? {
    if summary.count < minimumRounds { return nil }
    if isPrecise(summary) { return .precision }
    if let within, isPrecise(within) { return .visits }
    return seconds >= maxTime ? .time : nil
  }

  /// Whether the interval of `summary` is narrow enough; it is not if there is none.
  func isPrecise(_ summary: SampleSummary) -> Bool {
    summary.relativeHalfWidth.map { $0 * 100 <= precisionPercent } ?? false
  }
}
