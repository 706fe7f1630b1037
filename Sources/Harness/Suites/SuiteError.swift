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

/// `text` with control characters escaped, so that no file's content can break a line or command a terminal.
func printable(_ text: some StringProtocol) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    if scalar.properties.generalCategory == .control {
      result += scalar.escaped(asASCII: true)
    } else {
      result.unicodeScalars.append(scalar)
    }
  }
  return result
}

/// At most 40 characters of `text`, for a sentence that quotes it.
func shortened(_ text: some StringProtocol) -> String {
  var beginning = String.UnicodeScalarView(text.unicodeScalars.prefix(40))
  if text.unicodeScalars.count > beginning.count { beginning.append("…") }
  return String(beginning)
}
