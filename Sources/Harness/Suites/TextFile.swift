import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Reading a whole text file.
enum TextFile {
  /// The largest file that is read, in bytes. Suites are a few kilobytes; the limit keeps `/dev/zero` from filling
  /// the memory.
  static let maximumSize = 16 << 20
  /// How long a pipe or a device may say nothing, in milliseconds.
  private static let patience: CInt = 10_000

  /// The text of the file at `path`, without a byte order mark.
  ///
  /// - Parameter origin: Where the path is written, if it is in a file; that place is named in the error.
  /// - Throws: `SuiteError` if the file cannot be read, is too large, is empty or is not UTF-8.
  static func read(_ path: String, namedAt origin: SourceLocation? = nil) throws(SuiteError) -> String {
    func error(_ problem: String) -> SuiteError {
      origin.map { SuiteError("'\(path)' \(problem)", at: $0) }
        ?? SuiteError(problem, at: SourceLocation(file: path, line: nil))
    }
    let bytes: [UInt8]
    do {
      bytes = try contents(of: FilePath(path))
    } catch .noSuchFileOrDirectory {
      throw error("does not exist, but a suite file or a file of benchdnn descriptors was expected")
    } catch .isDirectory {
      throw error("is a folder, but a suite file or a file of benchdnn descriptors was expected")
    } catch .permissionDenied {
      throw error("cannot be read: permission denied")
    } catch .fileTooLarge {
      throw error("has more than \(maximumSize >> 20) MiB, but a suite file or a file of descriptors was expected")
    } catch .timedOut {
      throw error("gave nothing for \(patience / 1000) s, but text that ends was expected")
    } catch let errno {
      throw error("cannot be read: \(errno)")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw error("is not UTF-8, but text was expected")
    }
    let content = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
    if content.allSatisfy(\.isWhitespace) { throw error("is empty, but layers were expected") }
    return content
  }

  private static func contents(of path: FilePath) throws(Errno) -> [UInt8] {
    do {
      let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
      return try file.closeAfter {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
          try wait(for: file)
          let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
          if count == 0 { return bytes }
          bytes.append(contentsOf: buffer[..<count])
          if bytes.count > maximumSize { throw Errno.fileTooLarge }
        }
      }
    } catch let errno as Errno {
      throw errno
    } catch {
      throw .ioError
    }
  }

  /// Waits until something can be read, which a file always can. A pipe without a writer never can.
  private static func wait(for file: FileDescriptor) throws(Errno) {
    var watched = pollfd(fd: file.rawValue, events: Int16(POLLIN), revents: 0)
    while true {
      let count = poll(&watched, 1, patience)
      if count > 0 { return }
      if count == 0 { throw .timedOut }
      if errno != EINTR { throw Errno(rawValue: errno) }
    }
  }

  /// `path`, which is written at `origin`, as seen from the folder of that file.
  ///
  /// - Throws: `SuiteError` if no file can have that path.
  static func resolve(_ path: String, writtenAt origin: SourceLocation) throws(SuiteError) -> String {
    // A path ends at a NUL for the system, which would open another file than the one that is named.
    if path.isEmpty || path.unicodeScalars.contains("\0") {
      throw SuiteError("'\(path)' is not a path; a file name was expected", at: origin)
    }
    return FilePath(origin.file).removingLastComponent().pushing(FilePath(path)).string
  }
}
