import CPlatform
public import Kernels

/// AVX-512: 32 registers of sixteen floats.
public enum AVX512: VectorISA {
  /// 28 accumulators, 2 vectors of weights, 1 broadcast.
  public static var pixelTile: TileShape { TileShape(14, 2) }
  /// 24 accumulators, 3 vectors of pixels, 1 broadcast. Output channels are nearly always a multiple of 8.
  public static var channelTile: TileShape { TileShape(8, 3) }

  /// As many as leave room for the vectors and a broadcast.
  @inline(__always)
  public static func maximumRows(_ vectors: Int) -> Int { min(28, (31 - vectors) / vectors) }

  /// Sixteen floats: a 512-bit register.
  public typealias F32 = SIMD16<Float>

  /// AVX-512.
  public static var isa: ISA { .avx512 }
  /// 32 registers.
  public static var registers: Int { 32 }

  /// Returns `sum + a · b`, rounded once.
  @inline(__always)
  public static func multiplyAdd(_ sum: F32, _ a: F32, _ b: F32) -> F32 { sum.addingProduct(a, b) }

  /// It does.
  @inline(__always)
  public static var isFused: Bool { true }

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
    unsafeBitCast(unsafeBitCast(x, to: SIMD16<UInt32>.self) & 0x7fff_ffff, to: F32.self)
  }

  /// Whether −bound ≤ x ≤ bound in every lane. The standard library's `all` is not always inlined, and then one symbol for
  /// all ISAs.
  @inline(__always)
  public static func isWithin(_ x: F32, _ bound: Float) -> Bool {
    platform_is_within_AVX512(x, F32(repeating: bound))
  }

  /// Returns 2ⁿ lane by lane: n is in the low bits, which are moved to the exponent's.
  @inline(__always)
  public static func powerOfTwo(biased: F32) -> F32 {
    let bits = unsafeBitCast(biased, to: SIMD16<Int32>.self)
    return unsafeBitCast((bits &<< 23) &+ 0x3f80_0000, to: F32.self)
  }

  /// Returns x·2ⁿ lane by lane: one instruction.
  @inline(__always)
  public static func scaled(_ x: F32, byPowerOfTwo n: F32) -> F32 { platform_scale_AVX512(x, n) }

  /// Adds halves until one element is left.
  @inline(__always)
  public static func sum(_ x: F32) -> Float {
    let half = x.lowHalf + x.highHalf
    let quarter = half.lowHalf + half.highHalf
    let eighth = quarter.lowHalf + quarter.highHalf
    return eighth.x + eighth.y
  }

  /// Loads the first lanes: one instruction.
  @inline(__always)
  public static func load(_ p: UnsafePointer<Float>, count: Int) -> F32 { platform_load_first_AVX512(p, count) }

  /// Stores the first lanes: one instruction.
  @inline(__always)
  public static func store(_ vector: F32, _ p: UnsafeMutablePointer<Float>, count: Int) {
    platform_store_first_AVX512(vector, p, count)
  }

  /// Returns every second lane of both.
  @inline(__always)
  public static func evens(_ a: F32, _ b: F32) -> F32 { platform_evens_AVX512(a, b) }

  /// Returns the other lanes of both.
  @inline(__always)
  public static func odds(_ a: F32, _ b: F32) -> F32 { platform_odds_AVX512(a, b) }

  /// Returns the lanes of both alternating.
  @inline(__always)
  public static func interleave(_ a: F32, _ b: F32) -> (low: F32, high: F32) {
    (platform_interleave_low_AVX512(a, b), platform_interleave_high_AVX512(a, b))
  }

  /// The ceilings of a core, reached with this ISA.
  public static let probes = ProbeSet(AVX512.self)

  /// Bias and activation as a pass of their own, compiled for this ISA.
  public static let epilogues = EpilogueSet(AVX512.self)

  /// Every kernel, compiled for AVX-512.
  public static let kernels: [Kernel] = catalog()
}
