import Foundation
import Synchronization
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The folder of a run while it is being measured.
///
/// Every row and every sample is with the system when the call that appended it returns, so a run that is killed
/// leaves what it measured. One process owns the folder: its files are created exclusively, and results.csv is locked
/// until the process ends.
///
/// Appending is meant for one thread at a time; lines of several threads do not mix, but their order is not defined.
public final class RunFolder: Sendable {
  /// The folder.
  public let path: String
  private let results: Mutex<LineFile>
  private let samples: LineFile

  /// The names of the files in the folder of a run.
  public enum File {
    /// The description of the run.
    public static let manifest = "run.json"
    /// A row a case.
    public static let results = "results.csv"
    /// Every sample.
    public static let samples = "samples.csv"
    /// The report for people.
    public static let report = "report.md"
    /// The same as a page for a browser.
    public static let page = "report.html"
  }

  /// Makes a folder, and those above it that are missing, or takes an empty one, and puts the headers into it.
  ///
  /// - Throws: `ResultsError` if the path is a file or a folder with something in it, if it cannot be written, or if
  ///   another run takes the folder at the same time.
  public convenience init(creating path: String) throws(ResultsError) {
    let folder = FilePath(path)
    do {
      try FileBytes.makeFolders(folder)
    } catch .fileExists {
      let names: [String]
      do { names = try FileBytes.names(inFolder: folder) } catch .notDirectory {
        throw .notAFolder(path: path)
      } catch {
        throw .system(action: "read the folder", path: path, errno: error)
      }
      if !names.isEmpty { throw .folderNotEmpty(path: path) }
    } catch {
      throw .system(action: "create the folder", path: path, errno: error)
    }
    try self.init(claiming: folder)
  }

  /// Makes the default folder `parent/<host>-<suite>-<yyyymmdd-hhmmss>`.
  ///
  /// If two runs begin in the same second, the later one's name ends with "-2", and so on.
  ///
  /// - Throws: `ResultsError` if it cannot be written.
  public convenience init(
    in parent: String = "Reports", host: String?, suite: String, date: Date, timeZone: TimeZone = .current
  ) throws(ResultsError) {
    let name = Self.defaultName(host: host, suite: suite, date: date, timeZone: timeZone)
    let parentFolder = FilePath(parent)
    do { try FileBytes.makeFolders(parentFolder) } catch .fileExists {} catch {
      throw .system(action: "create the folder", path: parent, errno: error)
    }
    var number = 1
    while true {
      let folder = parentFolder.appending(number == 1 ? name : "\(name)-\(number)")
      do {
        try FileBytes.makeFolder(folder)
        try self.init(claiming: folder)
        return
      } catch let error as Errno {
        guard error == .fileExists, number < 100 else {
          throw .system(action: "create the folder", path: "\(folder)", errno: error)
        }
      } catch let error as ResultsError {
        throw error
      } catch {
        throw .system(action: "create the folder", path: "\(folder)", errno: .ioError)
      }
      number += 1
    }
  }

  private init(claiming folder: FilePath) throws(ResultsError) {
    path = "\(folder)"
    let results = try Self.create(File.results, in: folder)
    self.results = Mutex(results)
    do throws(ResultsError) {
      do { try results.lock() } catch .wouldBlock {
        throw .folderTaken(path: path)
      } catch {
        throw .system(action: "lock", path: results.path, errno: error)
      }
      samples = try Self.create(File.samples, in: folder)
    } catch {
      try? results.descriptor.close()
      throw error
    }
    try results.append(Row.csvHeader)
    try samples.append(Sample.csvHeader)
  }

  /// The folder of a run that goes on.
  init(path: String, results: LineFile, samples: LineFile) {
    self.path = path
    self.results = Mutex(results)
    self.samples = samples
  }

  deinit {
    // `finish()` has synchronised the files. If it was not called, an error that closing finds has nobody to go to.
    results.withLock { try? $0.descriptor.close() }
    try? samples.descriptor.close()
  }

  private static func create(_ name: String, in folder: FilePath) throws(ResultsError) -> LineFile {
    do { return try LineFile(creating: folder.appending(name)) } catch .fileExists {
      throw .folderTaken(path: "\(folder)")
    } catch {
      throw .system(action: "create", path: "\(folder.appending(name))", errno: error)
    }
  }

  /// The default name of the folder of a run. What is not a letter, a digit or one of `._+-` in ASCII becomes `-`.
  /// Without a suite, it has no part for it.
  public static func defaultName(host: String?, suite: String?, date: Date, timeZone: TimeZone = .current) -> String {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = timeZone
    let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
    func digits(_ value: Int?, _ count: Int) -> String {
      let text = String(value ?? 0)
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    let day = digits(parts.year, 4) + digits(parts.month, 2) + digits(parts.day, 2)
    let time = digits(parts.hour, 2) + digits(parts.minute, 2) + digits(parts.second, 2)
    let suitePart = suite.map { "-" + nameForFile($0) } ?? ""
    return "\(nameForFile(host ?? "unknown"))\(suitePart)-\(day)-\(time)"
  }

  private static func nameForFile(_ text: String) -> String {
    let name = String(
      text.map { $0.isASCII && ($0.isLetter || $0.isNumber || "._+-".contains($0)) ? $0 : "-" }.prefix(80))
    return name.isEmpty ? "unknown" : name
  }

  /// Appends the row of a case.
  ///
  /// - Throws: `ResultsError.system` if it cannot be written; the file then ends with the row before.
  public func append(_ row: Row) throws(ResultsError) {
    try results.withLock { file throws(ResultsError) in try file.append(row.csvLine) }
  }

  /// Puts `rows` in the place of those that are there, at once.
  ///
  /// - Throws: `ResultsError.system` if they cannot be written; those that were there stay.
  public func replaceRows(_ rows: [Row]) throws(ResultsError) {
    let lines = Row.csvHeader + rows.map(\.csvLine).joined()
    try results.withLock { file throws(ResultsError) in file = try file.replaced(with: lines) }
  }

  /// Appends the samples of a case, in one write.
  ///
  /// - Throws: `ResultsError.system` if they cannot be written; the file then ends as it did before.
  public func append(_ batch: [Sample]) throws(ResultsError) {
    if batch.isEmpty { return }
    var lines = ""
    for sample in batch { lines += sample.csvLine }
    try samples.append(lines)
  }

  /// Writes run.json, or replaces it at once.
  public func write(_ manifest: RunManifest) throws(ResultsError) {
    try FileBytes.replace(FilePath(path).appending(File.manifest), with: manifest.json())
  }

  /// Waits until rows and samples are on the disk. Call it once, after the last of them.
  public func finish() throws(ResultsError) {
    for file in [results.withLock { $0 }, samples] where fsync(file.descriptor.rawValue) != 0 {
      throw .system(action: "write", path: file.path, errno: Errno(rawValue: errno))
    }
  }

  /// Writes a text such as a report into the folder of a run, finished or not, or replaces it at once.
  public static func write(_ text: String, to name: String, in path: String) throws(ResultsError) {
    try FileBytes.replace(FilePath(path).appending(name), with: Array(text.utf8))
  }

  /// Puts files into a folder within the folder of a run, and removes those that are not among them.
  ///
  /// The folder is made if there are files, and removed if it is empty afterwards.
  ///
  /// - Parameters:
  ///   - files: their contents, by their names.
  ///   - name: the folder within the folder of the run.
  ///   - path: the folder of the run.
  ///   - endings: what the names of the files end with that may be removed; no others are touched.
  public static func write(
    _ files: [String: [UInt8]], toSubfolder name: String, of path: String, replacing endings: [String]
  ) throws(ResultsError) {
    let folder = FilePath(path).appending(name)
    if !files.isEmpty {
      do { try FileBytes.makeFolder(folder) } catch .fileExists {} catch {
        throw .system(action: "create the folder", path: "\(folder)", errno: error)
      }
    }
    for (name, bytes) in files { try FileBytes.replace(folder.appending(name), with: bytes) }
    let names: [String]
    do { names = try FileBytes.names(inFolder: folder) } catch .noSuchFileOrDirectory {
      return
    } catch {
      throw .system(action: "read the folder", path: "\(folder)", errno: error)
    }
    var left = names.count
    for name in names where files[name] == nil && endings.contains(where: name.hasSuffix) {
      let file = folder.appending(name)
      if file.withPlatformString({ unlink($0) }) != 0 {
        throw .system(action: "remove", path: "\(file)", errno: Errno(rawValue: errno))
      }
      left -= 1
    }
    if left == 0, folder.withPlatformString({ rmdir($0) }) != 0 {
      throw .system(action: "remove the folder", path: "\(folder)", errno: Errno(rawValue: errno))
    }
  }

  /// What a run folder holds.
  public struct Contents: Sendable {
    /// The description of the run.
    public var manifest: RunManifest
    /// The rows, in the order in which they were measured.
    public var rows: [Row]
    /// The samples.
    public var samples: [Sample]
    /// Incomplete last lines that were dropped: the run was killed while it wrote them.
    public var dropped: [DroppedLine]
    /// The bytes of results.csv up to the end of the last complete row.
    var completeBytesOfResults = 0

    /// What a folder would hold: a run that is not on a disk.
    public init(manifest: RunManifest, rows: [Row], samples: [Sample], dropped: [DroppedLine] = []) {
      self.manifest = manifest
      self.rows = rows
      self.samples = samples
      self.dropped = dropped
    }
  }

  /// Reads the folder of a run, finished or not.
  ///
  /// - Throws: `ResultsError` if a file is missing or is not what it should be. An incomplete last line of a CSV file is
  ///   not an error: it is listed in `dropped`.
  public static func read(_ path: String) throws(ResultsError) -> Contents {
    let folder = FilePath(path)
    func bytes(_ name: String) throws(ResultsError) -> (bytes: [UInt8], file: String) {
      let file = folder.appending(name)
      do { return (try FileBytes.read(file), "\(file)") } catch .noSuchFileOrDirectory {
        throw Self.missing(name, in: path)
      } catch .notDirectory {
        throw .notAFolder(path: path)
      } catch {
        throw .system(action: "read", path: "\(file)", errno: error)
      }
    }
    // One file after the other, so that the bytes of one are gone before the next is read.
    func table<Record: CSVRecord>(_ name: String) throws(ResultsError) -> CSVTable<Record> {
      let contents = try bytes(name)
      return try Record.read(csv: contents.bytes, file: contents.file, incompleteLastLine: .isDropped)
    }
    // run.json first: a folder of another version is refused by its version, and not by the columns that it lacks.
    let manifestFile = try bytes(File.manifest)
    let manifest = try RunManifest(json: manifestFile.bytes, file: manifestFile.file)
    let resultsFile = "\(folder.appending(File.results))"
    let rowTable: CSVTable<Row>
    do { rowTable = try table(File.results) } catch {
      guard error.isOfHeader, let version = try Self.version(ofResults: bytes(File.results).bytes),
        version != Row.schemaVersion
      else { throw error }
      throw .schema(file: resultsFile, version: version, expected: Row.schemaVersion)
    }
    for row in rowTable.records where row.schema != Row.schemaVersion {
      throw .schema(file: resultsFile, version: row.schema, expected: Row.schemaVersion)
    }
    let sampleTable: CSVTable<Sample>
    do { sampleTable = try table(File.samples) } catch {
      guard error.isOfHeader, manifest.schema < RunManifest.schemaVersion else { throw error }
      throw .schema(
        file: "\(folder.appending(File.samples))", version: manifest.schema, expected: RunManifest.schemaVersion)
    }
    var contents = Contents(
      manifest: manifest, rows: rowTable.records, samples: sampleTable.records,
      dropped: [rowTable.dropped, sampleTable.dropped].compactMap { $0 })
    contents.completeBytesOfResults = rowTable.completeBytes
    return contents
  }

  /// The version that the first row of a results.csv has, whatever its other columns are; nil if it has none.
  private static func version(ofResults bytes: [UInt8]) -> Int? {
    let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 2)
    guard lines.count > 1, lines[0].starts(with: "schema,".utf8) else { return nil }
    return Int(String(decoding: lines[1].prefix { $0 != UInt8(ascii: ",") }, as: UTF8.self))
  }

  /// Says that a file is not in a folder, or that there is no such folder.
  static func missing(_ name: String, in path: String) -> ResultsError {
    do { _ = try FileBytes.names(inFolder: FilePath(path)) } catch {
      return .system(action: "read the folder", path: path, errno: error)
    }
    return .notARun(path: path, file: name)
  }
}
