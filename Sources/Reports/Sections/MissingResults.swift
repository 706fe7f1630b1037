import Results

/// The cases that have no time, and the entries of layer files that are not layers of the lab.
enum MissingResults {
  /// A heading and tables; none, if nothing is missing.
  static func blocks(_ run: ReportedRun) -> [Block] {
    var blocks: [Block] = []
    let others = run.rows.filter { $0.status != .ok }
    if !others.isEmpty { blocks += Block.limited(table(others)) }
    let entries = run.manifest.skippedEntries
    if !entries.isEmpty {
      let columns: [Table.Column] = [.text("file"), .number("line"), .text("skipped entry"), .text("reason")]
      let rows = entries.map { entry -> [RichText] in
        [.text(entry.file), .text(String(entry.line)), .code(entry.text), .text(entry.reason)]
      }
      blocks += Block.limited(Table(columns, rows: rows), source: "run.json")
    }
    return blocks.isEmpty ? [] : [.heading("Cases without a result")] + blocks
  }

  private static func table(_ rows: [Row]) -> Table {
    // Cases that differ in their threads alone share a line.
    let groups = rows.grouped { row in
      [row.status.rawValue, row.suite, row.network, row.layer, row.layout.rawValue, row.variant, row.notes ?? ""]
    }
    let ordered = Status.allCases.flatMap { status in groups.filter { $0[0].status == status } }
    let table = ordered.map { group -> [RichText] in
      let row = group[0]
      let error =
        row.status == .incorrect
        ? "largest error \(row.maxError.map { "\($0)" } ?? "unknown"), bound \(row.errorBound.map { "\($0)" } ?? "unknown")"
        : nil
      let reason = [row.notes, error].compactMap { $0 }.joined(separator: "; ")
      return [
        .text(row.status.rawValue), .text(row.network.isEmpty ? row.suite : row.network), .code(row.layer),
        .text(row.layout.rawValue), .code(row.variant), .text(Format.list(group.map(\.threads))),
        reason.isEmpty ? "no reason given" : .text(reason),
      ]
    }
    let columns: [Table.Column] = [
      .text("status"), .text("network"), .text("layer"), .text("layout"), .text("variant"), .text("threads"),
      .text("reason"),
    ]
    return Table(columns, rows: table)
  }
}
