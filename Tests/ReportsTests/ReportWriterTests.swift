import Foundation
import Results
import Testing

@testable import Reports

@Suite struct ReportWriterTests {
  /// A run folder with the rows of the example.
  private func folder(_ rows: [Row] = PlotTests.rows()) throws -> (TemporaryFolder, RunFolder.Contents) {
    let folder = try TemporaryFolder()
    try folder.write(Row.csvHeader + rows.map(\.csvLine).joined(), to: "results.csv")
    try folder.write(Sample.csvHeader + HTMLReportTests.samples(rows, 3).map(\.csvLine).joined(), to: "samples.csv")
    try folder.write(String(decoding: ExampleRun.manifest.json(), as: UTF8.self), to: "run.json")
    return (folder, try RunFolder.read(folder.path))
  }

  @Test(.enabled(if: Programs.gnuplot != nil), arguments: PlotFormat.allCases)
  func picturesAreBesideTheReport(format: PlotFormat) async throws {
    let (folder, contents) = try folder()
    try FileManager.default.createDirectory(at: folder.url.appending(path: "plots"), withIntermediateDirectories: true)
    try folder.write("old", to: "plots/old.svg")
    try folder.write("mine", to: "plots/notes.txt")
    #expect(try await ReportWriter(plots: format).write(contents, to: folder.path) == nil)
    let text = try folder.text("report.md")
    let named = Set(text.matches(of: /\]\((plots\/[^)]*)\)/).map { String($0.1) })
    let there = Set(try folder.names("plots").map { "plots/\($0)" })
    // Every picture is shown once, and nothing but pictures is touched.
    #expect(named == there.subtracting(["plots/notes.txt"]) && there.contains("plots/notes.txt"))
    #expect(named.count > 6 && named.allSatisfy { $0.hasSuffix(format.rawValue) })
    #expect(try folder.names() == ["plots", "report.html", "report.md", "results.csv", "run.json", "samples.csv"])

    // Without plots, none is left.
    try FileManager.default.removeItem(at: folder.url.appending(path: "plots/notes.txt"))
    #expect(try await ReportWriter(plots: nil).write(contents, to: folder.path) == nil)
    #expect(try !folder.names().contains("plots") && !folder.text("report.md").contains("plots/"))
  }

  /// Plots that find no room leave the report without them.
  @Test(.enabled(if: Programs.gnuplot != nil)) func theReportIsThereBeforeThePlots() async throws {
    let (folder, contents) = try folder()
    let writer = ReportWriter()
    try writer.writeDraft(contents, to: folder.path)
    let draft = try folder.text("report.md")
    #expect(draft.contains("\n- Plots are missing: they had not been drawn") && !draft.contains("](plots"))
    try folder.write("a file in the folder's place", to: "plots")
    await #expect(throws: ResultsError.self) { try await writer.write(contents, to: folder.path) }
    #expect(try folder.text("report.md") == draft)
    // No word of plots where none are asked for.
    try ReportWriter(plots: nil).writeDraft(contents, to: folder.path)
    #expect(try !folder.text("report.md").contains("Plots are missing"))
  }

  @Test func withoutGnuplotTheReportStands() async throws {
    let (folder, contents) = try folder()
    let failure = try await ReportWriter(gnuplot: Gnuplot(program: "/nowhere/gnuplot")).write(contents, to: folder.path)
    let sentence = try #require(failure)
    let report = try folder.text("report.md")
    #expect(sentence.hasPrefix("Plots are missing") && report.split(separator: "Plots are missing").count == 2)
    #expect(report.contains("\n- Plots are missing") && !report.contains("]("))
    #expect(try folder.text("report.html").contains("Plots are missing"))
    // The rest is as it is without plots.
    let run = ReportedRun(contents.manifest, contents.rows, samples: contents.samples)
    let rest = report.split(separator: "\n").filter { !$0.contains("Plots are missing") }
    #expect(rest == MarkdownReport.render(ReportDocument(run), .none).split(separator: "\n"))
  }
}
