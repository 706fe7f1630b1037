import CPlatform
public import Kernels

/// The architecture's baseline: SSE2 on x86-64, NEON on arm64.
public enum Portable: VectorISA {
  #if arch(arm64)
    /// 24 accumulators of four floats.
    public static var pixelTile: TileShape { TileShape(8, 3) }
    /// 24 accumulators of four floats.
    public static var channelTile: TileShape { TileShape(8, 3) }
  #else
    /// 12 accumulators of four floats.
    public static var pixelTile: TileShape { TileShape(6, 2) }
    /// 12 accumulators of four floats.
    public static var channelTile: TileShape { TileShape(4, 3) }
  #endif

  /// As many as leave room for the vectors and a broadcast. On NEON the compiler loads three broadcasts ahead: with 27 or 28
  /// sums it kept some of them on the stack, and up to 50 copies of registers were between the multiply-adds.
  @inline(__always)
  public static func maximumRows(_ vectors: Int) -> Int {
    #if arch(arm64)
      26 / vectors
    #else
      min(28, (registers - 1 - vectors) / vectors)
    #endif
  }

  /// Four floats: a 128-bit register.
  public typealias F32 = SIMD4<Float>

  /// The baseline.
  public static var isa: ISA { .portable }
  /// SSE2 has 16 registers, NEON 32.
  @inline(__always)
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

  /// NEON's does, SSE2's product is rounded apart.
  @inline(__always)
  public static var isFused: Bool {
    #if arch(arm64)
      true
    #else
      false
    #endif
  }

  // Written so that LLVM sees its minimum and maximum instructions, which return the second operand where one is NaN.

  /// The larger of both lane by lane, or `x` where it is NaN.
  @inline(__always)
  public static func maximum(_ x: F32, _ bound: F32) -> F32 { x.replacing(with: bound, where: bound .> x) }

  /// The smaller of both lane by lane, or `x` where it is NaN.
  @inline(__always)
  public static func minimum(_ x: F32, _ bound: F32) -> F32 { x.replacing(with: bound, where: bound .< x) }

  /// Clears the sign of each lane.
  @inline(__always)
  public static func magnitude(_ x: F32) -> F32 {
    unsafeBitCast(unsafeBitCast(x, to: SIMD4<UInt32>.self) & 0x7fff_ffff, to: F32.self)
  }

  /// Whether −bound ≤ x ≤ bound in every lane.
  @inline(__always)
  public static func isWithin(_ x: F32, _ bound: Float) -> Bool {
    platform_is_within_4(x, F32(repeating: bound))
  }

  /// Returns 2ⁿ lane by lane: n is in the low bits, which are moved to the exponent's.
  @inline(__always)
  public static func powerOfTwo(biased: F32) -> F32 {
    let bits = unsafeBitCast(biased, to: SIMD4<Int32>.self)
    return unsafeBitCast((bits &<< 23) &+ 0x3f80_0000, to: F32.self)
  }

  /// Adds halves until one element is left.
  @inline(__always)
  public static func sum(_ x: F32) -> Float {
    let half = x.lowHalf + x.highHalf
    return half.x + half.y
  }

  #if arch(arm64)
    /// A scalar load: NEON's multiply-add takes the float out of one lane. LD1R, which loads it into every lane, also
    /// occupies one of the units that multiply: by the models of llvm-mca 19 a step of the tile 8 × 3 takes 15.5 cycles
    /// with it and 12 without on Neoverse N1 and N2, 7.8 and 6 on V1 and V2.
    @inline(__always)
    public static func broadcast(_ p: UnsafePointer<Float>) -> F32 { platform_broadcast_4(p) }
  #endif

  /// Loads the first lanes one by one.
  @inline(__always)
  public static func load(_ p: UnsafePointer<Float>, count: Int) -> F32 {
    var vector = F32()
    for lane in 0..<count { vector[lane] = p[lane] }
    return vector
  }

  /// Stores the first lanes one by one.
  @inline(__always)
  public static func store(_ vector: F32, _ p: UnsafeMutablePointer<Float>, count: Int) {
    for lane in 0..<count { p[lane] = vector[lane] }
  }

  /// Returns every second lane of both.
  @inline(__always)
  public static func evens(_ a: F32, _ b: F32) -> F32 { F32(lowHalf: a.evenHalf, highHalf: b.evenHalf) }

  /// Returns the other lanes of both.
  @inline(__always)
  public static func odds(_ a: F32, _ b: F32) -> F32 { F32(lowHalf: a.oddHalf, highHalf: b.oddHalf) }

  /// Returns the lanes of both alternating.
  @inline(__always)
  public static func interleave(_ a: F32, _ b: F32) -> (low: F32, high: F32) {
    (platform_interleave_low_4(a, b), platform_interleave_high_4(a, b))
  }

  /// The ceilings of a core, reached with the baseline.
  public static let probes = ProbeSet(Portable.self)

  /// Bias and activation as a pass of their own, compiled for this ISA.
  public static let epilogues = EpilogueSet(Portable.self)

  /// Every kernel, compiled for the baseline.
  public static let kernels: [Kernel] = catalog()
}
