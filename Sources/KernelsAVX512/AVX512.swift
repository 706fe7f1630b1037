public import Kernels

/// AVX-512: 32 registers of sixteen floats.
public enum AVX512: VectorISA {
  /// 28 accumulators, 2 vectors of weights, 1 broadcast.
  public typealias PixelTile = Tile<AVX512, 14, 2>
  /// 24 accumulators, 3 vectors of pixels, 1 broadcast. Output channels are nearly always a multiple of 8.
  public typealias ChannelTile = Tile<AVX512, 8, 3>

  /// Sixteen floats: a 512-bit register.
  public typealias F32 = SIMD16<Float>

  /// AVX-512.
  public static var isa: ISA { .avx512 }
  /// 32 registers.
  public static var registers: Int { 32 }

  /// Returns `sum + a · b`, rounded once.
  @inline(__always)
  public static func multiplyAdd(_ sum: F32, _ a: F32, _ b: F32) -> F32 { sum.addingProduct(a, b) }

  /// Clamps every lane; NaN stays NaN.
  @inline(__always)
  public static func clamp(_ x: F32, low: F32, high: F32) -> F32 {
    x.replacing(with: low, where: x .< low).replacing(with: high, where: x .> high)
  }

  /// Adds halves until one element is left.
  @inline(__always)
  public static func sum(_ x: F32) -> Float {
    let half = x.lowHalf + x.highHalf
    let quarter = half.lowHalf + half.highHalf
    let eighth = quarter.lowHalf + quarter.highHalf
    return eighth.x + eighth.y
  }

  /// The ceilings of a core, reached with this ISA.
  public static let probes = ProbeSet(AVX512.self)

  /// Bias and activation as a pass of their own, compiled for this ISA.
  public static let epilogues = EpilogueSet(AVX512.self)

  /// Every kernel, compiled for AVX-512.
  public static let kernels: [Kernel] = catalog()
}
