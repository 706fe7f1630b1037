import ArgumentParser
import Reports
import Results

/// `pointwise compare`: faster, slower, the same, or undecided.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare the variants of a run, or two runs.",
    discussion: """
      'compare RUN' compares every variant with the fastest one on each layer, or with --baseline, round by round. \
      'compare A B' compares run B with run A, and 'compare RUN --baseline NAME' with a run that was kept. Each case gets \
      a ratio of times (above 1 is slower) with a 95 % interval, and a verdict that allows for the noise floor and for \
      chance among many cases. What differs between two runs, machines included, is said first.

      Between two runs of one build, single rows differ for no reason that either run knows: buffers lie elsewhere in \
      memory. So a row is called slower or faster if the median over the rows of its kernel is, too, or if it differs by \
      more than single rows of equal builds do (a factor of two); otherwise it is undecided, and measuring again tells. \
      Rows that computing limits are compared by time × rate of the bursts beside them, which takes the clock out.
      """)

  @Argument(help: ArgumentHelp("The folder of a run, or of two: the baseline first.", valueName: "run"))
  var runs: [String]

  @Option(
    help: ArgumentHelp(
      "A kernel or variant of the run that the others are compared with (default: the fastest of each layer), or the "
        + "name of a run that --save-baseline has kept.", valueName: "name"))
  var baseline: String?

  @Option(
    help: ArgumentHelp(
      "Keep the last run that is named as \(Baseline.folder)/NAME, over one that is there.", valueName: "name"))
  var saveBaseline: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The noise floor: a smaller difference means nothing, a larger one is called even if a row differs alone. Default: "
        + "measured, by replicas (run --replicates 2) and by how far rows scatter.", valueName: "percent"),
    transform: { try NumberOption.positive($0, upTo: 1000, "percent") })
  var threshold: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "End with 1 if a kernel or a case is slower by more than this with its whole interval, noise floor included.",
      valueName: "percent"),
    transform: { try NumberOption.positive($0, upTo: 1000, "percent") })
  var failIfSlower: Double?

  @Flag(help: "Compare times of two runs as they are, with the difference of their clocks.")
  var rawTimes = false

  @Option(help: ArgumentHelp("What to write.", valueName: "format"))
  var format = Format.text

  @Option(help: ArgumentHelp("Write into a file, at once, and not to standard output.", valueName: "file"))
  var output: String?

  /// What `--format` takes.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, markdown, csv, json, html
  }

  func validate() throws {
    guard 1...2 ~= runs.count else { throw ValidationError("expected one run or two, and not \(runs.count)") }
    if let saveBaseline, !Baseline.isName(saveBaseline) {
      throw ValidationError(
        "--save-baseline is '\(saveBaseline)'; expected a name of ASCII letters, digits, '.', '_', '+' and '-'")
    }
    if output == "" { throw ValidationError("--output is ''; expected the name of a file") }
    if rawTimes && runs.count == 1 && baseline == nil {
      throw ValidationError("--raw-times is about two runs; expected a second run or --baseline")
    }
  }

  func run() throws {
    // First, so that nothing is computed in vain.
    let file = try output.map { try OutputFile($0) }
    let comparison: Comparison
    switch try ComparedRuns(runs, baseline: baseline) {
    case .runs(let a, let b):
      var options = RunComparison.Options()
      options.thresholdPercent = threshold
      options.adjustsClock = !rawTimes
      comparison = RunComparison.compare(
        try readRun(b), with: try readRun(a), names: (run: b, baseline: a), options)
    case .variants(let folder, let contents, let baseline):
      comparison = VariantComparison.compare(
        contents, baseline: baseline, name: folder, thresholdPercent: threshold)
    }
    if let saveBaseline, let last = runs.last {
      do { try Baseline.save(last, as: saveBaseline) } catch { throw Exit.failure(error, Exit.io) }
      printToStandardError("Kept \(last) as \(Baseline.path(saveBaseline))")
    }
    try deliver(text(comparison), to: file)
    if let failIfSlower {
      let slower = comparison.slower(byMoreThan: failIfSlower)
      guard let first = slower.first else { return }
      let more = slower.count == 1 ? "" : ", and \(slower.count - 1) more"
      throw Exit.failure("slower by more than \(failIfSlower) %: \(first)\(more)", Exit.incorrect)
    }
  }

  private func text(_ comparison: Comparison) throws -> String {
    switch format {
    case .text: ComparisonReport.render(comparison, as: .text)
    case .markdown: ComparisonReport.render(comparison, as: .markdown)
    case .html: ComparisonReport.render(comparison, as: .html)
    case .csv: comparison.csv
    case .json: try comparison.json()
    }
  }
}
