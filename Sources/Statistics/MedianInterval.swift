/// A distribution-free confidence interval of a population's median, bounded by two values of the sample.
///
/// Whatever continuous distribution the values come from, each lies below its median with probability ½. So the number
/// of values below it is B ~ Binomial(n, ½), and the interval from the j-th smallest to the j-th largest value misses
/// the median only if B < j or B > n − j:
///
///     coverage(j) = 1 − 2·P(B ≤ j − 1) = 1 − 2·Σᵢ₌₀ʲ⁻¹ C(n, i)·2⁻ⁿ
///
/// The interval takes the greatest j whose coverage reaches the confidence that was asked for, so it is the shortest
/// of the symmetric ones, and it covers at least as often as it says. Values with ties (a coarse clock) only raise the
/// coverage. The values must be independent; rounds that are measured apart are nearer to that than a burst is.
///
/// G. J. Hahn and W. Q. Meeker, "Statistical Intervals", Wiley 1991; J.-Y. Le Boudec, "Performance Evaluation of
/// Computer and Communication Systems", EPFL Press 2010, on confidence intervals for the median.
public struct MedianInterval: Sendable, Hashable {
  /// The lower bound: the value of rank ``rank`` from below.
  public let lower: Double
  /// The upper bound: the value of rank ``rank`` from above.
  public let upper: Double
  /// How many values are at or outside each bound: j of the formula, at least 1.
  public let rank: Int
  /// The probability that the interval covers the median; at least the confidence that was asked for.
  public let coverage: Double

  /// The interval of `sample`.
  ///
  /// - Parameter confidence: the least coverage, between 0 and 1, both excluded.
  /// - Returns: nil if even the whole range of the sample does not reach the confidence. 0.95 takes six values.
  /// - Complexity: O(*n*)
  public init?(of sample: OrderedSample, confidence: Double = 0.95) {
    guard let (rank, coverage) = Self.rank(count: sample.count, confidence: confidence) else { return nil }
    self.rank = rank
    self.coverage = coverage
    lower = sample.values[rank - 1]
    upper = sample.values[sample.count - rank]
  }

  /// The greatest rank whose coverage is at least `confidence`, with that coverage; nil if there is none.
  ///
  /// The binomial coefficients are summed as they are, without a table or an approximation. Up to n = 50 every term is
  /// an integer that Double holds exactly. Beyond that the terms are rounded, and scaled down together before they
  /// overflow.
  ///
  /// - Precondition: `confidence` lies between 0 and 1, both excluded.
  public static func rank(count: Int, confidence: Double) -> (rank: Int, coverage: Double)? {
    precondition(confidence > 0 && confidence < 1, "a confidence lies between 0 and 1")
    guard count > 1 else { return nil }
    // term = C(n, i)·2^−scale and sum = Σ C(n, i)·2^−scale over the i that were added so far.
    var term = 1.0
    var sum = 0.0
    var scale = 0
    var best: (rank: Int, coverage: Double)?
    for i in 0..<(count / 2) {
      sum += term
      let tail = Double(sign: .plus, exponent: scale - count, significand: sum)
      let coverage = 1 - 2 * tail
      if coverage < confidence { break }
      best = (i + 1, coverage)
      term = term * Double(count - i) / Double(i + 1)
      if sum + term > 0x1p500 {
        term *= 0x1p-500
        sum *= 0x1p-500
        scale += 500
      }
    }
    return best
  }
}
