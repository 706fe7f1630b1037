import Kernels
import KernelsPortable
import Synchronization

/// The portable ISA with its multiply-adds counted: what a kernel does, for comparison with what it says.
enum CountingISA: VectorISA {
  typealias F32 = Portable.F32

  /// Multiply-adds since the start of the process.
  static let multiplyAdds = Atomic(0)

  static func multiplyAdd(_ sum: F32, _ a: F32, _ b: F32) -> F32 {
    multiplyAdds.add(1, ordering: .relaxed)
    return Portable.multiplyAdd(sum, a, b)
  }

  // Small tiles: there are the fewer microkernels to compile, and small layers have many of them.
  static var pixelTile: TileShape { TileShape(3, 2) }
  static var channelTile: TileShape { TileShape(2, 3) }
  @inline(__always)
  static func maximumRows(_ vectors: Int) -> Int { vectors <= 2 ? 3 : 2 }

  static var isa: ISA { Portable.isa }
  static var registers: Int { Portable.registers }
  static var isFused: Bool { Portable.isFused }
  static func maximum(_ x: F32, _ bound: F32) -> F32 { Portable.maximum(x, bound) }
  static func minimum(_ x: F32, _ bound: F32) -> F32 { Portable.minimum(x, bound) }
  static func magnitude(_ x: F32) -> F32 { Portable.magnitude(x) }
  static func isWithin(_ x: F32, _ bound: Float) -> Bool { Portable.isWithin(x, bound) }
  static func powerOfTwo(biased: F32) -> F32 { Portable.powerOfTwo(biased: biased) }
  static func sum(_ x: F32) -> Float { Portable.sum(x) }
  static func load(_ p: UnsafePointer<Float>, count: Int) -> F32 { Portable.load(p, count: count) }
  static func store(_ vector: F32, _ p: UnsafeMutablePointer<Float>, count: Int) {
    Portable.store(vector, p, count: count)
  }
  static func interleave(_ a: F32, _ b: F32) -> (low: F32, high: F32) { Portable.interleave(a, b) }
  static func evens(_ a: F32, _ b: F32) -> F32 { Portable.evens(a, b) }
  static func odds(_ a: F32, _ b: F32) -> F32 { Portable.odds(a, b) }
}
