import RealModule

/// The standard normal distribution, as approximations of order statistics need it.
enum StandardNormal {
  /// The z with P(|Z| ≤ z) = 0.95.
  static let z95 = 1.959_963_984_540_054

  /// P(|Z| > z) of a z that is not negative.
  static func twoSidedTail(_ z: Double) -> Double { Double.erfc(z / 2.0.squareRoot()) }

  /// The z with P(|Z| > z) = `p`, to some units in the last place; infinite for 0.
  ///
  /// By bisection: the tail falls steadily, and 38 is beyond the smallest positive number that Double has.
  ///
  /// - Precondition: 0 ≤ `p` ≤ 1.
  static func twoSidedQuantile(_ p: Double) -> Double {
    precondition(p >= 0 && p <= 1, "a probability lies in 0...1")
    if p == 0 { return .infinity }
    var (low, high) = (0.0, 39.0)
    while true {
      let middle = (low + high) / 2
      if middle <= low || middle >= high { return middle }
      if twoSidedTail(middle) > p { low = middle } else { high = middle }
    }
  }
}
