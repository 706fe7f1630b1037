import SystemPackage

/// The folder of a run whose process has ended, claimed so that it can go on.
///
/// Nothing in the folder changes before ``reopen()``. No other process can claim it while this value lives.
public final class StoppedRun {
  /// The folder.
  public let path: String
  /// What the folder holds, without incomplete lines.
  public let contents: RunFolder.Contents
  /// Cases with samples, but without a row: the process ended between the two.
  public let casesWithoutRow: Set<String>
  /// Cases whose measurement a signal ended early: they have a row, and are measured again.
  public let casesCutShort: Set<String>
  private let results: LineFile
  private var isHandedOver = false

  /// Claims the folder at `path` and reads it.
  ///
  /// - Throws: `ResultsError` if it is not the folder of a run, is still written to, or cannot be read.
  public init(at path: String) throws(ResultsError) {
    let file = FilePath(path).appending(RunFolder.File.results)
    do { results = try LineFile(appendingTo: file) } catch .noSuchFileOrDirectory {
      throw RunFolder.missing(RunFolder.File.results, in: path)
    } catch .notDirectory {
      throw .notAFolder(path: path)
    } catch {
      throw .system(action: "append to", path: "\(file)", errno: error)
    }
    self.path = path
    do throws(ResultsError) {
      do { try results.lock() } catch .wouldBlock {
        throw .folderBusy(path: path)
      } catch {
        throw .system(action: "lock", path: "\(file)", errno: error)
      }
      // Another process that goes on with the run has put another file in its place since it was opened.
      if !results.hasItsPath { throw .folderBusy(path: path) }
      contents = try RunFolder.read(path)
    } catch {
      try? results.descriptor.close()
      throw error
    }
    casesWithoutRow = Set(contents.samples.map(\.caseKey)).subtracting(contents.rows.map(\.caseKey))
    casesCutShort = Set(contents.rows.lazy.filter(\.wasCutShort).map(\.caseKey))
  }

  deinit {
    if !isHandedOver { try? results.descriptor.close() }
  }

  /// The rows that stay.
  public var finishedRows: [Row] { contents.rows.filter { !casesCutShort.contains($0.caseKey) } }

  /// What ``reopen()`` takes out of the files although it was measured: rows that were cut short, with their samples. It
  /// is better than nothing if the case is not reached again.
  public var cutShort: [(row: Row, samples: [Sample])] {
    let samples = Dictionary(grouping: contents.samples.lazy.filter { self.casesCutShort.contains($0.caseKey) }) {
      $0.caseKey
    }
    return contents.rows.filter { casesCutShort.contains($0.caseKey) }.map { ($0, samples[$0.caseKey] ?? []) }
  }

  /// Removes incomplete lines, rows that were cut short, and the samples of both and of cases without a row, which will be
  /// measured again, and opens the folder for appending. The lock goes over to the folder.
  ///
  /// - Precondition: it was not called before.
  /// - Throws: `ResultsError.system` if the folder cannot be written.
  public func reopen() throws(ResultsError) -> RunFolder {
    precondition(!isHandedOver, "a run goes on once")
    let file = FilePath(path).appending(RunFolder.File.samples)
    let again = casesWithoutRow.union(casesCutShort)
    var results = results
    if !contents.dropped.isEmpty || !again.isEmpty {
      // Samples first: should this process end in between, the next one finds the rows and their samples as they were.
      var lines = Sample.csvHeader
      for sample in contents.samples where !again.contains(sample.caseKey) { lines += sample.csvLine }
      try FileBytes.replace(file, with: Array(lines.utf8))
      if casesCutShort.isEmpty {
        try results.truncate(to: contents.completeBytesOfResults)
      } else {
        results = try results.replaced(with: Row.csvHeader + finishedRows.map(\.csvLine).joined())
        isHandedOver = true
      }
    }
    let samples: LineFile
    do { samples = try LineFile(appendingTo: file) } catch {
      if isHandedOver { try? results.descriptor.close() }
      throw .system(action: "append to", path: "\(file)", errno: error)
    }
    isHandedOver = true
    return RunFolder(path: path, results: results, samples: samples)
  }
}
