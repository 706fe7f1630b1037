import SystemPackage
import Topology

/// The text files through which Linux describes a machine, below any root, so that a test can show another machine.
struct SystemFiles {
  let root: FilePath

  /// A whole file, or nil if it cannot be read.
  func bytes(_ path: String) -> [UInt8]? {
    // These files are a few kilobytes. The limit keeps a wrong root from filling the memory.
    try? FileBytes.read(root.pushing(FilePath(path)), limit: 16 << 20)
  }

  /// A whole file without the white space around it, or nil if it cannot be read, is not UTF-8, or is empty.
  func text(_ path: String) -> String? {
    guard let bytes = bytes(path), let text = String(validating: bytes, as: UTF8.self) else { return nil }
    // Device tree strings end with a NUL.
    let trimmed = text.trimmingPrefix { $0.isWhitespace }.reversed()
      .drop { $0.isWhitespace || $0 == "\0" }.reversed()
    return trimmed.isEmpty ? nil : String(trimmed)
  }

  /// The lines of a file that are not empty; none if it cannot be read.
  func lines(_ path: String) -> [String] {
    text(path)?.split(whereSeparator: \.isNewline).map(String.init) ?? []
  }

  /// The "name : value" lines of a file.
  func fields(_ path: String) -> [(name: String, value: String)] {
    lines(path).compactMap { line in
      guard let colon = line.firstIndex(of: ":") else { return nil }
      let value = line[line.index(after: colon)...].words.joined(separator: " ")
      return (line[..<colon].words.joined(separator: " "), value)
    }
  }

  /// The CPUs that a file lists, such as "0-3,8"; the empty set for an empty file, nil if it cannot be read.
  func cpus(_ path: String) -> CPUSet? {
    bytes(path).flatMap { bytes in try? CPUSet(list: String(decoding: bytes, as: UTF8.self)) }
  }

  /// The names in a folder; none if it cannot be read.
  func names(_ path: String) -> [String] {
    (try? FileBytes.names(inFolder: root.pushing(FilePath(path)))) ?? []
  }
}

extension [(name: String, value: String)] {
  /// The value of the first field with a name; nil if there is none, or if it is empty.
  func first(of name: String) -> String? {
    first { $0.name == name && !$0.value.isEmpty }?.value
  }
}

extension StringProtocol where SubSequence == Substring {
  /// The parts between white space.
  var words: [String] { split(whereSeparator: { $0.isWhitespace }).map { String($0) } }
}
