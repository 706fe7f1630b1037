import ArgumentParser
import Reports
import Results

/// `pointwise report`: write the reports of a run folder again.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write the report of a run folder again.",
    discussion: "Reads run.json and the two CSV files; a run that was killed is reported as far as it got.")

  @Argument(help: ArgumentHelp("The folder of a run.", valueName: "folder"))
  var folder: String

  func run() throws {
    let contents: RunFolder.Contents
    do { contents = try RunFolder.read(folder) } catch {
      throw Exit.failure(error, error.isSystemError ? Exit.io : Exit.data)
    }
    for line in contents.dropped { printToStandardError("Note: \(line)") }
    do {
      try RunFolder.write(
        MarkdownReport.render(
          contents.manifest, contents.rows, samples: contents.samples, dropped: contents.dropped),
        to: RunFolder.File.report, in: folder)
    } catch {
      throw Exit.failure(error, Exit.io)
    }
    try printResults(contents.rows, in: folder)
  }
}
