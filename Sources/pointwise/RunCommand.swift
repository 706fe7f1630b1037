import ArgumentParser
import Foundation
import Harness
import Kernels
import Layers
import Reports
import Results
import SystemPackage
import Teams
import Topology

/// `pointwise run`: measure suites, and write a run folder with results and a report.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Measure suites, then report.",
    discussion: """
      A suite is the name of a shipped one (see 'pointwise list suites'), a suite file, or a file of benchdnn problem \
      descriptors. Every case is checked against a reference in double precision before it is timed. Rows are on disk \
      as soon as they are measured; Ctrl-C stops, reports what there is, and exits with 130.

      Exit codes: 0 all rows are correct; 1 a row is incorrect or failed; 64 wrong flags; 65 wrong suite file, or a \
      layer that does not fit the machine; 74 a file cannot be read or written; 130 interrupted.
      """)

  @Argument(help: ArgumentHelp("Suites to run. Default: quick.", valueName: "suite|file"))
  var suites: [String] = []

  @OptionGroup(title: "What to run")
  var selection: SelectionOptions

  @Option(
    help: ArgumentHelp(
      "Teams: dispatch (pinned Dispatch workers), dispatch-apply (concurrentPerform, unpinned, the control). "
        + "Default: dispatch.",
      valueName: "team,…"),
    transform: ListOption<TeamKind>.parse)
  var team: ListOption<TeamKind>?

  @Option(
    help: ArgumentHelp("Cache states: hot, cold-weights, cold (copies that no cache holds). Default: hot.", valueName: "state,…"),
    transform: ListOption<CacheState>.parse)
  var cache: ListOption<CacheState>?

  @OptionGroup(title: "Where threads sit")
  var placement: PlacementOptions

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Measure a case until the 95 % interval of its median is within ± this many percent. Default: 2.",
      valueName: "percent"))
  var precision: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "… or until this many seconds are spent on it. A case of which one execution would take longer is skipped. "
        + "Default: 1.",
      valueName: "seconds"))
  var maxTime: Double?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Seed of the data and of the order of the cases.", valueName: "n"))
  var seed: UInt64 = 1

  @Option(
    help: ArgumentHelp("The run folder. Default: Reports/<host>-<suite>-<date>-<time>.", valueName: "folder"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Continue an interrupted run: its command line is taken from the folder, and only what is missing is measured.",
      valueName: "folder"))
  var resume: String?

  func validate() throws {
    if let precision, !(precision > 0 && precision <= 100) {
      throw ValidationError("--precision is \(precision); expected a percentage above 0 and up to 100")
    }
    if let maxTime, !(maxTime > 0 && maxTime <= 86_400) {
      throw ValidationError("--max-time is \(maxTime); expected seconds above 0 and up to 86400")
    }
    if resume != nil,
      CommandLine.arguments.contains(where: { $0.hasPrefix("-") && !$0.hasPrefix("--resume") }) || !suites.isEmpty
    {
      throw ValidationError("--resume takes the command line from its folder; expected no other argument beside it")
    }
  }

  func run() throws {
    let suites = try loadSuites(self.suites.isEmpty ? [BenchmarksFolder.defaultSuite] : self.suites)
    let topology = try topologyOrExit(nil)
    let catalog = Catalog.current()
    let environment = Environment.capture(
      isas: catalog.isas.map(\.rawValue), machine: try? JSONValue(encoding: topology.machine),
      commit: checkout().flatMap { Environment.commit(ofCheckout: $0) })
    let plan = try plan(suites, topology.machine, catalog, environment)
    let settings = settings(suites)
    let estimate = try RunEstimate(
      plan, settings: settings, caches: CacheSizes(topology.machine), cores: topology.machine.eligiblePUs.count)

    let folder = try makeFolder(suites, environment)
    let identifier = FilePath(folder.path).lastComponent?.string ?? folder.path
    var manifest = RunManifest(
      run: identifier, toolVersion: Pointwise.configuration.version, commandLine: CommandLine.arguments,
      started: Date(), seed: seed, suites: suites.map { .init(name: $0.name, file: $0.file) },
      settings: .init(
        precisionPercent: settings.stopRule.precisionPercent, maxTimeSeconds: settings.stopRule.maxTime),
      environment: environment, placements: try plan.placements.map { try JSONValue(encoding: $0) },
      skippedEntries: suites.flatMap(\.skipped).map {
        .init(file: $0.location.file, line: $0.location.line ?? 0, text: $0.descriptor, reason: $0.reason)
      })
    let interruption = Interruption()
    let progress = Progress(plan, estimate)
    progress.announce(suites, folder.path)
    let writer = RowWriter(folder, run: identifier, precisionPercent: settings.stopRule.precisionPercent)
    do {
      try folder.write(manifest)
      try Runner(plan, topology: topology, catalog: catalog, settings: settings).run(
        isInterrupted: { interruption.isRequested },
        starting: { index, group in
          try writer.begin(group)
          progress.begin(index, group)
        },
        report: { result in
          try writer.add(result)
          progress.finish(result)
        })
      try writer.flush()
      progress.end()
      manifest.status = interruption.isRequested ? .interrupted : .complete
      manifest.ended = Date()
      try folder.finish()
      try folder.write(manifest)
      try RunFolder.write(MarkdownReport.render(manifest, writer.rows), to: RunFolder.File.report, in: folder.path)
    } catch let error as ResultsError {
      throw Exit.failure("\(error); what was measured until then is in \(folder.path)", Exit.io)
    } catch let error as TeamError {
      throw Exit.failure(error, Exit.data)
    }
    print(ConsoleReport.render(writer.rows))
    print("Report: \(folder.path)/\(RunFolder.File.report)")
    if interruption.isRequested { throw ExitCode(interruption.exitCode) }
    if writer.rows.contains(where: { $0.status == .incorrect || $0.status == .failed }) { throw Exit.incorrect }
  }

  private func plan(
    _ suites: [Suite], _ machine: Machine, _ catalog: Catalog, _ environment: Environment
  ) throws -> Plan {
    var wanted = Selection(selection)
    wanted.teams = team?.values
    wanted.caches = cache?.values
    wanted.places = placement.places.map { [$0] }
    wanted.binds = placement.bind.map { [$0] }
    wanted.policy = placement.policy
    do {
      return try Plan(
        suites: suites, selection: wanted, machine: machine, catalog: catalog,
        availableMemory: environment.memoryAvailable)
    } catch {
      throw Exit.failure(error, error.isUsage ? Exit.usage : Exit.data)
    }
  }

  /// The command line's settings, or else the suites', or else the defaults. Of several suites the stricter one counts.
  private func settings(_ suites: [Suite]) -> RunSettings {
    var settings = RunSettings(seed: seed)
    if let value = precision ?? suites.compactMap(\.precision).min() { settings.stopRule.precisionPercent = value }
    if let value = maxTime ?? suites.compactMap(\.maxTime).max() { settings.stopRule.maxTime = value }
    return settings
  }

  private func makeFolder(_ suites: [Suite], _ environment: Environment) throws -> RunFolder {
    do throws(ResultsError) {
      if let output { return try RunFolder(creating: output) }
      return try RunFolder(
        host: environment.hostname, suite: suites.map(\.name).joined(separator: "+"), date: Date())
    } catch {
      throw Exit.failure(error, Exit.io)
    }
  }

  /// The folder of the sources that this program was built from, if it runs from there.
  private func checkout() -> FilePath? {
    guard let folder = try? BenchmarksFolder.locate() else { return nil }
    return FilePath(folder).removingLastComponent()
  }
}

extension Selection {
  /// What the flags say; teams and placement are not among them.
  init(_ options: SelectionOptions) {
    self.init()
    kernels = options.kernel?.values
    skippedKernels = options.skipKernel?.values
    layers = options.layer?.values
    isas = options.isa?.values
    splits = options.split?.values
    threads = options.threads
    layouts = options.layout?.values
  }
}

/// Loads suites by name or path. What cannot be loaded is one sentence on standard error and exit code 65; descriptors
/// that are no layers of the lab are counted aloud.
func loadSuites(_ names: [String]) throws -> [Suite] {
  do throws(SuiteError) {
    let folders = try BenchmarksFolder.locate().map { [$0] } ?? []
    var suites: [Suite] = []
    for name in names { suites.append(try Suite.load(name, searching: folders)) }
    for suite in suites {
      for note in suite.notes { printToStandardError("Note: \(note)") }
      if !suite.skipped.isEmpty {
        printToStandardError(
          "Note: \(suite.file): \(suite.skipped.count) descriptors are no 1×1 convolutions and skipped")
      }
      if suite.entries.isEmpty {
        throw SuiteError("the suite \(suite.name) has no layer that the lab can run", at: nil)
      }
    }
    return suites
  } catch {
    throw Exit.failure(error, Exit.data)
  }
}
