import ArgumentParser
import Foundation
import Harness
import Reports
import Results

/// Carries out a plan, or what is left of it, into a run folder, and reports.
struct RunExecution {
  /// What is to be measured.
  let plan: Plan
  let setup: RunSetup
  let estimate: RunEstimate
  let folder: RunFolder
  var manifest: RunManifest
  /// The rows that are in the folder already.
  let rowsBefore: [Row]
  /// What was measured of cases before, but not to the end. It goes back into the folder where nothing better came of
  /// this run.
  let cutShort: [(row: Row, samples: [Sample])]

  /// Measures until all is done, a signal arrives or something fails, and reports what there is then.
  ///
  /// - Throws: the error that ends the process, after one sentence on standard error.
  func run(_ status: StatusLine, _ interruption: Interruption) throws {
    let ledger = TimeLedger()
    let progress = Progress(plan, estimate, status, visits: setup.settings.visits)
    let writer = RowWriter(
      folder, run: manifest.run, precisionPercent: setup.settings.stopRule.precisionPercent, rows: rowsBefore)
    var manifest = manifest
    var failure: (any Error)?
    do {
      // Before the check, which takes a moment: whoever kills the process leaves a run, not just a folder.
      try folder.write(manifest)
      progress.announce(setup.suites, folder.path)
      let findings = setup.findings(plan)
      manifest.addFindings(findings)
      try folder.write(manifest)
      for line in MachineCheckText.brief(findings) { status.print(line) }
      try Runner(
        plan, topology: setup.topology, catalog: setup.catalog, settings: setup.settings, events: setup.events,
        peers: setup.peerSettings, ledger: ledger
      ).run(
        isInterrupted: {
          progress.update()
          return interruption.isRequested
        },
        peaks: { peaks in
          if interruption.isRequested { return }
          try ledger.spend(on: .writing) {
            manifest.addPeaks(try JSONValue(encoding: peaks))
            try folder.write(manifest)
          }
        },
        starting: { index, group in
          writer.begin(group)
          progress.begin(index)
        },
        report: { result in
          try ledger.spend(on: .writing) { try writer.add(result) }
          progress.finish(result)
        })
    } catch {
      failure = error
    }
    progress.end()

    // Whatever happened: what was measured is kept and reported, as far as the disk takes it.
    func attempt(_ body: () throws -> Void) { do { try body() } catch { failure = failure ?? error } }
    ledger.spend(on: .writing) {
      attempt { try writer.flush() }
      attempt { try writer.restore(cutShort) }
      attempt { try writer.renewSpeedups() }
      attempt { try folder.finish() }
    }
    manifest.status = failure != nil ? .failed : interruption.isRequested ? .interrupted : .complete
    manifest.ended = Date()
    let predictions = RunPredictions(manifest, writer.rows, setup.catalog).pairs.map(\.time)
    manifest.predictions = predictions.isEmpty ? nil : predictions
    let costs = RunManifest.Costs(ledger, memoryBound: setup.memoryBound(plan))
    manifest.addCosts(costs)
    attempt { try folder.write(manifest) }
    attempt { try writeReports(RunFolder.read(folder.path), to: folder.path) }
    // The sentence comes before the table, which nobody may be able to read any more.
    var exit: (any Error)?
    if let failure {
      let isSystemError = (failure as? ResultsError)?.isSystemError ?? false
      exit = Exit.failure(
        "\(Self.clause(failure)); what was measured until then is in \(folder.path)",
        isSystemError ? Exit.io : Exit.data)
    }
    do { try printResults(manifest, writer.rows, in: folder.path) } catch { exit = exit ?? error }
    if let text = CostText.line(costs) { printToStandardError(text) }
    if let exit { throw exit }
    if interruption.isRequested {
      // A signal that comes while the report is written leaves nothing to measure.
      if manifest.status == .interrupted {
        printToStandardError("To measure the rest: pointwise run --resume \(shellQuoted(folder.path))")
      }
      throw ExitCode(interruption.exitCode)
    }
    if writer.rows.contains(where: \.isFault) { throw Exit.incorrect }
  }
}

extension RunExecution {
  /// An error's sentence without its full stop, to be gone on with.
  fileprivate static func clause(_ error: any Error) -> String {
    let sentence = "\(error)"
    return sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
  }
}

/// Prints the table of a run, and where its report is.
func printResults(_ manifest: RunManifest, _ rows: [Row], in folder: String) throws {
  let width = isatty(STDOUT_FILENO) == 1 ? terminalWidth(STDOUT_FILENO) : nil
  let table = ConsoleReport.render(rows, width: width, ownLayoutKernels: manifest.ownLayoutKernels)
  try printToStandardOutput(table + (table.isEmpty ? "" : "\n") + "Report: \(folder)/\(RunFolder.File.report)")
}

extension Row {
  /// Whether the row makes a run end with exit code 1.
  var isFault: Bool { status == .incorrect || status == .failed }
}

extension RunManifest.Costs {
  /// What `ledger` holds, and the memory of this process so far.
  init(_ ledger: TimeLedger, memoryBound: Int) {
    self.init(
      seconds: Dictionary(uniqueKeysWithValues: ledger.seconds.map { ($0.key.rawValue, $0.value) }),
      peakMemory: Self.peakMemory(), memoryBound: memoryBound)
  }

  /// The most memory that this process had in use at a time, in bytes: VmHWM of /proc/self/status. What getrusage says may
  /// be of the process that started this one, for it survives the exec.
  private static func peakMemory() -> Int? {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let kibibytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) })
    else { return nil }
    return kibibytes << 10
  }
}
