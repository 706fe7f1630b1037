/// A sample of finite numbers in ascending order, from which every order statistic can be read.
///
/// Everything is computed from the sorted values, so a result does not depend, not even in its last bit, on the order
/// in which the values were measured. A location or scale measure has the unit of the values.
public struct OrderedSample: Sendable, Hashable {
  /// The values, ascending. Never empty, all finite.
  public let values: [Double]

  /// Sorts `values`.
  ///
  /// - Returns: nil if `values` is empty or holds a NaN or an infinity: no statistic of such a sample means anything.
  /// - Complexity: O(*n* log *n*)
  public init?(_ values: [Double]) {
    guard !values.isEmpty, values.allSatisfy(\.isFinite) else { return nil }
    self.values = values.sorted()
  }

  /// The number of values.
  public var count: Int { values.count }

  /// The smallest value.
  public var minimum: Double { values[0] }

  /// The largest value.
  public var maximum: Double { values[values.count - 1] }

  /// The arithmetic mean.
  public var mean: Double {
    // Summed as deviations from the median: the partial sums stay small, so little is lost to rounding, and a sample
    // of equal values has exactly that value as its mean.
    let centre = median
    return centre + values.reduce(0) { $0 + ($1 - centre) } / Double(count)
  }

  /// The middle value, or the mean of the two middle values.
  public var median: Double { quantile(0.5) }

  /// The quantile of probability `p`: Hyndman and Fan's type 7, the default of R, NumPy and Julia.
  ///
  /// With h = (n − 1)·p counted from the smallest value, it interpolates linearly between the values at ⌊h⌋ and
  /// ⌊h⌋ + 1. The quantile of 0 is the minimum, of 1 the maximum, of ½ the usual median.
  ///
  /// R. J. Hyndman and Y. Fan, "Sample Quantiles in Statistical Packages", The American Statistician 50 (1996).
  ///
  /// - Precondition: 0 ≤ `p` ≤ 1.
  /// - Complexity: O(1)
  public func quantile(_ p: Double) -> Double {
    precondition(p >= 0 && p <= 1, "the probability of a quantile lies in 0...1")
    let position = Double(count - 1) * p
    let lower = Int(position)
    guard lower + 1 < count else { return values[count - 1] }
    return values[lower] + (position - Double(lower)) * (values[lower + 1] - values[lower])
  }

  /// The median absolute deviation: the median of |x − median|, not scaled to the standard deviation of a normal
  /// distribution (that would be × 1.4826).
  public var medianAbsoluteDeviation: Double {
    let centre = median
    let deviations = values.map { abs($0 - centre) }.sorted()
    let middle = deviations.count / 2
    if deviations.count.isMultiple(of: 2) { return (deviations[middle - 1] + deviations[middle]) / 2 }
    return deviations[middle]
  }

  /// The standard deviation with n − 1 degrees of freedom, or nil if there are fewer than two values.
  public var standardDeviation: Double? {
    guard count > 1 else { return nil }
    let centre = mean
    let squares = values.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
    return (squares / Double(count - 1)).squareRoot()
  }

  /// The coefficient of variation in percent: 100 × standard deviation ÷ mean.
  ///
  /// nil if there are fewer than two values, or if the mean is not positive.
  public var coefficientOfVariationPercent: Double? {
    guard let deviation = standardDeviation, mean > 0 else { return nil }
    return 100 * deviation / mean
  }
}
