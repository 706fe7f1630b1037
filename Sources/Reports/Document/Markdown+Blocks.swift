extension Markdown {
  /// The blocks, each with an empty line above it and a line end.
  static func blocks(_ blocks: [Block]) -> String { blocks.map { "\n" + block($0) }.joined() }

  private static func block(_ block: Block) -> String {
    switch block {
    case .heading(let title): "### \(line(title))\n"
    case .paragraph(let text): "\(line(text))\n"
    case .list(let items): items.map { "- \(line($0))\n" }.joined()
    case .table(let table): self.table(table)
    case .shell(let text): shell(text)
    case .details(let summary, let blocks):
      // The summary is HTML; GitHub reads what follows an empty line as Markdown again.
      "<details>\n<summary>\(HTML.line(summary))</summary>\n\(self.blocks(blocks))\n</details>\n"
    }
  }

  /// One line of text.
  static func line(_ text: RichText, inTable: Bool = false) -> String {
    text.spans.map { span in
      switch span.style {
      case .plain: self.text(span.text)
      case .code: code(span.text, inTable: inTable)
      case .strong: "**\(self.text(span.text))**"
      case .emphasis: "*\(self.text(span.text))*"
      }
    }.joined()
  }

  /// A GitHub table.
  private static func table(_ table: Table) -> String {
    func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }
    return row(table.columns.map { text($0.title) })
      + row(table.columns.map { $0.alignment == .left ? "---" : "---:" })
      + table.rows.map { row($0.map { line($0, inTable: true) }) }.joined()
  }
}
