import ArgumentParser
import Foundation
import SystemPackage

/// Standard output and standard error of the command line.
///
/// `print` drops what cannot be written without a word, and Foundation's `FileHandle` ends the process. Here, a full disk
/// behind standard output is an error with a sentence, and a reader that has seen enough, such as `head`, is none.
enum StandardStreams {
  /// Makes writing safe for the whole process. Call it first, before a file is opened.
  static func prepare() {
    // A standard stream that the caller has closed would become the first file that is opened, and that file would get
    // what is printed. The null device, open for reading, refuses it instead.
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
      _ = open("/dev/null", O_RDONLY)
    }
    // A pipe without a reader, and a file that has reached its size limit, are then errors of `write`. By default both
    // would end the process, with rows in memory.
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
  }

  /// Writes to standard output, at once.
  ///
  /// - Throws: `Errno`, but not for a pipe that nobody reads any more: what is not wanted is not missing.
  static func write(_ text: String) throws(Errno) {
    do {
      try FileDescriptor.standardOutput.writeAll(text.utf8)
    } catch {
      let errno = error as? Errno ?? .ioError
      if errno != .brokenPipe { throw errno }
    }
  }
}

/// Prints text and a line end on standard output.
///
/// - Throws: the error that ends the process with 74, after one sentence on standard error, if it cannot be written.
func printToStandardOutput(_ text: String) throws {
  do throws(Errno) { try StandardStreams.write(text + "\n") } catch {
    throw Exit.failure("cannot write to standard output: \(error)", Exit.io)
  }
}

/// Prints a line on standard error. If that fails, there is nobody to tell.
func printToStandardError(_ line: String) { _ = try? FileDescriptor.standardError.writeAll("\(line)\n".utf8) }
