import CPlatform
public import Kernels

/// AVX2 with FMA: 16 registers of eight floats.
public enum AVX2: VectorISA {
  /// 12 accumulators, 1 vector of weights, 3 broadcasts.
  public static var pixelTile: TileShape { TileShape(4, 3) }
  /// 12 accumulators, 3 vectors of pixels, 1 broadcast.
  public static var channelTile: TileShape { TileShape(4, 3) }

  /// The compiler takes one vector of weights after the other and keeps the broadcasts: so 6 × 2 would spill, and ran
  /// at 60 % of the speed of 4 × 3. The addresses of more than 12 rows do not fit the general registers.
  @inline(__always)
  public static func maximumRows(_ vectors: Int) -> Int {
    switch vectors {
    case 1: 12
    case 2: 5
    default: (15 - vectors) / vectors
    }
  }

  /// Eight floats: a 256-bit register.
  public typealias F32 = SIMD8<Float>

  /// AVX2.
  public static var isa: ISA { .avx2 }
  /// 16 registers.
  public static var registers: Int { 16 }

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
    unsafeBitCast(unsafeBitCast(x, to: SIMD8<UInt32>.self) & 0x7fff_ffff, to: F32.self)
  }

  /// Whether −bound ≤ x ≤ bound in every lane. The standard library's `all` is not always inlined, and then one symbol for
  /// all ISAs.
  @inline(__always)
  public static func isWithin(_ x: F32, _ bound: Float) -> Bool {
    platform_is_within_AVX2(x, F32(repeating: bound))
  }

  /// Returns 2ⁿ lane by lane: n is in the low bits, which are moved to the exponent's.
  @inline(__always)
  public static func powerOfTwo(biased: F32) -> F32 {
    let bits = unsafeBitCast(biased, to: SIMD8<Int32>.self)
    return unsafeBitCast((bits &<< 23) &+ 0x3f80_0000, to: F32.self)
  }

  /// Adds halves until one element is left.
  @inline(__always)
  public static func sum(_ x: F32) -> Float {
    let half = x.lowHalf + x.highHalf
    let quarter = half.lowHalf + half.highHalf
    return quarter.x + quarter.y
  }

  /// Loads the first lanes: one instruction.
  @inline(__always)
  public static func load(_ p: UnsafePointer<Float>, count: Int) -> F32 { platform_load_first_AVX2(p, count) }

  /// Stores the first lanes, by powers of two: AVX2's masked store takes tens of cycles on some CPUs.
  @inline(__always)
  public static func store(_ vector: F32, _ p: UnsafeMutablePointer<Float>, count: Int) {
    if count == 8 { return UnsafeMutableRawPointer(p).storeBytes(of: vector, as: F32.self) }
    var rest = vector.lowHalf
    var offset = 0
    if count & 4 != 0 {
      UnsafeMutableRawPointer(p).storeBytes(of: rest, as: SIMD4<Float>.self)
      rest = vector.highHalf
      offset = 4
    }
    if count & 2 != 0 {
      UnsafeMutableRawPointer(p + offset).storeBytes(of: rest.lowHalf, as: SIMD2<Float>.self)
      rest.lowHalf = rest.highHalf
      offset &+= 2
    }
    if count & 1 != 0 { p[offset] = rest[0] }
  }

  /// Returns every second lane of both.
  @inline(__always)
  public static func evens(_ a: F32, _ b: F32) -> F32 { platform_evens_AVX2(a, b) }

  /// Returns the other lanes of both.
  @inline(__always)
  public static func odds(_ a: F32, _ b: F32) -> F32 { platform_odds_AVX2(a, b) }

  /// Returns the lanes of both alternating.
  @inline(__always)
  public static func interleave(_ a: F32, _ b: F32) -> (low: F32, high: F32) {
    (platform_interleave_low_AVX2(a, b), platform_interleave_high_AVX2(a, b))
  }

  /// The ceilings of a core, reached with this ISA.
  public static let probes = ProbeSet(AVX2.self)

  /// Bias and activation as a pass of their own, compiled for this ISA.
  public static let epilogues = EpilogueSet(AVX2.self)

  /// Every kernel, compiled for AVX2.
  public static let kernels: [Kernel] = catalog()
}
