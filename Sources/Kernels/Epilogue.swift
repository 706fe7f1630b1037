public import Layers

/// What follows the sum: the activation, in single precision.
///
/// gelu, silu, tanh and sigmoid are computed on vectors by ``Elementary``, and give an element the same result whichever
/// kernel asks; see `Activation` in Layers for the definitions.
public enum Epilogue<Target: VectorISA> {
  /// The activation of one element.
  ///
  /// NaN gives NaN for every activation, so that a missing or invalid element stays visible.
  @inlinable @inline(__always)
  public static func apply(_ activation: Activation, _ x: Float) -> Float {
    switch activation {
    case .none: x
    case .relu: x < 0 ? 0 : x
    case .relu6: x < 0 ? 0 : x > 6 ? 6 : x
    case .gelu, .silu, .tanh, .sigmoid: transcendental(activation, x)
    }
  }

  // Out of line: inlined, it would multiply the code of every unrolled tile.
  @inlinable @inline(never)
  static func transcendental(_ activation: Activation, _ x: Float) -> Float {
    transcendental(activation, Target.F32(repeating: x))[0]
  }

  @inlinable @inline(__always)
  static func transcendental(_ activation: Activation, _ x: Target.F32) -> Target.F32 {
    switch activation {
    case .gelu: Gelu<Target>.value(x)
    case .silu: Silu<Target>.value(x)
    case .tanh: Tanh<Target>.value(x)
    case .sigmoid: Sigmoid<Target>.value(x)
    case .none, .relu, .relu6: x
    }
  }

  /// relu and relu6 on vectors, as bounds to clamp to. Every other activation leaves its argument as it is here.
  @frozen @usableFromInline
  struct Clamp {
    @usableFromInline let low: Target.F32
    @usableFromInline let high: Target.F32

    @inlinable @inline(__always)
    init(_ activation: Activation) {
      low = Target.F32(repeating: activation == .relu || activation == .relu6 ? 0 : -.infinity)
      high = Target.F32(repeating: activation == .relu6 ? 6 : .infinity)
    }

    /// Clamps every lane. NaN stays NaN.
    @inlinable @inline(__always)
    func callAsFunction(_ x: Target.F32) -> Target.F32 { Target.minimum(Target.maximum(x, low), high) }
  }

  /// Applies an activation that ``Clamp`` does not do to a matrix of `rows` × `columns` floats, rows `stride` apart.
  ///
  /// Kernels call it on a tile that they have just stored, while it is in the L1 cache.
  @inlinable @inline(__always)
  static func finish(
    _ activation: Activation, _ p: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int
  ) {
    if activation == .none || activation == .relu || activation == .relu6 { return }
    finishEach(activation, p, rows: rows, columns: columns, stride: stride)
  }

  @inlinable @inline(never)
  static func finishEach(
    _ activation: Activation, _ p: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int
  ) {
    switch activation {
    case .gelu: replaceEach(p, rows, columns, stride, by: Gelu<Target>.self)
    case .silu: replaceEach(p, rows, columns, stride, by: Silu<Target>.self)
    case .tanh: replaceEach(p, rows, columns, stride, by: Tanh<Target>.self)
    case .sigmoid: replaceEach(p, rows, columns, stride, by: Sigmoid<Target>.self)
    case .none, .relu, .relu6: break
    }
  }

  /// Replaces every element of a matrix by a function of it.
  @inlinable @inline(never)
  static func replaceEach<Function: VectorFunction<Target>>(
    _ p: UnsafeMutablePointer<Float>, _ rows: Int, _ columns: Int, _ stride: Int, by function: Function.Type
  ) {
    for row in 0..<rows {
      var p = p + row &* stride
      var rest = columns
      while rest > 0 {
        if rest >= Target.lanes {
          Target.store(Function.value(Target.load(p)), p)
        } else {
          Target.store(Function.value(Target.load(p, count: rest)), p, count: rest)
        }
        p += Target.lanes
        rest &-= Target.lanes
      }
    }
  }
}
