import Layers
public import SystemPackage

/// Why a file of tensors cannot be used.
public enum TensorError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The system refused.
  case system(file: String, Errno)
  /// A folder, a pipe or a device.
  case notAFile(file: String, what: String)
  /// The file's content, or a tensor's, is not what was expected; the message says both.
  case content(file: String, message: String)
  /// A tensor needs more memory than there is, in bytes.
  case memory(file: String, needed: Int, available: Int)

  /// Whether the system is at fault rather than a file's content.
  public var isSystemError: Bool {
    switch self {
    case .system, .notAFile: true
    case .content, .memory: false
    }
  }

  /// One sentence that names the file, what was found and what was expected.
  public var description: String {
    switch self {
    case .system(let file, let errno): printable("\(file) cannot be read: \(errno)")
    case .notAFile(let file, let what): printable("\(file) is \(what), but a regular file was expected")
    case .content(let file, let message): printable("\(file): \(message)")
    case .memory(let file, let needed, let available):
      printable("\(file) needs \(needed >> 20) MiB of memory, but only \(available >> 20) MiB are free")
    }
  }
}
