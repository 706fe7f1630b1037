import Kernels
import Layers
import Teams

/// A small buffer for each worker of a team, read before a sample and again after it: what the caches give at this moment.
///
/// The multiply-adds of a ``Burst`` stay in registers and see nothing of a neighbour that fills a shared cache or takes its
/// bandwidth. So each worker reads its buffer before the warm-up, whatever that takes, and reads it once more after the
/// sample, against the clock. In between the case has used the caches, and has driven the buffer to where its own working
/// set leaves room: the second reading comes from the level that the case itself works from, without a buffer of that
/// level's size. That is why it stands behind the sample, and not beside the burst: there, it would come from where the case
/// before has left it. And what it evicts is brought back by the warm-up, before the clock starts.
///
/// Its rate depends on the case, so it is compared with others of the same case only.
///
/// `@unchecked Sendable`: every worker uses its own buffer and record, in steps of the team that are ordered with the
/// caller's reading.
final class CacheReading: @unchecked Sendable {
  /// Bytes of a worker's buffer: some microseconds from the L3 cache, and a small part of any L2 cache.
  static let bytes = 128 << 10

  private let probes: ProbeSet
  private let buffers: [SharedBuffer]
  private let nanoseconds: UnsafeMutableBufferPointer<UInt64>
  /// Records of two workers are not to share a cache line.
  private static let stride = 16

  /// Buffers for `threads` workers.
  init(_ probes: ProbeSet, threads: Int) throws(OutOfMemory) {
    self.probes = probes
    var buffers: [SharedBuffer] = []
    for _ in 0..<threads { buffers.append(try SharedBuffer(count: Self.bytes / MemoryLayout<Float>.stride)) }
    for buffer in buffers { buffer.buffer.pointer.update(repeating: 1, count: buffer.buffer.count) }
    self.buffers = buffers
    nanoseconds = .allocate(capacity: threads * Self.stride)
    nanoseconds.initialize(repeating: 0)
  }

  deinit { nanoseconds.deallocate() }

  /// Reads the buffer of the calling worker, and notes how long that took.
  func read(_ worker: Int) {
    let buffer = buffers[worker]
    var sink: Float = 0
    let start = monotonicNanoseconds()
    probes.read(buffer.buffer.pointer, buffer.buffer.count, 1, false, &sink)
    nanoseconds[worker * Self.stride] = monotonicNanoseconds() - start
  }

  /// The rate of the slowest worker's last reading, in GB/s.
  var rate: Double {
    let slowest = buffers.indices.map { nanoseconds[$0 * Self.stride] }.max() ?? 0
    return Double(Self.bytes) / Double(max(1, slowest))
  }
}
