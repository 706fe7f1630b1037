import ArgumentParser
import Reports
import Results

/// `pointwise report`: write the reports of a run folder again.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write the report of a run folder again.",
    discussion: """
      Reads run.json and the two CSV files, and writes report.md, report.html and plots/; a run that was killed is \
      reported as far as it got. Plots are drawn by gnuplot. Where it is missing or fails, a line says which plots are \
      missing and why, the report is whole otherwise, and the exit code is 0.
      """)

  @Argument(help: ArgumentHelp("The folder of a run.", valueName: "folder"))
  var folder: String

  @Option(help: ArgumentHelp("What plots are: svg, png or none.", valueName: "format"))
  var plots = PlotOption.svg

  /// What `--plots` takes.
  enum PlotOption: String, ExpressibleByArgument, CaseIterable {
    case svg, png, none

    /// The format of the plots; nil for none.
    var format: PlotFormat? { PlotFormat(rawValue: rawValue) }
  }

  func run() throws {
    let contents: RunFolder.Contents
    do { contents = try RunFolder.read(folder) } catch {
      throw Exit.failure(error, error.isSystemError ? Exit.io : Exit.data)
    }
    for line in contents.dropped { printToStandardError("Note: \(line)") }
    do {
      try writeReports(contents, to: folder, plots: plots.format)
    } catch {
      throw Exit.failure(error, Exit.io)
    }
    try printResults(contents.rows, in: folder)
  }
}
