import Layers

/// A line of a file.
public struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
  /// The file's path as it was given, or put together from the paths that lead to it.
  public let file: String
  /// The line, counted from 1; nil where the whole file is meant.
  public let line: Int?

  /// Makes a location.
  public init(file: String, line: Int?) {
    self.file = file
    self.line = line
  }

  /// The form that editors and compilers share: `file:line`.
  public var description: String { line.map { "\(file):\($0)" } ?? file }
}

/// Why a suite cannot be used.
public struct SuiteError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Where the problem is; nil if it is in no file.
  public let location: SourceLocation?
  /// What was found and what was expected, without the place.
  public let message: String

  /// Makes an error.
  public init(_ message: String, at location: SourceLocation?) {
    self.location = location
    self.message = message
  }

  /// One sentence on one line: file and line, what was found and what was expected.
  public var description: String { printable(location.map { "\($0): \(message)" } ?? message) }
}
