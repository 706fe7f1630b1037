public import Kernels

/// AVX2 with FMA: 16 registers of eight floats.
public enum AVX2: VectorISA {
  /// 12 accumulators, 1 vector of weights, 3 broadcasts. The compiler takes one vector of weights after the other and
  /// keeps the broadcasts: so 6 × 2 would spill, and ran at 60 % of this tile's speed.
  public typealias PixelTile = Tile<AVX2, 4, 3>
  /// 12 accumulators, 3 vectors of pixels, 1 broadcast.
  public typealias ChannelTile = Tile<AVX2, 4, 3>

  /// Eight floats: a 256-bit register.
  public typealias F32 = SIMD8<Float>

  /// AVX2.
  public static var isa: ISA { .avx2 }
  /// 16 registers.
  public static var registers: Int { 16 }

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
    return quarter.x + quarter.y
  }

  /// The ceilings of a core, reached with this ISA.
  public static let probes = ProbeSet(AVX2.self)

  /// Bias and activation as a pass of their own, compiled for this ISA.
  public static let epilogues = EpilogueSet(AVX2.self)

  /// Every kernel, compiled for AVX2.
  public static let kernels: [Kernel] = catalog()
}
