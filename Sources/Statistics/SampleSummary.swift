import RealModule

/// What a results row says about the samples of one case.
///
/// All but ``count`` and ``cvPercent`` have the unit of the sample; the lab's are nanoseconds per execution of a layer.
public struct SampleSummary: Sendable, Hashable, Codable {
  /// The number of values.
  public let count: Int
  /// The smallest value.
  public let min: Double
  /// The median.
  public let median: Double
  /// The arithmetic mean.
  public let mean: Double
  /// The 90th percentile, by `OrderedSample.quantile(_:)`.
  public let p90: Double
  /// The median absolute deviation, not scaled.
  public let mad: Double
  /// The coefficient of variation in percent, or nil with fewer than two values or a mean that is not positive.
  public let cvPercent: Double?
  /// The lower bound of the median's 95 % confidence interval, or nil with fewer than six values.
  public let ciLow: Double?
  /// The upper bound of the median's 95 % confidence interval, or nil with fewer than six values.
  public let ciHigh: Double?
  /// The probability that the interval covers the median: 0.95, or less for a few dependent values; nil if there is none.
  public let ciCoverage: Double?

  /// Summarises a sample.
  ///
  /// - Parameters:
  ///   - inflation: by what factor dependence multiplies the variance of the median, at least 1; see ``SerialDependence``.
  ///   - relativeHalfWidth: how far the interval reaches at least, as the logarithm of the factor between a bound and the
  ///     median; see ``VisitSpread``.
  public init(_ sample: OrderedSample, inflation: Double = 1, relativeHalfWidth: Double = 0) {
    let interval = MedianInterval(of: sample, inflation: inflation)
    count = sample.count
    min = sample.minimum
    median = sample.median
    mean = sample.mean
    p90 = sample.quantile(0.9)
    mad = sample.medianAbsoluteDeviation
    cvPercent = sample.coefficientOfVariationPercent
    let factor = Double.exp(relativeHalfWidth)
    ciLow = (interval?.lower).map { factor > 1 ? Swift.min($0, sample.median / factor) : $0 }
    ciHigh = (interval?.upper).map { factor > 1 ? Swift.max($0, sample.median * factor) : $0 }
    ciCoverage = interval?.coverage
  }

  /// Summarises `values` in the order in which they were measured: it tells how much they depend on one another, which
  /// widens the interval. Nothing else depends on the order.
  ///
  /// - Returns: nil if `values` is empty or holds a NaN or an infinity.
  public init?(_ values: [Double]) {
    guard let sample = OrderedSample(values) else { return nil }
    self.init(sample, inflation: SerialDependence.inflation(values))
  }

  /// Summarises positive `values` in the order in which they were measured, in several visits: where those differ, the
  /// interval is at least as wide as their difference makes it, which may be beyond the smallest and the largest value.
  ///
  /// - Returns: nil if `values` is empty, or one is not finite and positive.
  /// - Precondition: there are as many visits as values.
  public init?(_ values: [Double], visits: [Int]) {
    guard values.allSatisfy({ $0 > 0 }), let sample = OrderedSample(values) else { return nil }
    let spread = VisitSpread(ofTimes: values, visits: visits)
    self.init(sample, inflation: SerialDependence.inflation(values), relativeHalfWidth: spread?.halfWidth ?? 0)
  }

  /// Summarises positive `values` as if the visits that they were measured in did not differ: their interval is what more
  /// values of the same visits could still narrow.
  ///
  /// - Returns: nil if `values` is empty, or one is not finite and positive.
  /// - Precondition: there are as many visits as values.
  public init?(withinVisits values: [Double], visits: [Int]) {
    guard values.allSatisfy({ $0 > 0 }) else { return nil }
    let logarithms = values.map { Double.log($0) }
    guard let spread = VisitSpread(logarithms, visits: visits) else {
      self.init(values)
      return
    }
    self.init(spread.withoutDifferences(logarithms, visits: visits).map { .exp($0) })
  }

  /// The larger distance of a bound of the interval from the median, as a fraction of the median: 0.02 is ±2 %.
  ///
  /// nil while there is no interval. This is what a stop rule compares with the precision that was asked for.
  public var relativeHalfWidth: Double? {
    guard let ciLow, let ciHigh else { return nil }
    return Self.relativeHalfWidth(median: median, low: ciLow, high: ciHigh)
  }

  /// The larger distance of `low` or `high` from `median`, as a fraction of `median`; nil if `median` is not positive.
  public static func relativeHalfWidth(median: Double, low: Double, high: Double) -> Double? {
    guard median > 0 else { return nil }
    return Swift.max(median - low, high - median) / median
  }
}
