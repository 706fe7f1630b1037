import ArgumentParser
import Foundation
import Harness
import Kernels
import Layers
import Reports
import Results
import Teams
import Topology

/// `pointwise predict`: what layers should take on a machine, from its topology and its ceilings alone.
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Estimate the time and the best split of each layer on a machine, without running it.",
    discussion: """
      The model is a roofline for each thread: the work of the kernel, counted from its own loops, at the multiply-adds of \
      a core; its traffic at the rate of the cache or memory that holds it, which threads share as the topology says; \
      the slowest thread; and a fork and join. Caches are hot.

      The machine is that of --topology, or the one that --peaks was measured on, or this one. Its ceilings are those of \
      a run folder, or of flags. Kernels are counted as this CPU executes them, so --isa names one that it has.

      With --against, the rows of a run are predicted from its own ceilings, and compared with what was measured.
      """)

  @Argument(help: ArgumentHelp("Suites to predict. Default: quick.", valueName: "suite|file"))
  var suites: [String] = []

  @OptionGroup(title: "What to predict")
  var selection: SelectionOptions

  @Option(
    help: ArgumentHelp(
      "The machine: a file in hwloc's XML format, or a synthetic description such as 'package:2 core:4 pu:2'.",
      valueName: "file|description"))
  var topology: String?

  @OptionGroup(title: "Its ceilings")
  var ceilings: CeilingOptions

  @OptionGroup(title: "Where threads sit")
  var placement: PlacementOptions

  @Option(
    help: ArgumentHelp(
      "The run folder whose rows are predicted and compared with what was measured.", valueName: "folder"))
  var against: String?

  @Option(help: ArgumentHelp("What to print: text or json.", valueName: "format"))
  var format = Format.text

  /// What `--format` takes.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, json
  }

  func validate() throws {
    guard against != nil else { return }
    let others =
      (suites.first.map { ["the suite '\($0)'"] } ?? []) + selection.given + placement.given
      + (topology == nil ? [] : ["--topology"]) + ceilings.given
    if let other = others.first {
      throw ValidationError(
        "--against takes everything from its folder; expected nothing beside it, but \(other) is given")
    }
  }

  func run() throws {
    if let against {
      let contents = try readRun(against)
      let predictions = RunPredictions(contents.manifest, contents.rows, Catalog.current())
      if predictions.pairs.isEmpty {
        throw Exit.failure(
          "\(against): no row can be predicted; expected ceilings and the machine in run.json, and rows of a kernel that "
            + "counts its work, measured with hot caches", Exit.data)
      }
      switch format {
      case .json: try printJSON(predictions.pairs.map(\.time))
      case .text: try printToStandardOutput(PredictionText.comparison(predictions.pairs))
      }
      return
    }
    let forecast = try Forecast(self)
    switch format {
    case .json: try printJSON(forecast.entries)
    case .text: try printToStandardOutput(PredictionText.table(forecast))
    }
  }

  private func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try printToStandardOutput(String(decoding: try encoder.encode(value), as: UTF8.self))
  }
}

/// The flags that say what the cores of a machine can do.
struct CeilingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("The run folder whose ceilings count: it was measured there.", valueName: "folder"))
  var peaks: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Multiply-adds of one core, in GFLOP/s.", valueName: "gflops"),
    transform: { try NumberOption.positive($0, upTo: 1_000_000, "GFLOP/s") })
  var fma: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("What one core reads of its L2 cache, in GB/s.", valueName: "rate"),
    transform: { try NumberOption.positive($0, upTo: 1_000_000, "GB/s") })
  var l2: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "What one core reads of the L3 cache, in GB/s. Needed where there is one.", valueName: "rate"),
    transform: { try NumberOption.positive($0, upTo: 1_000_000, "GB/s") })
  var l3: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("What all cores of a NUMA node read of its memory together, in GB/s.", valueName: "rate"),
    transform: { try NumberOption.positive($0, upTo: 1_000_000, "GB/s") })
  var memory: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The time of releasing and joining the threads, in µs.", valueName: "µs"),
    transform: { try NumberOption.positive($0, upTo: 1_000_000, "µs") })
  var forkJoin: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Take it that the kernel reaches this much of a core's multiply-adds, in percent, rather than count its work. Kernels "
        + "that do not count it need this.", valueName: "percent"),
    transform: { try NumberOption.positive($0, upTo: 100, "percent") })
  var kernelEfficiency: Double?

  /// The flags that are given.
  var given: [String] {
    [
      ("--peaks", peaks != nil), ("--fma", fma != nil), ("--l2", l2 != nil), ("--l3", l3 != nil),
      ("--memory", memory != nil), ("--fork-join", forkJoin != nil), ("--kernel-efficiency", kernelEfficiency != nil),
    ].filter(\.1).map(\.0)
  }

  func validate() throws {
    let rates = given.filter { !["--peaks", "--kernel-efficiency"].contains($0) }
    if peaks != nil, let other = rates.first {
      throw ValidationError("--peaks has all ceilings; expected nothing beside it, but \(other) is given")
    }
  }

  /// The rates that the flags give for a machine with L3 caches or without.
  ///
  /// One core alone reads memory no faster than its L3 cache.
  func rates(hasL3: Bool) throws -> MachineRates {
    guard let fma, let l2, let memory, let forkJoin, let last = l3 ?? (hasL3 ? nil : l2) else {
      throw ValidationError(
        "expected the ceilings of the machine: --peaks FOLDER, or all of --fma, --l2, \(hasL3 ? "--l3, " : "")--memory and "
          + "--fork-join")
    }
    return MachineRates(
      multiplyAdds: fma, read: [.l2: l2, .l3: last, .memory: min(last, memory)], shared: [.memory: memory],
      forkJoin: 1000 * forkJoin)
  }
}
