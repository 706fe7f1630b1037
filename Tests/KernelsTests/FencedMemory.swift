#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Memory between two pages that nobody may touch: whoever reads or writes one element past an end dies of it.
///
/// The guard bands of a `FloatBuffer` show writes alone, and a read only if its result is used.
final class FencedMemory {
  /// Which end of the memory lies at its fence; the other has some room before its own.
  enum End: CaseIterable { case first, last }

  private let fence = Int(getpagesize())
  private let mapping: UnsafeMutableRawPointer
  private let bytes: Int

  /// Maps room for `capacity` floats.
  init(capacity: Int) {
    bytes = (capacity * MemoryLayout<Float>.size + fence - 1) / fence * fence
    let mapped = mmap(nil, bytes + 2 * fence, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let mapped, mapped != MAP_FAILED else { preconditionFailure("no memory") }
    mapping = mapped
    allow(PROT_READ | PROT_WRITE)
  }

  deinit { munmap(mapping, bytes + 2 * fence) }

  private func allow(_ access: CInt) { precondition(mprotect(mapping + fence, bytes, access) == 0) }

  /// Room for `count` floats at a fence, all of it `value`.
  func floats(_ count: Int, at end: End, filledWith value: Float = .nan) -> UnsafeMutablePointer<Float> {
    precondition(count * MemoryLayout<Float>.size <= bytes)
    allow(PROT_READ | PROT_WRITE)
    let offset = end == .first ? 0 : bytes - count * MemoryLayout<Float>.size
    let floats = (mapping + fence + offset).bindMemory(to: Float.self, capacity: count)
    floats.update(repeating: value, count: count)
    return floats
  }

  /// A copy of `count` floats at a fence, which nobody may write to.
  func constant(_ source: UnsafePointer<Float>, _ count: Int, at end: End) -> UnsafePointer<Float> {
    let floats = floats(count, at: end)
    floats.update(from: source, count: count)
    protect()
    return UnsafePointer(floats)
  }

  /// Makes the memory constant until it is asked for again.
  func protect() { allow(PROT_READ) }

  /// Makes the memory as untouchable as the fences until it is asked for again.
  func forbid() { allow(PROT_NONE) }
}
