import ArgumentParser

/// Parses options whose value is a number in a range.
///
/// ArgumentParser reads numbers too, but says of a wrong one only that it is invalid, not what was expected.
enum NumberOption {
  /// A finite number greater than 0.
  ///
  /// - Parameter unit: What it counts, in the plural.
  static func positive(_ text: String, upTo maximum: Double, _ unit: String) throws -> Double {
    guard let value = Double(text), value > 0, value <= maximum else {
      throw ValidationError("expected a number of \(unit) above 0 and up to \(Int(maximum))")
    }
    return value
  }

  /// An integer in a range.
  static func integer<Value: FixedWidthInteger>(_ text: String, in range: ClosedRange<Value>) throws -> Value {
    guard let value = Value(text), range.contains(value) else {
      throw ValidationError("expected a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }
}
