/// A function of one number, computed on every lane of a vector.
///
/// Loops over vectors take it as a type argument, and so are compiled once for each function, with its body inside and its
/// constants in registers. Given a closure, or the activation as a value, the compiler calls a function for each vector
/// instead, which takes and returns vectors in quarters: silu on AVX-512 took 18 cycles a vector so on a Zen 5, and 11
/// without the calls.
@usableFromInline
protocol VectorFunction<Target> {
  /// The ISA that the vectors belong to.
  associatedtype Target: VectorISA

  /// The function of each lane, which does not depend on the others.
  static func value(_ x: Target.F32) -> Target.F32
}

/// ``Elementary/gelu(_:)``
@usableFromInline
enum Gelu<Target: VectorISA>: VectorFunction {
  @inlinable @inline(__always)
  static func value(_ x: Target.F32) -> Target.F32 { Elementary<Target>.gelu(x) }
}

/// ``Elementary/logistic(_:timesX:)`` times x.
@usableFromInline
enum Silu<Target: VectorISA>: VectorFunction {
  @inlinable @inline(__always)
  static func value(_ x: Target.F32) -> Target.F32 { Elementary<Target>.logistic(x, timesX: true) }
}

/// ``Elementary/tanh(_:)``
@usableFromInline
enum Tanh<Target: VectorISA>: VectorFunction {
  @inlinable @inline(__always)
  static func value(_ x: Target.F32) -> Target.F32 { Elementary<Target>.tanh(x) }
}

/// ``Elementary/logistic(_:timesX:)``
@usableFromInline
enum Sigmoid<Target: VectorISA>: VectorFunction {
  @inlinable @inline(__always)
  static func value(_ x: Target.F32) -> Target.F32 { Elementary<Target>.logistic(x, timesX: false) }
}
