import SystemPackage

/// Why a run folder could not be written or read.
public enum ResultsError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A system call failed. `action` completes "cannot …".
  case system(action: String, path: String, errno: Errno)
  /// The folder for a new run has something in it already.
  case folderNotEmpty(path: String)
  /// The path of a run folder is not a folder.
  case notAFolder(path: String)
  /// Another process made its files in the folder first.
  case folderTaken(path: String)
  /// Another process writes to the folder of the run.
  case folderBusy(path: String)
  /// A folder without a description of a run.
  case notARun(path: String, file: String)
  /// A CSV file without a complete first line.
  case noHeader(file: String, expected: String)
  /// A header with another name in a column.
  case header(file: String, column: Int, value: String, expected: String)
  /// A line with too few or too many fields.
  case fieldCount(file: String, line: Int, count: Int, expected: Int)
  /// A field that is not a value of its column.
  case field(file: String, line: Int, column: String, value: String, expected: String)
  /// Bytes that are not CSV.
  case malformedCSV(file: String, line: Int, String)
  /// A last line without an end.
  case incompleteLine(file: String, line: Int)
  /// A JSON file that does not hold what it should.
  case json(file: String, reason: String)
  /// A file that is no tuning cache.
  case tuningCache(file: String, reason: String)
  /// A folder, a pipe or a device where a file is to be.
  case notARegularFile(path: String)
  /// A value that JSON cannot hold, such as a NaN.
  case notJSON(reason: String)
  /// The page and the plots of a report were not written within `limit` seconds.
  case reportNotDone(path: String, limit: Int)
  /// A file of another version of the format.
  case schema(file: String, version: Int, expected: Int)

  /// One sentence that names the file, the value and what was expected.
  public var description: String {
    switch self {
    case .system(let action, let path, let errno):
      "cannot \(action) \(path): \(errno)"
    case .folderNotEmpty(let path):
      "the output folder \(path) is not empty; expected a new or an empty one, such as \(path)-2"
    case .notAFolder(let path):
      "\(path) is not a folder; expected the folder of a run"
    case .folderTaken(let path):
      "another run writes to \(path) already; expected a folder of this run's own, such as \(path)-2"
    case .folderBusy(let path):
      "another process is writing to \(path); expected the folder of a run that has stopped"
    case .notARun(let path, let file):
      "there is no \(file) in \(path); expected the folder of a run"
    case .noHeader(let file, let expected):
      "\(file):1: the header is missing or incomplete; expected a first line that begins with \(expected)"
    case .header(let file, let column, let value, let expected):
      "\(file):1: column \(column) is called \(Self.quoted(value)); expected \(expected)"
    case .fieldCount(let file, let line, let count, let expected):
      "\(file):\(line): the line has \(count) fields; expected \(expected)"
    case .field(let file, let line, let column, let value, let expected):
      "\(file):\(line): \(column) is \(Self.quoted(value)); expected \(expected)"
    case .malformedCSV(let file, let line, let problem):
      "\(file):\(line): \(problem)"
    case .incompleteLine(let file, let line):
      "\(file):\(line): the last line is incomplete; expected it to end with a line end"
    case .json(let file, let reason):
      "\(file) is not the description of a run: \(reason)"
    case .tuningCache(let file, let reason):
      "\(file) is not a tuning cache: \(reason)"
    case .notARegularFile(let path):
      "\(path) is a folder, a pipe or a device; expected a file"
    case .notJSON(let reason):
      "a value cannot be written as JSON: \(reason)"
    case .reportNotDone(let path, let limit):
      "the plots and report.html of \(path) were not done within \(limit) s; expected threads and a gnuplot that ends"
    case .schema(let file, let version, let expected):
      "\(file) has schema version \(version); expected \(expected)"
    }
  }

  /// Whether the system refused to read or write, rather than a file's content being wrong.
  public var isSystemError: Bool {
    switch self {
    case .system, .folderNotEmpty, .notAFolder, .folderTaken, .folderBusy, .notARun, .notARegularFile, .reportNotDone:
      true
    default: false
    }
  }

  /// The system's reason, if it was the system that refused.
  var errno: Errno? {
    if case .system(_, _, let errno) = self { errno } else { nil }
  }

  /// Whether the first line of a CSV file is not that of this version's columns.
  var isOfHeader: Bool {
    switch self {
    case .header, .fieldCount(_, line: 1, _, _): true
    default: false
    }
  }

  /// `value` on one line and no longer than a message can bear.
  private static func quoted(_ value: String) -> String {
    let shown = value.unicodeScalars.prefix(60)
    let ellipsis = shown.count < value.unicodeScalars.count ? "…" : ""
    return String(String.UnicodeScalarView(shown)).debugDescription + ellipsis
  }
}
