/// A document as text for a terminal or a log.
enum PlainText {
  /// Renders a document. It ends with a line end.
  static func render(_ document: ReportDocument) -> String {
    ([document.title.plain, document.machine.plain].filter { !$0.isEmpty }.joined(separator: "\n") + "\n")
      + document.sections.map { "\n\($0.title)\n" + $0.blocks.map(block).joined() }.joined()
  }

  /// A block with its line ends; empty for a plot.
  private static func block(_ block: Block) -> String {
    switch block {
    case .heading(let title): "\n\(title.plain)\n"
    case .paragraph(let text): "\(text.plain)\n"
    case .list(let items): items.map { "- \($0.plain)\n" }.joined()
    case .table(let table): table.text
    case .groups(let groups): groups.table.text
    case .shell(let text): "\(text)\n"
    case .plot: ""
    case .details(let summary, let blocks): "\(summary.plain)\n" + blocks.map(Self.block).joined()
    }
  }
}
