import Results

/// The report of a run for people, as GitHub Flavored Markdown.
public enum MarkdownReport {
  /// Renders a run, without plots. The same input always gives the same text.
  ///
  /// - Parameters:
  ///   - manifest: the description of the run.
  ///   - rows: its rows, in the order of the file.
  ///   - samples: its samples, which comparisons within the run need.
  ///   - dropped: incomplete lines that reading the run left out; they become warnings.
  public static func render(
    _ manifest: RunManifest, _ rows: [Row], samples: [Sample] = [], dropped: [DroppedLine] = []
  ) -> String {
    render(ReportDocument(ReportedRun(manifest, rows, samples: samples, dropped: dropped)), .none)
  }

  /// Renders a document with the plots that could be drawn.
  static func render(_ document: ReportDocument, _ images: PlotImages) -> String {
    var text = "# \(Markdown.line(document.title))\n\n\(Markdown.line(document.machine))\n"
    for section in document.sections {
      text += "\n## \(section.title)\n" + Markdown.blocks(section.blocks, images)
    }
    return text
  }
}
