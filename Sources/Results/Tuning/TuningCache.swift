import Foundation
import SystemPackage

/// A file of tuned choices, for any number of machines: JSON with a schema number and a list of ``TuningEntry``.
///
/// Writing is reading what is there, merging, and replacing the file at once, under a lock beside it (`FILE.lock`): several
/// processes that tune at the same time keep each other's entries, and a reader sees the old file or the new one.
public struct TuningCache: Sendable {
  /// The version of the format that this code reads and writes.
  public static let schemaVersion = 1

  /// The path of the file.
  public let path: String

  private struct Contents: Codable {
    var schema: Int
    var entries: [TuningEntry]
  }

  /// The number of the schema, which is read before anything else.
  private struct Schema: Decodable {
    var schema: Int
  }

  /// The cache at `path`, which need not exist.
  public init(_ path: String) { self.path = path }

  /// Where a user's cache is: `pointwiselab/tuning.json` in `$XDG_CACHE_HOME`, or else in `.cache` of `$HOME`.
  ///
  /// As the XDG Base Directory Specification has it, a path that is empty or not absolute is ignored.
  ///
  /// - Returns: nil if no variable says where.
  public static func standardPath(_ environment: [String: String]) -> String? {
    func folder(_ name: String) -> FilePath? {
      environment[name].map { FilePath($0) }.flatMap { $0.isAbsolute ? $0 : nil }
    }
    return (folder("XDG_CACHE_HOME") ?? folder("HOME")?.appending(".cache"))?
      .appending("pointwiselab").appending("tuning.json").string
  }

  /// The entries, in the order of the file; none if there is no file.
  ///
  /// - Throws: `ResultsError` if it cannot be read, is of another version, or is no tuning cache.
  public func entries() throws(ResultsError) -> [TuningEntry] {
    guard let bytes = try bytes() else { return [] }
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    let contents: Contents
    do {
      let data = Data(bytes)
      let schema = try decoder.decode(Schema.self, from: data).schema
      if schema != Self.schemaVersion {
        throw ResultsError.schema(file: path, version: schema, expected: Self.schemaVersion)
      }
      contents = try decoder.decode(Contents.self, from: data)
    } catch let error as ResultsError {
      throw error
    } catch let error as DecodingError {
      throw .tuningCache(file: path, reason: error.sentence)
    } catch {
      throw .tuningCache(file: path, reason: "\(error)")
    }
    for (index, entry) in contents.entries.enumerated() {
      if let fault = entry.fault { throw .tuningCache(file: path, reason: "in entries.\(index), \(fault)") }
    }
    return contents.entries
  }

  /// Makes the folder of the file, and checks that the file can be written, so that nothing is measured in vain.
  ///
  /// - Throws: `ResultsError`, as the other functions do.
  public func prepare() throws(ResultsError) {
    _ = try entries()
    try locked { () throws(ResultsError) in }
  }

  /// Adds entries, each in place of the one with its key.
  ///
  /// - Throws: `ResultsError`; the file is then what it was.
  public func merge(_ new: [TuningEntry]) throws(ResultsError) {
    try change { entries in
      for entry in new {
        if let index = entries.firstIndex(where: { $0.key == entry.key }) {
          entries[index] = entry
        } else {
          entries.append(entry)
        }
      }
    }
  }

  /// Removes the entries of a machine, and says how many they were.
  ///
  /// - Throws: `ResultsError`; the file is then what it was.
  public func forget(_ machine: TuningEntry.Machine) throws(ResultsError) -> Int {
    // Without a file there is nothing to forget, and no reason to make one.
    if try bytes() == nil { return 0 }
    var count = 0
    try change { entries in
      let kept = entries.filter { $0.key.machine != machine }
      count = entries.count - kept.count
      entries = kept
    }
    return count
  }

  // MARK: Files

  private func change(_ body: (inout [TuningEntry]) -> Void) throws(ResultsError) {
    try locked { () throws(ResultsError) in
      var entries = try self.entries()
      body(&entries)
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      encoder.dateEncodingStrategy = .iso8601
      let data: Data
      do { data = try encoder.encode(Contents(schema: Self.schemaVersion, entries: entries)) } catch {
        throw .notJSON(reason: "\(error)")
      }
      try FileBytes.replace(target, with: Array(data) + [UInt8(ascii: "\n")])
    }
  }

  /// The bytes of the file; nil if there is none.
  private func bytes() throws(ResultsError) -> [UInt8]? {
    do {
      // Not a pipe, which would block, nor a device, which replacing would remove.
      if let stat = try? Stat(FilePath(path)), stat.type != .regular {
        throw ResultsError.notARegularFile(path: path)
      }
      return try FileBytes.read(FilePath(path))
    } catch let error as ResultsError {
      throw error
    } catch let error as Errno {
      if error == .noSuchFileOrDirectory { return nil }
      throw .system(action: "read", path: path, errno: error)
    } catch {
      throw .system(action: "read", path: path, errno: .ioError)
    }
  }

  /// The file itself, behind any symbolic link, which replacing would remove.
  private var target: FilePath {
    guard let end = realpath(path, nil) else { return FilePath(path) }
    defer { free(end) }
    return FilePath(String(cString: end))
  }

  /// Does something while no other process changes the file.
  private func locked(_ body: () throws(ResultsError) -> Void) throws(ResultsError) {
    let folder = FilePath(path).removingLastComponent()
    if !folder.isEmpty { try FileBytes.makeFolders(folder.string) }
    // A file of its own: the cache is replaced, and a lock on the old one would hold nobody.
    let lock = "\(target).lock"
    let descriptor: FileDescriptor
    do {
      descriptor = try FileDescriptor.open(
        lock, .readWrite, options: [.create, .closeOnExec], permissions: [.ownerReadWrite, .groupRead, .otherRead])
    } catch {
      throw .system(action: "lock", path: lock, errno: error as? Errno ?? .ioError)
    }
    // Closing gives the lock up; an error that it finds changes nothing about the cache.
    defer { try? descriptor.close() }
    while flock(descriptor.rawValue, LOCK_EX) != 0 {
      let error = Errno(rawValue: errno)
      if error != .interrupted { throw .system(action: "lock", path: lock, errno: error) }
    }
    try body()
  }
}
