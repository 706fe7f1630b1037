/// What a document is written as.
public enum DocumentFormat: String, Sendable, CaseIterable {
  /// Aligned columns for a terminal.
  case text
  /// GitHub Flavored Markdown.
  case markdown
  /// A page for a browser, which needs no network.
  case html

  /// How many rows of a long table a reader is shown.
  var limit: Int { self == .text ? 40 : Block.rowLimit }

  /// Renders a document without plots.
  func render(_ document: ReportDocument) -> String {
    switch self {
    case .text: PlainText.render(document)
    case .markdown: MarkdownReport.render(document, .none)
    case .html: HTMLReport.render(document, Evidence(), .none)
    }
  }
}
