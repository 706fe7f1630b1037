import RealModule

/// The ratio of the times of two variants that were measured in the same interleaved rounds.
///
/// Within a round, both variants meet the machine at nearly the same moment: a clock that falls, or a neighbour that
/// arrives, multiplies both times by nearly the same factor, and the logarithm of their ratio does not see it. Two
/// separate intervals do: under drift, each covers its own luck. So the ratio of every round is taken first, and the
/// median over the rounds afterwards, with the interval of ``MedianInterval``: it assumes neither a shape nor symmetry,
/// and a tenth of wild rounds moves it little. What dependence of successive rounds pairing leaves is allowed for by
/// ``SerialDependence``.
///
/// The estimate is the median of the ratios, not the ratio of the medians; the two differ only where the noises of the
/// variants have different shapes. Tried: the Hodges–Lehmann estimate with its signed-rank interval, which is up to a
/// fifth narrower for Gaussian noise, but claims symmetry: where one variant alone has a tail, its interval moves away
/// from the median as rounds are added.
///
/// What the two differ by may itself differ between visits, for each visit has other pages: see ``VisitSpread``.
///
/// T. Kalibera and R. Jones, "Rigorous benchmarking in reasonable time", ISMM 2013, on why variants are to be
/// interleaved; W. J. Conover, "Practical Nonparametric Statistics", Wiley 1999, on the sign test of pairs.
public struct PairedRatio: Sendable, Hashable {
  /// A time of one variant.
  public struct Sample: Sendable, Hashable {
    /// The round.
    public var round: Int
    /// The time of one execution, in any unit that both variants share.
    public var time: Double
    /// Whether nothing disturbed the round.
    public var isClean: Bool
    /// The visit that the round belongs to.
    public var visit: Int

    /// A time in a round.
    public init(round: Int, time: Double, isClean: Bool = true, visit: Int = 0) {
      self.round = round
      self.time = time
      self.isClean = isClean
      self.visit = visit
    }
  }

  /// Numerator's time ÷ denominator's time.
  public let estimate: RatioEstimate
  /// How many rounds count.
  public let rounds: Int
  /// Whether these are the rounds that were clean for both, or else, for want of enough of them, all.
  public let isOfCleanRounds: Bool

  /// Compares the rounds in which both variants were measured.
  ///
  /// - Parameters:
  ///   - minimumClean: that many rounds which are clean for both count alone.
  /// - Returns: nil if fewer than six rounds have both, if a round occurs twice in one of the two, or if a time is not
  ///   finite and positive.
  /// - Precondition: `minimumClean` is at least 6.
  public init?(_ numerator: [Sample], over denominator: [Sample], minimumClean: Int = 6) {
    precondition(minimumClean >= 6, "fewer rounds have no 95 % interval")
    var others: [Int: Sample] = [:]
    for sample in denominator {
      guard others.updateValue(sample, forKey: sample.round) == nil else { return nil }
    }
    guard Set(numerator.map(\.round)).count == numerator.count else { return nil }
    guard (numerator + denominator).allSatisfy({ $0.time > 0 && $0.time.isFinite }) else { return nil }
    let pairs = numerator.sorted { $0.round < $1.round }.compactMap { sample in
      others[sample.round].map { other in
        (
          logarithm: Double.log(sample.time) - Double.log(other.time), isClean: sample.isClean && other.isClean,
          visit: sample.visit
        )
      }
    }
    let clean = pairs.filter(\.isClean)
    isOfCleanRounds = clean.count >= minimumClean
    let counted = isOfCleanRounds ? clean : pairs
    let logarithms = counted.map(\.logarithm)
    rounds = logarithms.count
    let inflation = SerialDependence.inflation(logarithms)
    guard let sample = OrderedSample(logarithms), let interval = MedianInterval(of: sample, inflation: inflation) else {
      return nil
    }
    let p = MedianInterval.pValue(of: 0, in: sample, inflation: inflation)
    guard let spread = VisitSpread(logarithms, visits: counted.map(\.visit)) else {
      estimate = RatioEstimate(
        logarithm: sample.median, lower: interval.lower, upper: interval.upper, pValue: p)
      return
    }
    // Whichever of the two is wider on a side, so that 1 is excluded where both exclude it.
    estimate = RatioEstimate(
      logarithm: sample.median, lower: min(interval.lower, sample.median - spread.halfWidth),
      upper: max(interval.upper, sample.median + spread.halfWidth),
      pValue: max(p, spread.pValue(distance: sample.median)))
  }
}
