#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Memory for a tensor: aligned to a cache line, between two guard bands that show whether somebody wrote past an end.
///
/// The guards, and the content of a fresh or poisoned buffer, are NaNs of one bit pattern. A kernel that reads past an
/// end, or leaves an element unwritten, so spoils its result instead of getting it right by luck.
///
/// `@unchecked Sendable`: the buffer itself never changes after `init`; who writes which element when is up to its
/// users, as with any memory.
public struct FloatBuffer: ~Copyable, @unchecked Sendable {
  /// The first element, aligned to ``alignment`` bytes.
  public let pointer: UnsafeMutablePointer<Float>
  /// Elements between the guards.
  public let count: Int

  private let allocation: UnsafeMutablePointer<Float>

  /// Bytes that the first element is aligned to: a cache line, and the widest vector.
  public static let alignment = 64
  /// Elements of each guard band.
  public static let guardCount = 64
  /// The bits of a poisoned element: a quiet NaN that arithmetic does not produce.
  public static let poison: UInt32 = 0x7FED_BEEF

  /// Allocates `count` poisoned elements.
  ///
  /// - Throws: `OutOfMemory` if the system does not provide the memory.
  public init(count: Int) throws(OutOfMemory) {
    precondition(count >= 0 && count <= Layer.maximumElements * 2)
    let bytes = (count + 2 * Self.guardCount) * MemoryLayout<Float>.stride
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, Self.alignment, bytes) == 0, let memory else { throw OutOfMemory(bytes: bytes) }
    allocation = memory.bindMemory(to: Float.self, capacity: count + 2 * Self.guardCount)
    pointer = allocation + Self.guardCount
    self.count = count
    poison()
    restoreGuards()
  }

  deinit { free(allocation) }

  /// Overwrites every element with the poison.
  public func poison() { pointer.update(repeating: Float(bitPattern: Self.poison), count: count) }

  /// The distance from the nearer end, in elements, of the first overwritten guard element; nil if all are intact.
  ///
  /// Negative distances lie before the first element, positive ones after the last.
  public func firstDamage() -> Int? {
    for (band, start) in zip(guardElements, [-Self.guardCount, 1]) {
      for i in 0..<Self.guardCount where band[i].bitPattern != Self.poison { return start + i }
    }
    return nil
  }

  /// Makes the guard bands intact again, so that the next user of the buffer is not blamed for the damage of the last.
  public func restoreGuards() {
    for band in guardElements { band.update(repeating: Float(bitPattern: Self.poison), count: Self.guardCount) }
  }

  private var guardElements: [UnsafeMutablePointer<Float>] { [allocation, pointer + count] }
}

/// A ``FloatBuffer`` that several owners share, or that stands in a collection.
public final class SharedBuffer: Sendable {
  /// The buffer.
  public let buffer: FloatBuffer

  /// Allocates `count` poisoned elements.
  ///
  /// - Throws: `OutOfMemory` if the system does not provide the memory.
  public init(count: Int) throws(OutOfMemory) { buffer = try FloatBuffer(count: count) }

  /// Takes a buffer over.
  public init(_ buffer: consuming FloatBuffer) { self.buffer = buffer }

  /// Allocates a copy of the `count` elements at `source`.
  ///
  /// - Throws: `OutOfMemory` if the system does not provide the memory.
  public init(copying source: UnsafePointer<Float>, count: Int) throws(OutOfMemory) {
    buffer = try FloatBuffer(count: count)
    buffer.pointer.update(from: source, count: count)
  }
}

/// The system did not provide memory.
public struct OutOfMemory: Error, Sendable, Hashable, CustomStringConvertible {
  /// What was asked for, in bytes.
  public let bytes: Int

  /// A request of `bytes` bytes that was refused.
  public init(bytes: Int) { self.bytes = bytes }

  /// One sentence with the size.
  public var description: String { "the system did not provide \(bytes) bytes of memory for a tensor" }
}
