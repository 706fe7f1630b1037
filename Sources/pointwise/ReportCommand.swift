import ArgumentParser
import Foundation
import Reports
import Results

/// `pointwise report`: write the reports of a run folder again, or one report of several.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write the report of a run folder again, or one that compares the machines of several.",
    discussion: """
      Reads run.json and the two CSV files, and writes report.md, report.html and plots/; a run that was killed is \
      reported as far as it got. Plots are drawn by gnuplot. Where it is missing or fails, a line says which plots are \
      missing and why, the report is whole otherwise, and the exit code is 0.

      With several folders, of one machine or of several, it writes one report.md and report.html that show them side by \
      side: machines, network totals, and the fastest variant of each layer, with ratios to the first.
      """)

  @Argument(help: ArgumentHelp("The folder of a run, or of several.", valueName: "folder"))
  var folders: [String]

  @Option(
    help: ArgumentHelp(
      "The folder for the report of several runs. Default: Reports/machines-<date>-<time>.", valueName: "folder"))
  var output: String?

  @Option(help: ArgumentHelp("What plots are: svg, png or none.", valueName: "format"))
  var plots = PlotOption.svg

  /// What `--plots` takes.
  enum PlotOption: String, ExpressibleByArgument, CaseIterable {
    case svg, png, none

    /// The format of the plots; nil for none.
    var format: PlotFormat? { PlotFormat(rawValue: rawValue) }
  }

  func validate() throws {
    if folders.count == 1 && output != nil {
      throw ValidationError("--output is for the report of several runs; that of one is written into its folder")
    }
    if output == "" { throw ValidationError("--output is ''; expected the name of a folder") }
  }

  func run() throws {
    if folders.count > 1 { return try merge() }
    let folder = folders[0]
    let contents = try readRun(folder)
    try Supplies.require()
    do {
      try writeReports(contents, to: folder, plots: plots.format)
    } catch {
      throw Exit.failure(error, Exit.io)
    }
    try printResults(contents.manifest, contents.rows, in: folder)
  }

  /// Writes the report of several runs, which has no plots.
  private func merge() throws {
    let runs = try folders.map { (folder: $0, contents: try readRun($0)) }
    let output = output ?? "Reports/" + RunFolder.defaultName(host: "machines", suite: nil, date: Date())
    do throws(ResultsError) {
      try FileBytes.makeFolders(output)
      try RunFolder.write(MachinesReport.render(runs, as: .markdown), to: RunFolder.File.report, in: output)
      try RunFolder.write(MachinesReport.render(runs, as: .html), to: RunFolder.File.page, in: output)
    } catch {
      throw Exit.failure(error, Exit.io)
    }
    try printToStandardOutput("Report: \(output)/\(RunFolder.File.report)")
  }
}
