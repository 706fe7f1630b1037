import Foundation
import Results
import SystemPackage

/// A file that a command will write at its end, if all goes well.
struct OutputFile {
  /// The path as it was given.
  let path: String
  /// The file itself, behind any symbolic link.
  private let target: FilePath

  /// Checks that a regular file can be put at `path`, so that nothing is computed in vain.
  ///
  /// - Throws: the error that ends the process with 74, after one sentence on standard error.
  init(_ path: String) throws {
    self.path = path
    var target = FilePath(path)
    if let end = realpath(path, nil) {
      defer { free(end) }
      target = FilePath(String(cString: end))
      if let stat = try? Stat(target), stat.type != .regular {
        throw Exit.failure(
          "--output \(path) is \(stat.type == .directory ? "a folder" : "a pipe or a device"), but a file was expected",
          Exit.io)
      }
    }
    self.target = target
    let folder = target.removingLastComponent()
    if access(folder.isEmpty ? "." : folder.string, W_OK) != 0 {
      throw Exit.failure("--output \(path) cannot be written: \(Errno(rawValue: errno))", Exit.io)
    }
  }

  /// Puts `bytes` there at once: under a temporary name first, which is then renamed.
  ///
  /// - Throws: the error that ends the process with 74, after one sentence on standard error.
  func write(_ bytes: [UInt8]) throws {
    do throws(ResultsError) { try FileBytes.replace(target.string, with: bytes) } catch {
      throw Exit.failure(error, Exit.io)
    }
  }
}
