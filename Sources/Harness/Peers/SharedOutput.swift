#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif
import CPlatform
import Layers

/// Memory that the lab and the processes of its peers share: the output of the layer that was computed last.
///
/// It is an anonymous file that every process maps for itself, and that ends with the last of them.
final class SharedOutput {
  /// The descriptor, which a child process gets as ``inherited``.
  let file: CInt
  private var mapping: UnsafeMutableRawBufferPointer?

  /// The descriptor in a peer's process.
  static let inherited: CInt = 3

  /// Makes the memory; its size follows from the layers.
  ///
  /// - Throws: `PeerFailure.start` if the system does not provide it.
  init() throws(PeerFailure) {
    file = platform_memory_file("pointwise-output")
    if file < 0 { throw .start("no shared memory: \(String(cString: strerror(errno)))") }
  }

  /// The memory that a parent process made.
  init(inherited file: CInt) { self.file = file }

  deinit {
    unmap()
    close(file)
  }

  /// `count` floats, mapped anew if there are too few.
  ///
  /// - Throws: `OutOfMemory`.
  func floats(_ count: Int) throws(OutOfMemory) -> UnsafeMutableBufferPointer<Float> {
    let bytes = max(1, count) * MemoryLayout<Float>.stride
    if mapping.map({ $0.count < bytes }) ?? true {
      unmap()
      var status = stat()
      guard fstat(file, &status) == 0, Int(status.st_size) >= bytes || ftruncate(file, off_t(bytes)) == 0,
        let address = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), address != MAP_FAILED
      else { throw OutOfMemory(bytes: bytes) }
      mapping = UnsafeMutableRawBufferPointer(start: address, count: bytes)
    }
    let start = mapping!.baseAddress!.bindMemory(to: Float.self, capacity: count)
    return UnsafeMutableBufferPointer(start: start, count: count)
  }

  private func unmap() {
    if let mapping { munmap(mapping.baseAddress, mapping.count) }
    mapping = nil
  }
}
