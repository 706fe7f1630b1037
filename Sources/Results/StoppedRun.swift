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
      contents = try RunFolder.read(path)
    } catch {
      try? results.descriptor.close()
      throw error
    }
    casesWithoutRow = Set(contents.samples.map(\.caseKey)).subtracting(contents.rows.map(\.caseKey))
  }

  deinit {
    if !isHandedOver { try? results.descriptor.close() }
  }

  /// Removes incomplete lines and the samples of cases without a row, which will be measured again, and opens the folder
  /// for appending. The lock goes over to the folder.
  ///
  /// - Precondition: it was not called before.
  /// - Throws: `ResultsError.system` if the folder cannot be written.
  public func reopen() throws(ResultsError) -> RunFolder {
    precondition(!isHandedOver, "a run goes on once")
    let file = FilePath(path).appending(RunFolder.File.samples)
    if !contents.dropped.isEmpty || !casesWithoutRow.isEmpty {
      // Samples first: should this process end in between, the next one finds the rows and their samples as they were.
      var lines = Sample.csvHeader
      for sample in contents.samples where !casesWithoutRow.contains(sample.caseKey) { lines += sample.csvLine }
      try FileBytes.replace(file, with: Array(lines.utf8))
      try results.truncate(to: contents.completeBytesOfResults)
    }
    let samples: LineFile
    do { samples = try LineFile(appendingTo: file) } catch {
      throw .system(action: "append to", path: "\(file)", errno: error)
    }
    isHandedOver = true
    return RunFolder(path: path, results: results, samples: samples)
  }
}
