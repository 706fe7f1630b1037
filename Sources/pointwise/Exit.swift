import ArgumentParser

/// The exit codes of the command line, as sysexits.h has them.
enum Exit {
  /// A row is incorrect.
  static let incorrect = ExitCode(1)
  /// The command line is wrong.
  static let usage = ExitCode(64)
  /// A file's content, or the machine, does not allow what was asked for.
  static let data = ExitCode(65)
  /// Reading or writing failed.
  static let io = ExitCode(74)

  // A run that a signal stopped ends with 128 and the signal's number, as shells have it: see `Interruption`.

  /// Prints one sentence on standard error, and gives the error that ends the process with `code`.
  static func failure(_ message: some CustomStringConvertible, _ code: ExitCode) -> any Error {
    printToStandardError("Error: \(message)")
    return code
  }
}
