import RealModule

/// A ratio of two times with its 95 % confidence interval, and the p-value of the hypothesis that the two are equal.
///
/// Made by ``PairedRatio``, ``IndependentRatio`` and ``geometricMean(ratios:weights:noiseFloor:)``. The interval excludes 1 just
/// where the p-value is below 0.05, unless a few dependent rounds have no interval of 95 %. Everything is computed with logarithms, so that exchanging the two sides gives the
/// inverse of all three numbers, and the same p-value.
public struct RatioEstimate: Sendable, Hashable, Codable {
  /// The estimate.
  public let value: Double
  /// The lower bound of the 95 % interval.
  public let lower: Double
  /// The upper bound of the 95 % interval.
  public let upper: Double
  /// The probability of an estimate that is at least as far from 1, if the two are equal; between 0 and 1.
  public let pValue: Double

  init(logarithm: Double, lower: Double, upper: Double, pValue: Double) {
    value = .exp(logarithm)
    self.lower = .exp(lower)
    self.upper = .exp(upper)
    self.pValue = pValue
  }

  /// Whether the interval excludes 1 with a confidence of 95 %.
  public var excludesOne: Bool { (lower > 1 || upper < 1) && pValue < 0.05 }

  /// The distance of the estimate from 1 on a logarithmic scale, as a ratio less one: 0.02 for 1.02 and for 1/1.02.
  public var distance: Double { Double.expMinusOne(abs(Double.log(value))) }

  /// The same comparison with the sides exchanged.
  public var inverse: RatioEstimate {
    RatioEstimate(logarithm: -.log(value), lower: -.log(upper), upper: -.log(lower), pValue: pValue)
  }

  /// Bounds at the distances `below` and `above` from a logarithm, as 95 % bounds of a normal distribution on either
  /// side; the p-value is that of the side on which 0 is.
  init(logarithm: Double, below: Double, above: Double) {
    let towardsZero = logarithm > 0 ? below : above
    let p: Double =
      logarithm == 0
      ? 1
      : towardsZero > 0 ? StandardNormal.twoSidedTail(StandardNormal.z95 * abs(logarithm) / towardsZero) : 0
    self.init(logarithm: logarithm, lower: logarithm - below, upper: logarithm + above, pValue: p)
  }
}
