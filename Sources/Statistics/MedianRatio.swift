import RealModule

/// The median of ratios that have something in common, such as those of one kernel on many layers, with a 95 % interval
/// that assumes no distribution.
///
/// Each ratio counts once, whatever its own interval: what layers differ by is part of the spread. A fifth of wild
/// ratios moves neither the median nor its bounds far, where a mean follows each of them.
///
/// - Parameter noiseFloor: by what factor less one all of them may be off together, in 95 % of the cases; its logarithm
///   is added to the bounds as the root of the sum of squares.
/// - Returns: nil for fewer than six ratios, or if one is not finite and positive.
/// - Precondition: `noiseFloor` is finite and not negative.
public func medianRatio(_ ratios: [Double], noiseFloor: Double = 0) -> RatioEstimate? {
  precondition(noiseFloor >= 0 && noiseFloor.isFinite, "a noise floor is a positive part, or 0")
  guard ratios.allSatisfy({ $0 > 0 && $0.isFinite }), let sample = OrderedSample(ratios.map { Double.log($0) }),
    let interval = MedianInterval(of: sample)
  else { return nil }
  let floor = Double.log(onePlus: noiseFloor)
  func length(_ part: Double) -> Double { (part * part + floor * floor).squareRoot() }
  return RatioEstimate(
    logarithm: sample.median, below: length(sample.median - interval.lower),
    above: length(interval.upper - sample.median))
}

extension RatioEstimate {
  /// The same estimate with bounds, and a p-value, that allow for a difference of up to `noiseFloor` that is none.
  ///
  /// - Parameter noiseFloor: by what factor less one two equal things may differ, in 95 % of the cases, beyond what the
  ///   interval knows. Its logarithm is added to the bounds as the root of the sum of squares.
  /// - Returns: nil if a bound is not finite and positive.
  /// - Precondition: `noiseFloor` is finite and not negative.
  public func allowing(noiseFloor: Double) -> RatioEstimate? {
    geometricMean(ratios: [self], noiseFloor: noiseFloor)
  }
}
