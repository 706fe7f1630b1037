/// A distribution-free confidence interval of a population's median, between values of the sample.
///
/// Whatever continuous distribution the values come from, each lies below its median with probability ½. So the number
/// of values below it is B ~ Binomial(n, ½), and the interval from the j-th smallest to the j-th largest value misses
/// the median only if B < j or B > n − j:
///
///     coverage(j) = 1 − 2·P(B ≤ j − 1) = 1 − 2·Σᵢ₌₀ʲ⁻¹ C(n, i)·2⁻ⁿ
///
/// No j has a coverage of just 95 %; that of eight values is 99.2 or 93.0. So the bounds lie between two neighbouring
/// values, where the rule of Hettmansperger and Sheather puts them: with the greatest j whose coverage γ reaches the
/// confidence c, and γ′ that of j + 1, each bound is the part λ of the way from the j-th value to the next one inwards,
///
///     I = (γ − c) / (γ − γ′),    λ = (n − j)·I / (j + (n − 2j)·I)
///
/// which is right within a percent for symmetric and for skewed distributions alike. The exception is a median in a trough
/// between two modes, where there is no density to interpolate in: seven values then cover it 90 % of the time, twenty and
/// more 94. Values with ties (a coarse clock) only raise the coverage.
///
/// The values must be independent, or `inflation` must say how much they are not.
///
/// T. P. Hettmansperger and S. J. Sheather, "Confidence intervals based on interpolated order statistics", Statistics &
/// Probability Letters 4 (1986); J. L. Nyblom, ibid. 14 (1992); G. J. Hahn and W. Q. Meeker, "Statistical Intervals",
/// Wiley 1991; J.-Y. Le Boudec, "Performance Evaluation of Computer and Communication Systems", EPFL Press 2010.
public struct MedianInterval: Sendable, Hashable {
  /// The lower bound: between the values of ranks ``rank`` and ``rank`` + 1 from below.
  public let lower: Double
  /// The upper bound: between the values of the same ranks from above.
  public let upper: Double
  /// How many values are at or outside each bound: j of the formula, at least 1.
  public let rank: Int
  /// The probability that the interval covers the median: the confidence that was asked for, or less where the whole
  /// range of dependent values does not reach it.
  public let coverage: Double

  /// The interval of `sample`.
  ///
  /// - Parameters:
  ///   - confidence: the coverage, between 0 and 1, both excluded.
  ///   - inflation: by what factor dependence multiplies the variance of the median; see
  ///     ``SerialDependence/inflation(_:)``. The interval is that of independent values at the confidence whose normal
  ///     quantile is √inflation times as large, or at most their whole range.
  /// - Returns: nil if even the whole range of independent values does not reach the confidence. 0.95 takes six values.
  /// - Precondition: `inflation` is at least 1.
  /// - Complexity: O(*n*)
  public init?(of sample: OrderedSample, confidence: Double = 0.95, inflation: Double = 1) {
    precondition(inflation >= 1, "dependence never adds information")
    let count = sample.count
    guard Self.rank(count: count, confidence: confidence) != nil else { return nil }
    let root = inflation.squareRoot()
    let wanted =
      inflation == 1
      ? confidence
      : 1 - StandardNormal.twoSidedTail(StandardNormal.twoSidedQuantile(1 - confidence) * root)
    guard wanted < 1, let (rank, reached) = Self.rank(count: count, confidence: wanted) else {
      let widest = 1 - Double(sign: .plus, exponent: 1 - count, significand: 1)
      self.rank = 1
      coverage = 1 - StandardNormal.twoSidedTail(StandardNormal.twoSidedQuantile(1 - widest) / root)
      lower = sample.minimum
      upper = sample.maximum
      return
    }
    self.rank = rank
    coverage = confidence
    let outer = (sample.values[rank - 1], sample.values[count - rank])
    // Beyond the middle there is nothing to interpolate with.
    guard 2 * rank < count else {
      (lower, upper) = outer
      return
    }
    let inner = (sample.values[rank], sample.values[count - rank - 1])
    let part = (reached - wanted) / (reached - Self.coverage(count: count, rank: rank + 1))
    let weight = Double(count - rank) * part / (Double(rank) + Double(count - 2 * rank) * part)
    lower = outer.0 + weight * (inner.0 - outer.0)
    upper = outer.1 + weight * (inner.1 - outer.1)
  }

  /// The two-sided p-value of the hypothesis that the median is `value`: 1 − the confidence at which a bound of the
  /// interval is just `value`, so the interval at 1 − p excludes what has a smaller p-value. It is at least 2¹⁻ⁿ before
  /// `inflation`: for a value outside of the sample.
  ///
  /// - Precondition: `inflation` is at least 1.
  public static func pValue(of value: Double, in sample: OrderedSample, inflation: Double = 1) -> Double {
    precondition(inflation >= 1, "dependence never adds information")
    let values = sample.values
    let count = values.count
    let atMost = values.count { $0 <= value }
    let atLeast = values.count { $0 >= value }
    // From the side on which there are fewer. A value of the sample is a bound at its own rank, the innermost of equals.
    let rank = min(atMost, atLeast)
    let isLow = atMost < atLeast
    let least = Double(sign: .plus, exponent: 1 - count, significand: 1)
    let p: Double
    if 2 * rank >= count {
      p = 1
    } else if rank == 0 {
      p = least
    } else {
      let outer = isLow ? values[rank - 1] : values[count - rank]
      let inner = isLow ? values[rank] : values[count - rank - 1]
      let weight = (value - outer) / (inner - outer)
      let part = weight * Double(rank) / (Double(count - rank) - weight * Double(count - 2 * rank))
      let reached = coverage(count: count, rank: rank)
      p = 1 - (reached - part * (reached - coverage(count: count, rank: rank + 1)))
    }
    let bounded = min(1, max(least, p))
    if inflation == 1 || bounded == 1 { return bounded }
    return StandardNormal.twoSidedTail(StandardNormal.twoSidedQuantile(bounded) / inflation.squareRoot())
  }

  /// The greatest rank whose coverage is at least `confidence`, with that coverage; nil if there is none.
  ///
  /// - Precondition: `confidence` lies between 0 and 1, both excluded.
  public static func rank(count: Int, confidence: Double) -> (rank: Int, coverage: Double)? {
    precondition(confidence > 0 && confidence < 1, "a confidence lies between 0 and 1")
    var best: (rank: Int, coverage: Double)?
    forEachRank(count: count) { rank, coverage in
      if coverage < confidence { return false }
      best = (rank, coverage)
      return rank < count / 2
    }
    return best
  }

  /// The coverage between the values of `rank` from below and from above. Beyond the middle, where they change sides, it
  /// is 0 or negative, as interpolation needs it.
  ///
  /// - Precondition: `rank` is positive.
  static func coverage(count: Int, rank: Int) -> Double {
    var found = 1.0
    forEachRank(count: count) { reached, coverage in
      found = coverage
      return reached < rank
    }
    return found
  }

  /// Calls `body` with the ranks from 1 on, each with its coverage, until it returns false or the ranks end.
  ///
  /// The binomial coefficients are summed as they are, without a table or an approximation. Up to n = 50 every term is
  /// an integer that Double holds exactly. Beyond that the terms are rounded, and scaled down together before they
  /// overflow.
  private static func forEachRank(count: Int, _ body: (_ rank: Int, _ coverage: Double) -> Bool) {
    guard count > 1 else { return }
    // term = C(n, i)·2^−scale and sum = Σ C(n, i)·2^−scale over the i that were added so far.
    var term = 1.0
    var sum = 0.0
    var scale = 0
    for i in 0..<count {
      sum += term
      let tail = Double(sign: .plus, exponent: scale - count, significand: sum)
      if !body(i + 1, 1 - 2 * tail) { return }
      term = term * Double(count - i) / Double(i + 1)
      if sum + term > 0x1p500 {
        term *= 0x1p-500
        sum *= 0x1p-500
        scale += 500
      }
    }
  }
}
