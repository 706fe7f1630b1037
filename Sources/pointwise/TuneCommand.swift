import ArgumentParser
import Foundation
import Harness
import Kernels
import Reports
import Results
import Teams
import Topology

/// `pointwise tune`: the fastest register tile and split of each layer on this machine, by measuring.
struct TuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Find the fastest register tile and split of each layer by measuring, and keep them for 'run --tuned'.",
    discussion: """
      Candidates are the tiles of the packed kernel and, on several threads, the splits. Each is verified, then measured \
      in the same rounds as the model's choice: all of them for a short time, the best few until the stop rule is \
      satisfied, and the best one once more. It is kept if it is at least 1 % faster, and the interval of the ratio \
      excludes 1; otherwise the model's choice is kept.

      Every layer is stored as soon as it is tuned, for this CPU and its caches, the ISA, the number of threads, and the \
      layer's dimensions and layout. Layers that are stored already are left out.

      Exit codes: 0 all layers are tuned, or were skipped as too slow for --max-time; 1 a result is incorrect, or a case \
      failed; 64 wrong flags; 65 wrong suite file, or a cache file that is damaged or of another version; 74 a file \
      cannot be read or written; 130 interrupted.
      """)

  @Argument(help: ArgumentHelp("Suites to tune. Default: quick.", valueName: "suite|file"))
  var suites: [String] = []

  @OptionGroup(title: "What to tune")
  var selection: SelectionOptions

  @Option(
    help: ArgumentHelp(
      "The team: dispatch, pinned or dispatch-apply, as 'run' has them. Default: dispatch.", valueName: "team"),
    transform: { try ListOption<TeamKind>.one($0) })
  var team: TeamKind?

  @OptionGroup(title: "Where threads sit")
  var placement: PlacementOptions

  @OptionGroup(title: "How long to measure")
  var measuring: MeasuringOptions

  @Flag(help: "Also tune what is stored already.")
  var again = false

  @OptionGroup(title: "The cache")
  var cacheOption: TuningCacheOption

  @Flag(help: "Print what is stored for this machine, and measure nothing.")
  var show = false

  @Flag(help: "Remove what is stored for this machine; what is stored for others stays.")
  var forget = false

  /// The precision of the final, in percent: finer than that of a run, for differences of one percent are to show.
  private static let precision = 0.5

  func validate() throws {
    let measured =
      (suites.first.map { ["the suite '\($0)'"] } ?? []) + selection.given + placement.given + measuring.given
      + (team == nil ? [] : ["--team"]) + (again ? ["--again"] : [])
    if show || forget, let other = measured.first {
      throw ValidationError("\(show ? "--show" : "--forget") measures nothing; expected no \(other) beside it")
    }
    if show && forget { throw ValidationError("expected one of --show and --forget, not both") }
    // An entry is kept for each number of threads, wherever they sit.
    for (flag, count) in [("--places", placement.places?.values.count), ("--bind", placement.bind?.values.count)]
    where count ?? 1 > 1 {
      throw ValidationError("\(flag): expected one value, for a layer has one entry for each number of threads")
    }
  }

  func run() throws {
    let cache = try cacheOption.cache()
    if show { return try printEntries(of: cache) }
    if forget { return try forgetEntries(of: cache) }
    try Supplies.require()
    let status = StatusLine()
    let interruption = Interruption(status, promise: "what is tuned is stored; the present layer is not …")
    let suites = try loadSuites(self.suites.isEmpty ? [BenchmarksFolder.defaultSuite] : self.suites)
    try TuningExecution(self, suites, cache).run(status, interruption)
  }

  /// How long the final measures.
  func settings(_ suites: [Suite]) -> RunSettings {
    var settings = measuring.settings(suites)
    if measuring.precision == nil { settings.stopRule.precisionPercent = Self.precision }
    return settings
  }

  private func printEntries(of cache: TuningCache) throws {
    let entries = try TunedEntries(cache, .current())
    if entries.entries.isEmpty {
      return try printToStandardOutput("\(cache.path) has nothing for this machine: \(entries.machine.words)")
    }
    try printToStandardOutput(
      "\(cache.path), for \(entries.machine.words)\n\n\(TuningText.table(entries.entries, dated: true))")
  }

  private func forgetEntries(of cache: TuningCache) throws {
    let machine = try TuningEntry.Machine.current()
    let count = try withTuningCache { () throws(ResultsError) in try cache.forget(machine) }
    try printToStandardOutput(
      "\(cache.path): removed \(count) \(count == 1 ? "entry" : "entries") of this machine: \(machine.words)")
  }
}

extension TuningEntry.Machine {
  /// This machine.
  ///
  /// - Throws: the error that ends the process, after one sentence on standard error.
  static func current() throws -> Self { Self(.capture(), try topologyOrExit(nil).machine) }

  /// The machine for people.
  var words: String {
    "\(cpu ?? "a CPU without a name"), L1 \(Format.bytes(l1d)), L2 \(Format.bytes(l2)), last-level cache \(Format.bytes(l3))"
  }
}
