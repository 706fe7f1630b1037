import Results

/// Writes the reports of a run into its folder: report.md, report.html, and plots beside them.
public struct ReportWriter: Sendable {
  /// What draws the plots.
  var gnuplot: Gnuplot
  /// What the plots are; nil for none.
  var plots: PlotFormat?

  /// A writer.
  ///
  /// - Parameters:
  ///   - plots: what the plots are; nil if none are to be drawn.
  ///   - gnuplot: what draws them.
  public init(plots: PlotFormat? = .svg, gnuplot: Gnuplot = Gnuplot()) {
    self.plots = plots
    self.gnuplot = gnuplot
  }

  /// Writes report.md as it is without plots, and nothing else.
  ///
  /// Plots take a while and some disk, and depend on another program: whatever becomes of them, this report is there. It
  /// says that they are missing, until ``write(_:to:)`` replaces it.
  ///
  /// - Throws: `ResultsError.system` if it cannot be written.
  public func writeDraft(_ contents: RunFolder.Contents, to folder: String) throws(ResultsError) {
    let run = ReportedRun(
      contents.manifest, contents.rows, samples: contents.samples, dropped: contents.dropped)
    var document = ReportDocument(run)
    if plots != nil && !document.plots.isEmpty {
      document.warn(
        .text("Plots are missing: they had not been drawn when this was written. `pointwise report` draws them."))
    }
    try RunFolder.write(MarkdownReport.render(document, .none), to: RunFolder.File.report, in: folder)
  }

  /// Writes the reports, over those that are there. Plots of an earlier report that this one does not have are removed.
  ///
  /// - Returns: why plots are missing, in a sentence; nil if none is. The reports say so too, and are whole otherwise.
  /// - Throws: `ResultsError.system` if a file cannot be written.
  public func write(_ contents: RunFolder.Contents, to folder: String) async throws(ResultsError) -> String? {
    let run = ReportedRun(
      contents.manifest, contents.rows, samples: contents.samples, dropped: contents.dropped)
    var document = ReportDocument(run)
    var images = PlotImages.none
    if let plots { images = await gnuplot.draw(document.plots, as: plots) }
    if let failure = images.failure { document.warn(.text(failure)) }
    let files = Dictionary(
      uniqueKeysWithValues: images.files.map { ("\($0.key).\(images.format.rawValue)", $0.value) })
    try RunFolder.write(
      files, toSubfolder: PlotImages.folder, of: folder, replacing: PlotFormat.allCases.map { ".\($0.rawValue)" })
    try RunFolder.write(MarkdownReport.render(document, images), to: RunFolder.File.report, in: folder)
    try RunFolder.write(HTMLReport.render(document, run, images), to: RunFolder.File.page, in: folder)
    return images.failure
  }
}
