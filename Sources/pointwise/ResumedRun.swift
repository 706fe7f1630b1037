import ArgumentParser
import Foundation
import Harness
import Results
import SystemPackage
import Topology

/// `pointwise run --resume`: measures what a run that was interrupted, or whose process was killed, has not
/// measured to its end.
struct ResumedRun {
  /// The run folder.
  let folder: String

  /// Goes on with the run.
  ///
  /// - Throws: the error that ends the process, after one sentence on standard error.
  func run(_ status: StatusLine, _ interruption: Interruption) throws {
    let stopped: StoppedRun
    do throws(ResultsError) { stopped = try StoppedRun(at: folder) } catch {
      throw Exit.failure(error, error.isSystemError ? Exit.io : Exit.data)
    }
    let contents = stopped.contents
    var manifest = contents.manifest
    let command = try originalCommand(manifest)
    let setup = try RunSetup(command, suites: try suites(command, manifest))
    if let difference = difference(manifest, setup) {
      throw Exit.failure("\(folder) cannot be continued: \(difference)", Exit.data)
    }
    let measured = Set(stopped.finishedRows.map(\.caseKey))
    let rest = setup.plan.filter { !measured.contains(Row($0, $1, run: manifest.run).caseKey) }

    for line in contents.dropped { printToStandardError("Note: \(line)") }
    if !stopped.casesWithoutRow.isEmpty {
      printToStandardError(
        "Note: \(folder)/\(RunFolder.File.samples): samples without a row were dropped; their cases, "
          + "\(stopped.casesWithoutRow.count) in number, are measured again")
    }
    if !stopped.casesCutShort.isEmpty {
      printToStandardError(
        "Note: \(folder)/\(RunFolder.File.results): the measurement of \(stopped.casesCutShort.count) cases was cut short; "
          + "they are measured again")
    }
    if rest.caseCount == 0 && manifest.status == .complete {
      try printToStandardOutput(
        "\(folder): nothing is left to measure, all \(setup.plan.caseCount) cases have a row")
      if contents.rows.contains(where: \.isFault) { throw Exit.incorrect }
      return
    }
    let estimate = try setup.estimate(rest)
    if interruption.isRequested { throw ExitCode(interruption.exitCode) }

    let reopened: RunFolder
    do throws(ResultsError) { reopened = try stopped.reopen() } catch { throw Exit.failure(error, Exit.io) }
    printToStandardError("\(folder): \(measured.count) of \(setup.plan.caseCount) cases are measured")
    manifest.status = .running
    manifest.ended = nil
    manifest.resumed = (manifest.resumed ?? []) + [Date()]
    try RunExecution(
      plan: rest, setup: setup, estimate: estimate, folder: reopened, manifest: manifest,
      rowsBefore: stopped.finishedRows,
      cutShort: stopped.cutShort
    ).run(status, interruption)
  }

  /// The command line that began the run.
  private func originalCommand(_ manifest: RunManifest) throws -> RunCommand {
    let file = "\(folder)/\(RunFolder.File.manifest)"
    do {
      guard let command = try Pointwise.parseAsRoot(Array(manifest.commandLine.dropFirst())) as? RunCommand,
        command.resume == nil
      else {
        throw Exit.failure("\(file): commandLine is not that of pointwise run", Exit.data)
      }
      return command
    } catch let code as ExitCode {
      throw code
    } catch {
      throw Exit.failure(
        "\(file): commandLine is not understood: \(Pointwise.message(for: error))", Exit.data)
    }
  }

  /// The suites that the run began with, whatever the working directory is now.
  private func suites(_ command: RunCommand, _ manifest: RunManifest) throws -> [Suite] {
    let origin = origin(command)
    // Only files are recorded as they were given.
    let files = Set(manifest.suites.map(\.file)).intersection(command.suiteNames).sorted()
    if let missing = files.first(where: { !FileManager.default.fileExists(atPath: Suite.path($0, from: origin)) }) {
      let place = origin.map { "in \($0) or " } ?? ""
      throw Exit.failure(
        "\(folder) cannot be continued: \(missing): does not exist \(place)in the working directory; expected the suite "
          + "file that the run began with", Exit.data)
    }
    return try loadSuites(command.suiteNames, from: origin)
  }

  /// The folder that the run began in, from which its own was as `--output` says; nil if that cannot be told, or is the
  /// working directory.
  private func origin(_ command: RunCommand) -> String? {
    var place = FilePath(absolute(folder)).lexicallyNormalized()
    guard let name = place.lastComponent else { return nil }
    let output = command.output.map { FilePath($0).lexicallyNormalized() } ?? FilePath("Reports").appending(name)
    guard output.isRelative, place.ends(with: output) else { return nil }
    for _ in output.components { place.removeLastComponent() }
    return place == FilePath(FileManager.default.currentDirectoryPath) ? nil : place.string
  }

  /// The first thing that makes new rows incomparable with those of `manifest`, in words; nil if there is none.
  private func difference(_ manifest: RunManifest, _ setup: RunSetup) -> String? {
    let old = manifest.environment
    let new = setup.environment
    let stopRule = setup.settings.stopRule
    let before = machine(old)?.eligible.description
    // Rows of another machine, program or setting would stand side by side with the old ones as if they were of one run.
    let facts: [(what: String, old: String?, new: String?)] = [
      ("the CPU", old.cpuModel, new.cpuModel),
      ("the list of ISAs", old.isas?.joined(separator: ", "), new.isas?.joined(separator: ", ")),
      ("the set of eligible CPUs", before, setup.topology.machine.eligible.description),
      ("the version of the lab", manifest.toolVersion, Pointwise.configuration.version),
      ("the build", old.build?.rawValue, new.build?.rawValue),
      ("the version of the folder", "\(manifest.schema)", "\(RunManifest.schemaVersion)"),
      ("the number of visits", "\(manifest.settings.visits ?? 1)", "\(setup.settings.visits)"),
      ("the precision", "\(manifest.settings.precisionPercent) %", "\(stopRule.precisionPercent) %"),
      ("the longest time of a case", "\(manifest.settings.maxTimeSeconds) s", "\(stopRule.maxTime) s"),
      ("the number of cases", manifest.plan.map { "\($0.cases)" }, "\(setup.planIdentity.cases)"),
    ]
    if let fact = facts.first(where: { $0.old != $0.new }) {
      return "\(fact.what) was \(fact.old ?? "unknown"), and is now \(fact.new ?? "unknown")"
    }
    if manifest.plan == setup.planIdentity { return nil }
    let files = setup.suites.map(\.file).joined(separator: ", ")
    let tuned = setup.plan.groups.contains { $0.cases.contains { $0.tuned != nil } } ? ", or what tuning found," : ""
    return "the layers or placements that \(files) asks for\(tuned) are not those that the run began with"
  }

  /// The machine that the run began on; nil if it was not recorded.
  private func machine(_ environment: Environment) -> Machine? {
    guard let json = environment.machine, let data = try? JSONEncoder().encode(json) else { return nil }
    return try? JSONDecoder().decode(Machine.self, from: data)
  }
}
