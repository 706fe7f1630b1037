import RealModule

/// The elementwise function that ends a layer.
public enum Activation: String, Sendable, Hashable, Codable, CaseIterable {
  /// x
  case none
  /// max(0, x)
  case relu
  /// min(max(0, x), 6)
  case relu6
  /// x·Φ(x) with the normal distribution function, by erf: PyTorch's and ONNX's default, oneDNN's `gelu_erf`.
  case gelu
  /// x·σ(x), oneDNN's `swish` with α = 1.
  case silu
  /// The hyperbolic tangent.
  case tanh
  /// The logistic function σ(x) = 1 ÷ (1 + e⁻ˣ).
  case sigmoid

  /// The exact function, in Double: the reference that kernels are checked against.
  ///
  /// Forms that cancel are avoided, so the result is good to a few ULP of Double, and gelu of a large negative x to some
  /// x² of them, far below single precision. Infinities are right; NaN gives NaN.
  public func callAsFunction(_ x: Double) -> Double {
    switch self {
    case .none: x
    case .relu: x < 0 ? 0 : x
    case .relu6: x < 0 ? 0 : x > 6 ? 6 : x
    case .gelu: x == -.infinity ? 0 : 0.5 * x * Double.erfc(-x * 0.5.squareRoot())
    case .silu: x == -.infinity ? 0 : x * Self.logistic(x)
    case .tanh: Double.tanh(x)
    case .sigmoid: Self.logistic(x)
    }
  }

  /// An upper bound of |f′|: an error e before the activation is at most this × e after it.
  ///
  /// The maxima of silu′ (1.0998) and gelu′ (1.1289) are rounded up.
  public var lipschitzConstant: Double {
    switch self {
    case .none, .relu, .relu6, .tanh: 1
    case .sigmoid: 0.25
    case .silu: 1.1
    case .gelu: 1.13
    }
  }

  /// How far apart two values of the function can be at most.
  public var range: Double {
    switch self {
    case .tanh: 2
    case .sigmoid: 1
    case .relu6: 6
    case .none, .relu, .gelu, .silu: .infinity
    }
  }

  /// Whether the function is computed without rounding, so that an exact sum gives an exact result.
  public var isExact: Bool { self == .none || self == .relu || self == .relu6 }

  private static func logistic(_ x: Double) -> Double {
    x >= 0 ? 1 / (1 + Double.exp(-x)) : Double.exp(x) / (1 + Double.exp(x))
  }
}
