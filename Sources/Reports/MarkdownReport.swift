import Results

/// The report of a run for people, as GitHub Flavored Markdown.
public enum MarkdownReport {
  /// Renders a run. The same input always gives the same text.
  ///
  /// - Parameters:
  ///   - manifest: the description of the run.
  ///   - rows: its rows, in the order of the file.
  ///   - dropped: incomplete lines that reading the run left out; they become warnings.
  public static func render(_ manifest: RunManifest, _ rows: [Row], dropped: [DroppedLine] = []) -> String {
    render(ReportedRun(manifest, rows, dropped: dropped))
  }

  static func render(_ run: ReportedRun) -> String {
    var text = "# \(Markdown.line(run.title))\n\n\(Markdown.line(run.machine))\n"
    for section in ReportSections.all {
      let blocks = section.blocks(run)
      if !blocks.isEmpty { text += "\n## \(section.title)\n" + Markdown.blocks(blocks) }
    }
    return text
  }
}
