/// A generator of reproducible random numbers: SplitMix64.
///
/// The n-th number is a function of the seed and n alone, so that a tensor can be filled in any order, by any number of
/// threads, and in any layout, and hold the same values.
///
/// Source: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// A generator whose numbers follow from `seed`.
  public init(seed: UInt64) { state = seed }

  /// A generator for a purpose of its own: numbers of different streams of one seed are unrelated.
  public init(seed: UInt64, stream: UInt64) { state = Self.mix(seed ^ Self.mix(stream &+ Self.step)) }

  /// The next number.
  public mutating func next() -> UInt64 {
    state &+= Self.step
    return Self.mix(state)
  }

  /// The number that `next()` would return after `index` calls, without making them.
  public func number(at index: Int) -> UInt64 {
    Self.mix(state &+ Self.step &* (UInt64(truncatingIfNeeded: index) &+ 1))
  }

  private static let step: UInt64 = 0x9E37_79B9_7F4A_7C15

  private static func mix(_ x: UInt64) -> UInt64 {
    var z = x
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
