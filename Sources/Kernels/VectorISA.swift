/// An instruction set that kernels are compiled for, as a phantom type.
///
/// Generic kernel code takes the ISA as a type parameter, so that every instantiation has a symbol of its own. Without
/// it, two modules would emit one symbol for the same generic function, the linker would keep one of them, and a CPU
/// without AVX-512 might be handed the AVX-512 copy.
///
/// A conforming type is declared in the module that is compiled with that ISA's flags, and nowhere else.
public protocol VectorISA: Sendable {
  /// The widest vector of floats that the ISA computes with in one instruction.
  associatedtype F32: SIMD, Sendable where F32.Scalar == Float

  /// The tile of ``Packed`` whose rows are pixels and whose columns are output channels.
  static var pixelTile: TileShape { get }
  /// The tile of ``Packed`` whose rows are output channels and whose columns are pixels.
  static var channelTile: TileShape { get }
  /// The most rows of a tile of `vectors` vectors whose sums stay in registers.
  static func maximumRows(_ vectors: Int) -> Int

  /// Which ISA this is.
  static var isa: ISA { get }
  /// How many vector registers it has.
  static var registers: Int { get }

  /// Returns `sum + a · b`: fused where the ISA has a fused multiply-add, in two roundings where it has none.
  ///
  /// An ISA without the instruction must not call `addProduct`: it would become a call of `fmaf` for every lane.
  static func multiplyAdd(_ sum: F32, _ a: F32, _ b: F32) -> F32

  /// Whether ``multiplyAdd(_:_:_:)`` rounds once, so that it tells what a product has lost by rounding.
  static var isFused: Bool { get }

  // The standard library compares, selects and adds up lanes in one instruction for a concrete vector type, and in a
  // loop over the lanes for a generic one, and so with integers. So these are written once for each ISA.

  /// The larger of both lane by lane, or `x` where it is NaN.
  static func maximum(_ x: F32, _ bound: F32) -> F32

  /// The smaller of both lane by lane, or `x` where it is NaN.
  static func minimum(_ x: F32, _ bound: F32) -> F32

  /// |x| lane by lane: the sign's bit becomes 0.
  static func magnitude(_ x: F32) -> F32

  /// Whether −bound ≤ x ≤ bound in every lane. NaN is not.
  static func isWithin(_ x: F32, _ bound: Float) -> Bool

  /// Returns 2ⁿ for an integral n in −126...127 that is given as n + ``exponentBias``. NaN gives some number.
  static func powerOfTwo(biased: F32) -> F32

  /// Returns x·2ⁿ, rounded once, for integral n in −252...127. Either may be NaN, and gives NaN.
  static func scaled(_ x: F32, byPowerOfTwo n: F32) -> F32

  /// Returns the sum of all lanes, added up pairwise.
  static func sum(_ x: F32) -> Float

  /// Loads the float at `p` into every lane, to be multiplied with vectors.
  static func broadcast(_ p: UnsafePointer<Float>) -> F32

  /// Loads the first `count` lanes from `p`, and touches no other memory; the other lanes are zero.
  static func load(_ p: UnsafePointer<Float>, count: Int) -> F32

  /// Stores the first `count` lanes to `p`, and touches no other memory.
  static func store(_ vector: F32, _ p: UnsafeMutablePointer<Float>, count: Int)

  /// Returns the lanes of `a` and `b` alternating, a₀ b₀ a₁ b₁ …: the first half and the second half of them.
  static func interleave(_ a: F32, _ b: F32) -> (low: F32, high: F32)

  /// Returns every second lane of `a` and then of `b`, from the first on.
  static func evens(_ a: F32, _ b: F32) -> F32

  /// Returns every second lane of `a` and then of `b`, from the second on.
  static func odds(_ a: F32, _ b: F32) -> F32
}

/// The ISAs that kernels are compiled for, from the narrowest to the widest.
public enum ISA: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
  /// The baseline of the architecture: SSE2 on x86-64, NEON on arm64.
  case portable
  /// AVX2 with FMA: 256-bit vectors, 16 registers.
  case avx2
  /// AVX-512 F, VL, DQ and BW: 512-bit vectors, 32 registers.
  case avx512

  /// The CPU features, under their names in /proc/cpuinfo, that a CPU needs to execute this ISA's code.
  public var requiredFeatures: Set<String> {
    switch self {
    case .portable: []
    case .avx2: ["avx2", "fma"]
    case .avx512: ["avx2", "fma", "avx512f", "avx512vl", "avx512dq", "avx512bw"]
    }
  }

  /// Whether a CPU with `features` executes this ISA's code.
  public func isExecutable(with features: Set<String>) -> Bool { features.isSuperset(of: requiredFeatures) }

  /// Orders ISAs from the narrowest to the widest.
  public static func < (a: ISA, b: ISA) -> Bool {
    ISA.allCases.firstIndex(of: a)! < ISA.allCases.firstIndex(of: b)!
  }
}

extension VectorISA {
  /// 1.5 · 2²³. Floats as large are a unit apart: adding it rounds to an integer, which is then in the low bits.
  @inlinable @inline(__always)
  static var exponentBias: F32 { F32(repeating: 0x1.8p23) }

  /// Returns x·2ⁿ as a product with two powers of two, of which the last alone can make it subnormal.
  @inlinable @inline(__always)
  public static func scaled(_ x: F32, byPowerOfTwo n: F32) -> F32 {
    let low = minimum(maximum(n, F32(repeating: -126)), F32())
    return x * powerOfTwo(biased: (n - low) + exponentBias) * powerOfTwo(biased: low + exponentBias)
  }

  /// Floats in one vector.
  @inlinable @inline(__always)
  static var lanes: Int { F32.scalarCount }

  /// Loads `lanes` floats from `p`, which need not be aligned.
  @inlinable @inline(__always)
  static func load(_ p: UnsafePointer<Float>) -> F32 {
    UnsafeRawPointer(p).loadUnaligned(as: F32.self)
  }

  /// Loads the float at `p` into every lane.
  @inlinable @inline(__always)
  public static func broadcast(_ p: UnsafePointer<Float>) -> F32 { F32(repeating: p.pointee) }

  /// Loads the `lanes` floats that lie at `offsets` from `p`, by scalar loads.
  @inlinable @inline(__always)
  static func load(_ p: UnsafePointer<Float>, offsets: UnsafePointer<Int>) -> F32 {
    var vector = F32()
    for lane in 0..<lanes { vector[lane] = p[offsets[lane]] }
    return vector
  }

  /// Stores all lanes to `p`, which need not be aligned.
  @inlinable @inline(__always)
  static func store(_ vector: F32, _ p: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(p).storeBytes(of: vector, as: F32.self)
  }
}
