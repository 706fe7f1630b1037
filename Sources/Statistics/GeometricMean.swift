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
