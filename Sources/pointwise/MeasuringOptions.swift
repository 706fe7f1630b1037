import ArgumentParser
import Harness

/// The flags that say how long to measure, and with which random numbers; shared by every command that measures layers.
struct MeasuringOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Measure until the 95 % interval of a median is within ± this many percent. Default: the suite's, or 2.",
      valueName: "percent"),
    transform: { try NumberOption.positive($0, upTo: 100, "percent") })
  var precision: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "… or until this many seconds are spent on it. Default: the suite's, or 1.",
      discussion: """
        A layer of which one execution would take longer is skipped by 'run'; 'equivalence' checks it, and does not time \
        what takes ten times that and more than a second.
        """,
      valueName: "seconds"),
    transform: { try NumberOption.positive($0, upTo: 86_400, "seconds") })
  var maxTime: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Seed of the data and of the order of measuring. Default: 1.", valueName: "n"),
    transform: { try NumberOption.integer($0, in: 0...UInt64.max) })
  var seed: UInt64?

  /// What the flags come to, or else the suites, or else the defaults. Of several suites the finest precision and the
  /// longest time count.
  func settings(_ suites: [Suite]) -> RunSettings {
    var settings = RunSettings()
    if let seed { settings.seed = seed }
    if let value = precision ?? suites.compactMap(\.precision).min() { settings.stopRule.precisionPercent = value }
    if let value = maxTime ?? suites.compactMap(\.maxTime).max() { settings.stopRule.maxTime = value }
    return settings
  }

  /// The flags that are given.
  var given: [String] {
    [("--precision", precision != nil), ("--max-time", maxTime != nil), ("--seed", seed != nil)]
      .filter(\.1).map(\.0)
  }
}
