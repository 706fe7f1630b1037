public import Kernels

/// The architecture's baseline: SSE2 on x86-64, NEON on arm64.
public enum Portable: VectorISA {
  #if arch(arm64)
    /// 32 registers of four floats.
    public typealias PixelTile = Tile<Portable, 8, 3>
    /// 32 registers of four floats.
    public typealias ChannelTile = Tile<Portable, 8, 3>
  #else
    /// 16 registers of four floats.
    public typealias PixelTile = Tile<Portable, 6, 2>
    /// 16 registers of four floats.
    public typealias ChannelTile = Tile<Portable, 4, 3>
  #endif

  /// Four floats: a 128-bit register.
  public typealias F32 = SIMD4<Float>

  /// The baseline.
  public static var isa: ISA { .portable }
  /// SSE2 has 16 registers, NEON 32.
  public static var registers: Int {
    #if arch(arm64)
      32
    #else
      16
    #endif
  }

  /// Returns `sum + a · b`. NEON has a fused multiply-add; SSE2 has none, and rounds twice.
  @inline(__always)
  public static func multiplyAdd(_ sum: F32, _ a: F32, _ b: F32) -> F32 {
    #if arch(arm64)
      sum.addingProduct(a, b)
    #else
      sum + a * b
    #endif
  }

  /// Clamps every lane; NaN stays NaN.
  @inline(__always)
  public static func clamp(_ x: F32, low: F32, high: F32) -> F32 {
    x.replacing(with: low, where: x .< low).replacing(with: high, where: x .> high)
  }

  /// Adds halves until one element is left.
  @inline(__always)
  public static func sum(_ x: F32) -> Float {
    let half = x.lowHalf + x.highHalf
    return half.x + half.y
  }

  /// The ceilings of a core, reached with the baseline.
  public static let probes = ProbeSet(Portable.self)

  /// Bias and activation as a pass of their own, compiled for this ISA.
  public static let epilogues = EpilogueSet(Portable.self)

  /// Every kernel, compiled for the baseline.
  public static let kernels: [Kernel] = catalog()
}
