/// Columns with titles, and rows of cells.
struct Table: Sendable {
  /// A column.
  struct Column: Sendable {
    var title: String
    var alignment: TextColumns.Alignment
    /// Whether the column is left out when none of its cells has a value.
    var isOptional: Bool

    /// Words.
    static func text(_ title: String) -> Column { Column(title: title, alignment: .left, isOptional: false) }
    /// Words that few tables have.
    static func optionalText(_ title: String) -> Column { Column(title: title, alignment: .left, isOptional: true) }
    /// Numbers.
    static func number(_ title: String) -> Column { Column(title: title, alignment: .right, isOptional: false) }
    /// Numbers that few tables have.
    static func optionalNumber(_ title: String) -> Column {
      Column(title: title, alignment: .right, isOptional: true)
    }
  }

  /// The columns that are shown.
  let columns: [Column]
  /// The cells of each row, one for each column.
  let rows: [[RichText]]
  /// The case that a row shows, as `Row.caseKey`: its evidence can be looked at. Empty if no row has one.
  let cases: [String?]

  /// A table. Every row has as many cells as there are columns.
  ///
  /// - Parameter cases: the cases that the rows show, one for each row, or none at all.
  init(_ columns: [Column], rows: [[RichText]], cases: [String?] = []) {
    precondition(cases.isEmpty || cases.count == rows.count, "every row has a case, or none has")
    self.cases = cases
    precondition(rows.allSatisfy { $0.count == columns.count }, "every row has a cell for every column")
    let kept = columns.indices.filter { index in
      !columns[index].isOptional || rows.contains { !$0[index].isEmpty && $0[index].plain != Format.unknown }
    }
    self.columns = kept.map { columns[$0] }
    self.rows = rows.map { row in kept.map { row[$0] } }
  }

  /// The first rows of the table; all, if there are not more.
  func prefix(_ count: Int) -> Table {
    Table(columns, rows: Array(rows.prefix(count)), cases: Array(cases.prefix(count)))
  }

  /// Lines for a terminal, the titles first, with columns aligned by the width of what is seen, two spaces apart.
  var lines: [String] {
    TextColumns.lines(
      [columns.map(\.title)] + rows.map { $0.map(\.plain) }, alignments: columns.map(\.alignment))
  }

  /// ``lines``, each with a line end.
  var text: String { lines.map { $0 + "\n" }.joined() }
}
