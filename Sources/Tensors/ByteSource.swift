import SystemPackage

/// Bytes that can be read from any place: a regular file's, or an array's.
struct ByteSource: Sendable {
  /// The file's path, for messages.
  let file: String
  /// How many bytes there are.
  let count: Int
  private let storage: Storage

  private enum Storage: Sendable {
    case memory([UInt8])
    case file(OpenFile)
  }

  /// A descriptor that is closed with its last owner.
  private final class OpenFile: Sendable {
    let descriptor: FileDescriptor
    init(_ descriptor: FileDescriptor) { self.descriptor = descriptor }
    // Nothing was written: there is nothing that closing could lose.
    deinit { try? descriptor.close() }
  }

  /// The bytes of an array.
  init(_ bytes: [UInt8], named file: String) {
    self.file = file
    count = bytes.count
    storage = .memory(bytes)
  }

  /// Opens a regular file.
  ///
  /// - Throws: `TensorError` if it cannot be opened, or is a folder, a pipe or a device: their size is not known, and
  ///   reading them may wait for ever.
  init(opening file: String) throws(TensorError) {
    // A path ends at a NUL for the system, which would open another file than the one that is named.
    if file.isEmpty || file.utf8.contains(0) { throw .system(file: file.isEmpty ? "''" : file, .noSuchFileOrDirectory) }
    let open: OpenFile
    let stat: Stat
    do {
      // Opening a pipe would otherwise wait for a writer.
      open = OpenFile(
        try FileDescriptor.open(FilePath(file), .readOnly, options: [.closeOnExec, .nonBlocking]))
      stat = try open.descriptor.stat()
    } catch {
      throw .system(file: file, error as? Errno ?? .ioError)
    }
    guard stat.type == .regular else {
      let what =
        switch stat.type {
        case .directory: "a folder"
        case .fifo: "a pipe"
        case .socket: "a socket"
        default: "a device"
        }
      throw .notAFile(file: file, what: what)
    }
    self.file = file
    count = Int(stat.size)
    storage = .file(open)
  }

  /// The bytes from `offset`, `length` of them.
  ///
  /// - Requires: they lie within the source.
  /// - Throws: `TensorError` if the file cannot be read, or has become shorter.
  func bytes(at offset: Int, count length: Int) throws(TensorError) -> [UInt8] {
    precondition(offset >= 0 && length >= 0 && offset <= count - length)
    switch storage {
    case .memory(let bytes): return Array(bytes[offset..<offset + length])
    case .file(let open):
      var error: TensorError?
      let bytes = [UInt8](unsafeUninitializedCapacity: length) { buffer, initialised in
        do {
          while initialised < length {
            let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[initialised...])
            let read = try open.descriptor.read(
              fromAbsoluteOffset: Int64(offset + initialised), into: rest)
            if read == 0 {
              error = .content(file: file, message: "it became shorter while it was read; expected \(count) bytes")
              return
            }
            initialised += read
          }
        } catch let errno {
          error = .system(file: file, errno as? Errno ?? .ioError)
        }
      }
      if let error { throw error }
      return bytes
    }
  }
}
