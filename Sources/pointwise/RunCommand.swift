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
      descriptors. First the machine is looked at, and what will disturb the run is said: 'pointwise check' says more. \
      Every case is checked against a reference in double precision before it is timed. Rows are on disk as soon as they \
      are complete; Ctrl-C stops, reports what there is, and exits with 130.

      Exit codes: 0 all rows are correct; 1 a row is incorrect or failed; 64 wrong flags; 65 wrong suite file, or a \
      layer that does not fit the machine; 74 a file cannot be read or written; 130 interrupted.
      """)

  @Argument(help: ArgumentHelp("Suites to run. Default: quick.", valueName: "suite|file"))
  var suites: [String] = []

  @OptionGroup(title: "What to run")
  var selection: SelectionOptions

  @Option(
    help: ArgumentHelp(
      "Teams: dispatch (pinned Dispatch workers), pinned (pinned threads of its own), dispatch-apply "
        + "(concurrentPerform, unpinned, the control), library (a peer's own threads). "
        + "Default: dispatch, and library for peers.",
      valueName: "team,…"),
    transform: ListOption<TeamKind>.parse)
  var team: ListOption<TeamKind>?

  @Option(
    help: ArgumentHelp(
      "Cache states: hot, cold-weights, cold (copies that no cache holds). Default: hot.", valueName: "state,…"),
    transform: ListOption<CacheState>.parse)
  var cache: ListOption<CacheState>?

  @Option(
    help: ArgumentHelp(
      "Where pages of weights, input and output lie: first-touch (each thread touches its part first), local (each part "
        + "bound to its thread's NUMA node), interleave (on all nodes in turn). Default: wherever they were prepared.",
      valueName: "policy"),
    transform: { try ListOption<MemoryPolicy.Binding>.one($0) })
  var memory: MemoryPolicy.Binding?

  @Option(
    help: ArgumentHelp(
      "Their size: default (as the system is set up), huge (ask for transparent huge pages), small (refuse them). "
        + "Default: default.", valueName: "size"),
    transform: { try ListOption<MemoryPolicy.Pages>.one($0) })
  var pages: MemoryPolicy.Pages?

  @Flag(
    help: ArgumentHelp(
      "Beside the packed kernel, measure it with the tile and the split that 'pointwise tune' found, as packed.tuned.",
      discussion: """
        On several threads its split is called auto, and packed is measured with the split auto too: the model's choice, \
        with which it is compared. --kernel packed.tuned measures it alone.
        """))
  var tuned = false

  @OptionGroup(title: "What tuning found")
  var cacheOption: TuningCacheOption

  @OptionGroup(title: "Vendor libraries")
  var peers: PeerOptions

  @Option(
    help: ArgumentHelp(
      "strong: the same layer on every number of threads. weak: its minibatch times the threads, in a network called "
        + "'… ×n', compared with the layer itself on one thread. Default: strong.", valueName: "scaling,…"),
    transform: ListOption<Scaling>.parse)
  var scaling: ListOption<Scaling>?

  @OptionGroup(title: "Where threads sit")
  var placement: PlacementOptions

  @OptionGroup(title: "How long to measure")
  var measuring: MeasuringOptions

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Measure every case this many times, as variants of their own in the same rounds: what they differ by is the noise "
        + "of a comparison (A/A). Default: 1.",
      valueName: "n"),
    transform: { try NumberOption.integer($0, in: 1...9) })
  var replicates: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Measure every layer in this many visits, at different moments of the run and in other pages of memory. "
        + "Default: the suite's, or 5.",
      discussion: """
        A slow moment of the machine then falls on some rounds of a layer and not on all. Rows are complete after the last \
        visit, which is a minute or two after the first. With 1, layer after layer is measured, and rows come as early as \
        can be.
        """,
      valueName: "n"),
    transform: { try NumberOption.integer($0, in: RunSettings.visitsRange) })
  var visits: Int?

  @Option(
    help: ArgumentHelp("The run folder. Default: Reports/<host>-<suite>-<date>-<time>.", valueName: "folder"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Continue an interrupted run: its command line is taken from the folder, and only what is missing is measured.",
      valueName: "folder"))
  var resume: String?

  func validate() throws {
    if resume != nil, let other = given.first {
      throw ValidationError(
        "--resume takes the command line from its folder; expected nothing beside it, but \(other) is given")
    }
    if output == "" { throw ValidationError("--output '': expected the name of a folder") }
    if !tuned, let flag = cacheOption.given.first {
      throw ValidationError("\(flag) says where tuned choices are; expected --tuned beside it")
    }
    if resume == "" { throw ValidationError("--resume '': expected the folder of a run") }
  }

  /// What is given besides `--resume`, in words.
  private var given: [String] {
    (suites.first.map { ["the suite '\($0)'"] } ?? []) + selection.given + peers.given + placement.given
      + measuring.given + cacheOption.given
      + [
        ("--tuned", tuned),
        ("--team", team != nil), ("--scaling", scaling != nil), ("--cache", cache != nil), ("--memory", memory != nil),
        ("--pages", pages != nil), ("--replicates", replicates != nil), ("--visits", visits != nil),
        ("--output", output != nil),
      ].filter(\.1).map(\.0)
  }

  /// What tuning found for this machine; nil unless it is asked for.
  ///
  /// - Throws: the error that ends the process, after one sentence on standard error.
  func tunedEntries(_ environment: Environment, _ machine: Machine) throws -> TunedEntries? {
    tuned ? try TunedEntries(try cacheOption.cache(), TuningEntry.Machine(environment, machine)) : nil
  }

  func run() throws {
    let status = StatusLine()
    let interruption = Interruption(
      status, promise: "finishing the present sample, then writing what was measured …")
    if let resume {
      try ResumedRun(folder: resume).run(status, interruption)
    } else {
      try begin(status, interruption)
    }
  }

  /// The suites to run, as they are given, or the default one.
  var suiteNames: [String] { suites.isEmpty ? [BenchmarksFolder.defaultSuite] : suites }

  private func begin(_ status: StatusLine, _ interruption: Interruption) throws {
    let suites = try loadSuites(suiteNames)
    let setup = try RunSetup(self, suites: suites)
    let estimate = try setup.estimate(setup.plan)
    // Nothing was measured, so there is nothing to keep.
    if interruption.isRequested { throw ExitCode(interruption.exitCode) }

    let folder = try makeFolder(suites, setup.environment)
    // "." and ".." are no names.
    let manifest = try setup.manifest(
      run: FilePath(absolute(folder.path)).lexicallyNormalized().lastComponent?.string ?? folder.path,
      commandLine: CommandLine.arguments)
    try RunExecution(
      plan: setup.plan, setup: setup, estimate: estimate, folder: folder, manifest: manifest, rowsBefore: [],
      cutShort: []
    ).run(status, interruption)
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
}

/// `path` as seen from the root, whatever the working directory becomes.
func absolute(_ path: String) -> String {
  FilePath(FileManager.default.currentDirectoryPath).pushing(FilePath(path)).string
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
///
/// - Parameters:
///   - listing: whether the suites are only shown, with what is skipped: one may then have no layer.
///   - origin: the folder that files are looked for in first; nil for the working directory.
func loadSuites(_ names: [String], listing: Bool = false, from origin: String? = nil) throws -> [Suite] {
  do throws(SuiteError) {
    let folders = try BenchmarksFolder.locate().map { [$0] } ?? []
    var suites: [Suite] = []
    for name in names {
      let suite = try Suite.load(name, searching: folders, from: origin)
      if suites.contains(where: { $0.file == suite.file }) {
        throw SuiteError("the suite '\(name)' is given twice; expected each once", at: nil)
      }
      suites.append(suite)
    }
    for suite in suites {
      for note in suite.notes { printToStandardError("Note: \(note)") }
      if !suite.skipped.isEmpty && !listing {
        let skipped = suite.skipped.count == 1 ? "1 descriptor was" : "\(suite.skipped.count) descriptors were"
        printToStandardError(
          "Note: \(suite.file): \(skipped) skipped: not two-dimensional, ungrouped 1×1 convolutions or FC layers; "
            + "'pointwise list layers \(shellQuoted(suite.file))' shows why")
      }
      if let twin = suites.first(where: { $0.name == suite.name && $0.file != suite.file }) {
        throw SuiteError(
          "the suites of \(twin.file) and \(suite.file) are both called '\(suite.name)'; expected distinct names",
          at: nil)
      }
      if suite.entries.isEmpty && !listing { throw SuiteError(suite.hasNoLayer, at: nil) }
    }
    return suites
  } catch {
    throw Exit.failure(error, Exit.data)
  }
}
