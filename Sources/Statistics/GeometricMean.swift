import RealModule

/// The geometric mean of positive numbers, weighted or not: the mean that ratios have.
///
/// It is the only mean for which the mean of a/b is the inverse of the mean of b/a. P. J. Fleming and J. J. Wallace,
/// "How not to lie with statistics: the correct way to summarize benchmark results", CACM 29 (1986).
///
/// - Parameters:
///   - values: the ratios.
///   - weights: how often each counts (a network runs a layer that many times); nil counts each once.
/// - Returns: exp(Σ wᵢ·ln xᵢ ÷ Σ wᵢ), or nil if there is nothing to average: no values, a value that is not finite and
///   positive, a weight that is not finite or is negative, or weights that sum to zero.
/// - Precondition: `weights`, if given, has as many elements as `values`.
public func geometricMean(_ values: [Double], weights: [Double]? = nil) -> Double? {
  precondition(weights == nil || weights?.count == values.count, "every value needs a weight")
  guard !values.isEmpty else { return nil }
  var logarithms = 0.0
  var total = 0.0
  for (index, value) in values.enumerated() {
    let weight = weights?[index] ?? 1
    guard value > 0, value.isFinite, weight >= 0, weight.isFinite else { return nil }
    logarithms += weight * Double.log(value)
    total += weight
  }
  guard total > 0 else { return nil }
  return Double.exp(logarithms / total)
}

/// The geometric mean of ratios that were estimated independently, with the interval that follows from theirs.
///
/// The ratios are those of a fixed set, such as the layers of a network, so the interval tells how well the mean of just
/// these is known, not how other layers would behave. The distances of their bounds add as the root of the sum of squares
/// of their parts: the method of variance estimates recovery, as in ``IndependentRatio``. Estimates that share a
/// disturbance, such as the noise between two runs, are not independent: that part does not average, and `noiseFloor` is
/// added to the mean in full.
///
/// - Parameters:
///   - ratios: the ratios.
///   - weights: how often each counts; nil counts each once.
///   - noiseFloor: by what factor less one all of them may be off together, in 95 % of the cases.
/// - Returns: nil if there is nothing to average, as for numbers, or if a bound is not finite and positive.
/// - Precondition: `weights`, if given, has as many elements as `ratios`; `noiseFloor` is finite and not negative.
public func geometricMean(
  ratios: [RatioEstimate], weights: [Double]? = nil, noiseFloor: Double = 0
) -> RatioEstimate? {
  precondition(noiseFloor >= 0 && noiseFloor.isFinite, "a noise floor is a positive part, or 0")
  guard let mean = geometricMean(ratios.map(\.value), weights: weights),
    ratios.allSatisfy({ $0.lower > 0 && $0.upper.isFinite })
  else { return nil }
  let total = weights?.reduce(0, +) ?? Double(ratios.count)
  let floor = Double.log(onePlus: noiseFloor)
  var (below, above) = (floor * floor, floor * floor)
  for (index, ratio) in ratios.enumerated() {
    let part = (weights?[index] ?? 1) / total
    let (low, high) = (Double.log(ratio.value / ratio.lower), Double.log(ratio.upper / ratio.value))
    below += part * part * low * low
    above += part * part * high * high
  }
  return RatioEstimate(logarithm: .log(mean), below: below.squareRoot(), above: above.squareRoot())
}
