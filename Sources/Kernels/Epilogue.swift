public import Layers
import RealModule

/// What follows the sum: the activation, in single precision.
///
/// gelu, silu, tanh and sigmoid call the C library's functions element by element; see `Activation` in Layers for the
/// definitions and for the error that is allowed.
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
    switch activation {
    case .gelu: x == -.infinity ? 0 : 0.5 * x * Float.erfc(-x * Float(0.5).squareRoot())
    case .silu: x == -.infinity ? 0 : x * logistic(x)
    case .tanh: Float.tanh(x)
    case .sigmoid: logistic(x)
    case .none, .relu, .relu6: x
    }
  }

  /// 1 ÷ (1 + e⁻ˣ), in the form whose exponential does not overflow.
  @inlinable
  static func logistic(_ x: Float) -> Float {
    if x >= 0 { return 1 / (1 + Float.exp(-x)) }
    let e = Float.exp(x)
    return e / (1 + e)
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
    func callAsFunction(_ x: Target.F32) -> Target.F32 { Target.clamp(x, low: low, high: high) }
  }

  /// Applies an activation that ``Clamp`` does not do to a matrix of `rows` × `columns` floats, rows `stride` apart.
  ///
  /// Kernels call it on a tile that they have just stored, while it is in the L1 cache.
  @inlinable @inline(never)
  static func finish(
    _ activation: Activation, _ p: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int
  ) {
    switch activation {
    case .none, .relu, .relu6: return
    case .gelu, .silu, .tanh, .sigmoid:
      for row in 0..<rows {
        for column in 0..<columns {
          p[row &* stride &+ column] = apply(activation, p[row &* stride &+ column])
        }
      }
    }
  }
}
