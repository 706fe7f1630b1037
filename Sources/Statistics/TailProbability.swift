import RealModule

/// Tails of the distributions that few visits need, for whole degrees of freedom: finite sums, exact but for rounding.
///
/// M. Abramowitz and I. A. Stegun, "Handbook of Mathematical Functions", 1964: 26.4.4 and 26.4.5 for χ², 26.7.3 and 26.7.4
/// for Student's t.
enum TailProbability {
  /// P(χ² > `value`) with `degrees` of freedom.
  ///
  /// - Precondition: `degrees` is positive, and `value` not negative.
  static func chiSquare(_ value: Double, degrees: Int) -> Double {
    precondition(degrees >= 1 && value >= 0, "χ² is a sum of squares")
    let isOdd = !degrees.isMultiple(of: 2)
    var tail = isOdd ? Double.erfc((value / 2).squareRoot()) : Double.exp(-value / 2)
    // The term of k degrees more: χᵏ·e^(−χ²/2) ÷ (1·3·5…k or 2·4·6…k), with √(2/π) where k is odd.
    var term = isOdd ? (2 * value / .pi).squareRoot() * Double.exp(-value / 2) : value / 2 * Double.exp(-value / 2)
    for k in stride(from: isOdd ? 1 : 2, to: degrees, by: 2) {
      tail += term
      term *= value / Double(k + 2)
    }
    return min(1, tail)
  }

  /// P(|T| > `t`) of Student's t with `degrees` of freedom.
  ///
  /// - Precondition: `degrees` is positive, and `t` not negative.
  static func student(_ t: Double, degrees: Int) -> Double {
    precondition(degrees >= 1 && t >= 0, "a two-sided tail begins at 0 or above")
    if t == .infinity { return 0 }
    let angle = Double.atan(t / Double(degrees).squareRoot())
    let square = Double.cos(angle) * Double.cos(angle)
    let isOdd = !degrees.isMultiple(of: 2)
    var sum = 0.0
    var term = isOdd ? Double.cos(angle) : 1
    for k in stride(from: isOdd ? 1 : 0, to: degrees - 1, by: 2) {
      sum += term
      term *= square * Double(k + 1) / Double(k + 2)
    }
    let inside = isOdd ? 2 / .pi * (angle + Double.sin(angle) * sum) : Double.sin(angle) * sum
    return max(0, min(1, 1 - inside))
  }

  /// The t with P(|T| > t) = 0.05.
  static func studentQuantile95(degrees: Int) -> Double {
    // By bisection: one degree of freedom has the largest, 12.7.
    var (low, high) = (0.0, 16.0)
    while true {
      let middle = (low + high) / 2
      if middle <= low || middle >= high { return middle }
      if student(middle, degrees: degrees) > 0.05 { low = middle } else { high = middle }
    }
  }
}
