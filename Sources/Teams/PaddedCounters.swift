import Synchronization

/// Atomic counters, each on cache lines of its own, so that a worker that spins on one does not slow down another.
///
/// All accesses are sequentially consistent: see ``ParkingCounter``, which needs it. A read costs no more for it.
struct PaddedCounters: ~Copyable, @unchecked Sendable {
  // `@unchecked Sendable`: the memory holds atomics only.
  private let counters: UnsafeMutablePointer<Atomic<UInt64>>
  private let count: Int

  // Two lines of 64 bytes: the adjacent-line prefetcher of x86 fetches them in pairs.
  private static let stride = 128 / MemoryLayout<Atomic<UInt64>>.stride

  /// Makes `count` counters of 0.
  init(count: Int) {
    self.count = count
    counters = UnsafeMutableRawPointer.allocate(
      byteCount: count * Self.stride * MemoryLayout<Atomic<UInt64>>.stride, alignment: 128
    ).bindMemory(to: Atomic<UInt64>.self, capacity: count * Self.stride)
    for i in 0..<count * Self.stride { (counters + i).initialize(to: Atomic(0)) }
  }

  deinit {
    counters.deinitialize(count: count * Self.stride)
    UnsafeMutableRawPointer(counters).deallocate()
  }

  /// Reads counter `i`; what its writer wrote before is visible after.
  @inline(__always)
  func load(_ i: Int) -> UInt64 { counters[i * Self.stride].load(ordering: .sequentiallyConsistent) }

  /// Writes counter `i`; what was written before is visible to who reads it.
  @inline(__always)
  func store(_ value: UInt64, at i: Int) { counters[i * Self.stride].store(value, ordering: .sequentiallyConsistent) }

  /// Adds 1 to counter `i`.
  @inline(__always)
  func increment(_ i: Int) { counters[i * Self.stride].add(1, ordering: .sequentiallyConsistent) }

  /// Takes 1 from counter `i`.
  @inline(__always)
  func decrement(_ i: Int) { counters[i * Self.stride].subtract(1, ordering: .sequentiallyConsistent) }

  /// Where the lower 32 bits of counter `i` are: what the kernel compares.
  func address(_ i: Int) -> UnsafeRawPointer {
    let counter = UnsafeRawPointer(counters + i * Self.stride)
    #if _endian(big)
      return counter + 4
    #else
      return counter
    #endif
  }
}
