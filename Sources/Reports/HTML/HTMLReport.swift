import Foundation
import Mustache
import Results

/// The report of a run as a page that needs no network: styles, scripts, pictures and samples are in it.
enum HTMLReport {
  /// Renders a document with the plots that could be drawn.
  static func render(_ document: ReportDocument, _ run: ReportedRun, _ images: PlotImages) -> String {
    var cases: Set<String> = []
    func collect(_ blocks: [Block]) {
      for block in blocks {
        switch block {
        case .table(let table): cases.formUnion(table.cases.compactMap { $0 })
        case .groups(let groups): cases.formUnion(groups.table.cases.compactMap { $0 })
        case .details(_, let blocks): collect(blocks)
        default: break
        }
      }
    }
    for section in document.sections { collect(section.blocks) }
    return render(document, Evidence(run, cases), images)
  }

  /// Renders a document with the evidence behind its tables.
  static func render(_ document: ReportDocument, _ evidence: Evidence, _ images: PlotImages) -> String {
    let blocks = HTMLBlocks(images: images, places: evidence.places)
    let page: [String: Any] = [
      "plainTitle": HTML.text(document.title.plain), "title": HTML.line(document.title),
      "machine": HTML.line(document.machine), "style": text(PackageResources.report_css),
      "script": text(PackageResources.report_js), "evidence": evidence.json(),
      "sections": document.sections.map { section -> [String: Any] in
        [
          "id": GnuplotScript.fileName([section.title]), "heading": HTML.text(section.title),
          "blocks": section.blocks.compactMap(blocks.context),
        ]
      },
    ]
    return library.render(page, withTemplate: "report") ?? ""
  }

  /// The templates. They are part of the program, so they are there wherever it is.
  private static let library: MustacheLibrary = {
    var templates: [String: MustacheTemplate] = [:]
    for (name, bytes) in [("report", PackageResources.report_mustache), ("block", PackageResources.block_mustache)] {
      // A template that does not parse cannot be shipped: the tests render all of them.
      if let template = try? MustacheTemplate(string: text(bytes)) { templates[name] = template }
    }
    return MustacheLibrary(templates: templates)
  }()

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}

/// Blocks as the template of the page takes them.
struct HTMLBlocks {
  var images: PlotImages
  /// The places of cases in the page's evidence.
  var places: [String: Int]

  /// The kinds of blocks that the template knows. Every block has a value for each, so that none is looked up in the
  /// block around it.
  private static let kinds = ["subheading", "paragraph", "list", "shell", "plot", "table", "details"]

  /// A block; nil if it is a plot without a picture.
  func context(_ block: Block) -> [String: Any]? {
    func only(_ kind: String, _ values: [String: Any]) -> [String: Any] {
      Dictionary(uniqueKeysWithValues: Self.kinds.map { ($0, $0 == kind ? values : false as Any) })
    }
    switch block {
    case .heading(let text): return only("subheading", ["text": HTML.line(text)])
    case .paragraph(let text): return only("paragraph", ["text": HTML.line(text)])
    case .list(let items): return only("list", ["items": items.map { ["text": HTML.line($0)] }])
    case .shell(let text): return only("shell", ["text": HTML.text(text)])
    case .table(let table): return only("table", context(table.columns, rows(table)))
    case .groups(let groups): return only("table", context(groups))
    case .plot(let plot):
      guard let picture = picture(plot) else { return nil }
      return only("plot", ["picture": picture, "caption": HTML.line(plot.caption)])
    case .details(let summary, let blocks):
      let inner = blocks.compactMap(context)
      return inner.isEmpty ? nil : only("details", ["summary": HTML.line(summary), "inner": inner])
    }
  }

  private func context(_ columns: [Table.Column], _ body: String) -> [String: Any] {
    [
      "columns": columns.map { ["text": HTML.text($0.title), "number": $0.alignment == .right] as [String: Any] },
      "body": body,
    ]
  }

  /// All groups as one table, with a column for their names: it can be searched.
  private func context(_ groups: GroupedTable) -> [String: Any] {
    let table = groups.table
    var body = ""
    for group in groups.groups {
      let name =
        "<td title=\"\(HTML.text("\(group.name.plain): \(group.about.plain)"))\">\(HTML.text(group.shortName))</td>"
      for index in group.rows { body += row(table, index, before: name) }
      if group.omitted > 0 {
        let rest = String(repeating: "<td></td>", count: max(table.columns.count - 1, 0))
        body += "<tr>\(name)<td>… and \(Format.count(group.omitted, "row")) more in results.csv</td>\(rest)</tr>\n"
      }
    }
    return context([.text(groups.title)] + table.columns, body)
  }

  /// Rows are written here and not by the template, which would take seconds for thousands of them.
  private func rows(_ table: Table) -> String { table.rows.indices.map { row(table, $0) }.joined() }

  private func row(_ table: Table, _ index: Int, before: String = "") -> String {
    let place = table.cases.isEmpty ? nil : table.cases[index].flatMap { places[$0] }
    var text = place.map { "<tr data-case=\"\($0)\">" } ?? "<tr>"
    text += before
    for (column, cell) in zip(table.columns, table.rows[index]) {
      // Short texts stay on one line; sentences are broken.
      let isLong = column.alignment == .left && cell.plain.count > 60
      text += column.alignment == .right ? "<td class=\"number\">" : isLong ? "<td class=\"long\">" : "<td>"
      text += HTML.line(cell) + "</td>"
    }
    return text + "</tr>\n"
  }

  /// A plot's picture inside the page; nil if it could not be drawn.
  private func picture(_ plot: Plot) -> String? {
    guard let bytes = images.files[plot.name] else { return nil }
    let words = HTML.text(plot.caption.plain)
    switch images.format {
    case .png: return "<img alt=\"\(words)\" src=\"data:image/png;base64,\(Data(bytes).base64EncodedString())\">"
    case .svg:
      let text = String(decoding: bytes, as: UTF8.self)
      guard let start = text.range(of: "<svg") else { return nil }
      // Several pictures share the page, and so does the space of their names.
      let drawing = text[start.lowerBound...].replacing(" id=\"", with: " id=\"\(plot.name)-")
        .replacing(" id='", with: " id='\(plot.name)-").replacing("href='#", with: "href='#\(plot.name)-")
        .replacing("href=\"#", with: "href=\"#\(plot.name)-").replacing("url(#", with: "url(#\(plot.name)-")
      return "<svg role=\"img\" aria-label=\"\(words)\"" + drawing.dropFirst(4)
    }
  }
}
