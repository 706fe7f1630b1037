import RealModule

/// The ratio of two medians that were measured apart from one another: in two runs.
///
/// Each median brings its own interval, which assumes no distribution; the interval of the ratio follows from the two by
/// the method of variance estimates recovery: with a = ln of the numerator's median, bounds l and u, and b for the
/// denominator's, the bounds of a − b are
///
///     a − b − √((a − lₐ)² + (u_b − b)²)    and    a − b + √((uₐ − a)² + (b − l_b)²)
///
/// It is right for many rounds, on the wide side for few (98 % instead of 95 with twenty rounds a side), and keeps the
/// asymmetry of each side. Nothing is resampled, so it needs only what a
/// row of results holds.
///
/// Intervals within a run know nothing of what differs between runs: the place of buffers in memory, the clock of the
/// day, a neighbour. Such a difference is a property of the two processes, and more rounds do not average it. A
/// `noiseFloor` stands for it: see ``noiseFloor(of:)``.
///
/// G. Y. Zou and A. Donner, Statistics in Medicine 27 (2008); D. G. Bonett and R. M. Price, Journal of Educational and
/// Behavioral Statistics 45 (2020), for medians; T. Kalibera and R. Jones, "Rigorous benchmarking in reasonable time",
/// ISMM 2013, on variance between processes.
public struct IndependentRatio: Sendable, Hashable {
  /// A median with its 95 % interval.
  public struct Median: Sendable, Hashable {
    /// The median.
    public let value: Double
    /// The lower bound.
    public let lower: Double
    /// The upper bound.
    public let upper: Double

    /// - Returns: nil unless 0 < `lower` ≤ `value` ≤ `upper` < ∞.
    public init?(_ value: Double, lower: Double, upper: Double) {
      guard lower > 0, lower <= value, value <= upper, upper.isFinite else { return nil }
      self.value = value
      self.lower = lower
      self.upper = upper
    }

    /// - Returns: nil if the summary has no interval, or not all of it is positive.
    public init?(_ summary: SampleSummary) {
      guard let low = summary.ciLow, let high = summary.ciHigh else { return nil }
      self.init(summary.median, lower: low, upper: high)
    }
  }

  /// Numerator's median ÷ denominator's median.
  public let estimate: RatioEstimate

  /// Compares two medians.
  ///
  /// - Parameter noiseFloor: by what factor less one two runs of the same thing may differ, in 95 % of the cases, beyond
  ///   what their intervals know: 0.02 for 2 %. Its logarithm is added to the bounds as the root of the sum of squares.
  /// - Precondition: `noiseFloor` is finite and not negative.
  public init(_ numerator: Median, over denominator: Median, noiseFloor: Double = 0) {
    precondition(noiseFloor >= 0 && noiseFloor.isFinite, "a noise floor is a positive part, or 0")
    let floor = Double.log(onePlus: noiseFloor)
    let (a, b) = (Double.log(numerator.value), Double.log(denominator.value))
    func length(_ one: Double, _ other: Double) -> Double {
      (one * one + other * other + floor * floor).squareRoot()
    }
    estimate = RatioEstimate(
      logarithm: a - b,
      below: length(a - Double.log(numerator.lower), Double.log(denominator.upper) - b),
      above: length(Double.log(numerator.upper) - a, b - Double.log(denominator.lower)))
  }

  /// The noise floor that ratios of equal things show: the factor less one within which 95 % of them lie, in either
  /// direction.
  ///
  /// From replicas in one run it is what comparisons within a run cannot see; from the ratios of the same cases in two
  /// runs, what comparisons between runs cannot.
  ///
  /// - Returns: nil if `ratios` is empty, or holds one that is not finite and positive.
  public static func noiseFloor(of ratios: [Double]) -> Double? {
    guard ratios.allSatisfy({ $0 > 0 && $0.isFinite }) else { return nil }
    return OrderedSample(ratios.map { abs(Double.log($0)) }).map { Double.expMinusOne($0.quantile(0.95)) }
  }
}
