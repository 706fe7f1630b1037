extension Markdown {
  /// The blocks, each with an empty line above it and a line end.
  static func blocks(_ blocks: [Block], _ images: PlotImages) -> String {
    blocks.map { block in
      let text = self.block(block, images)
      return text.isEmpty ? "" : "\n" + text
    }.joined()
  }

  /// A block; empty if it is a plot without a picture.
  private static func block(_ block: Block, _ images: PlotImages) -> String {
    switch block {
    case .heading(let title): return "### \(line(title))\n"
    case .paragraph(let text): return "\(line(text))\n"
    case .list(let items): return items.map { "- \(line($0))\n" }.joined()
    case .table(let table): return self.table(table)
    case .groups(let groups): return self.groups(groups)
    case .shell(let text): return shell(text)
    case .plot(let plot): return images.path(of: plot).map { "![\(line(plot.caption))](\($0))\n" } ?? ""
    case .details(let summary, let blocks):
      let content = self.blocks(blocks, images)
      return content.isEmpty ? "" : details(summary, content)
    }
  }

  private static func details(_ summary: RichText, _ content: String) -> String {
    // The summary is HTML; GitHub reads what follows an empty line as Markdown again.
    "<details>\n<summary>\(HTML.line(summary))</summary>\n\(content)\n</details>\n"
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
  private static func table(_ table: Table, rows: Range<Int>? = nil) -> String {
    func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }
    return row(table.columns.map { text($0.title) })
      + row(table.columns.map { $0.alignment == .left ? "---" : "---:" })
      + table.rows[rows ?? table.rows.indices].map { row($0.map { line($0, inTable: true) }) }.joined()
  }

  private static func groups(_ grouped: GroupedTable) -> String {
    grouped.groups.map { group in
      var content = "\n" + table(grouped.table, rows: group.rows)
      if group.omitted > 0 { content += "\n… and \(Format.count(group.omitted, "row")) more in results.csv.\n" }
      return "### \(line(group.name))\n\n\(line(group.about))\n\n"
        + details(.text(Format.count(group.rows.count, "row")), content)
    }.joined(separator: "\n")
  }
}
