/// How far a single-precision result may be from the exact one.
///
/// A sum of k products and a bias, in any order, with or without fused multiply-adds, has an error of at most
/// γₖ₊₁·(Σ|x·w| + |b|), with γₖ = k·u ÷ (1 − k·u) and the unit roundoff u = 2⁻²⁴ (Higham, "Accuracy and Stability of
/// Numerical Algorithms", 2nd ed., §3.1). An activation with Lipschitz constant L passes on at most L times that, and
/// never more than the activation's range, and adds an error of its own: ``activationUlps`` units of the result, and of its
/// argument's effect.
public enum ErrorBound {
  /// The unit roundoff of single precision, 2⁻²⁴.
  public static let unitRoundoff = 0x1p-24

  /// Units in the last place that an activation other than none, relu and relu6 may be off by itself.
  public static let activationUlps = 4.0

  /// γₖ = k·u ÷ (1 − k·u), or infinity where k·u reaches 1 and nothing can be promised.
  public static func gamma(_ k: Int) -> Double {
    let ku = Double(k) * unitRoundoff
    return ku < 1 ? ku / (1 - ku) : .infinity
  }

  /// The largest allowed |y − activation(z)| for a result y whose exact sum is z.
  ///
  /// - Parameters:
  ///   - depth: terms of the sum, without the bias.
  ///   - magnitude: Σ|x·w| + |b|.
  ///   - isExact: whether the sum itself has no rounding error.
  public static func of(
    _ activation: Activation, sum z: Double, magnitude: Double, depth: Int, isExact: Bool
  ) -> Double {
    // Each of the terms may also underflow, and lose half of the smallest subnormal number.
    let underflow = Double(depth + 1) * 0x1p-150
    let sumError = isExact ? 0 : gamma(depth + 1) * magnitude + underflow
    // Sums of any magnitude may come before the activation; what comes after it is bounded by its own range as well.
    // Where nothing can be promised of the sum, the range alone is no promise either.
    let passedOn = sumError.isFinite ? min(activation.lipschitzConstant * sumError, activation.range) : .infinity
    if activation.isExact { return passedOn }
    // Units of a subnormal number do not shrink with it.
    let effect = min(activation.lipschitzConstant * abs(z), activation.range)
    let units = 2 * unitRoundoff * (abs(activation(z)) + effect) + 0x1p-149
    return passedOn + activationUlps * units
  }
}
