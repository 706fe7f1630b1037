/// A part of a section, which Markdown and HTML show each in its own way.
enum Block: Sendable {
  /// A heading within the section.
  case heading(RichText)
  case paragraph(RichText)
  case list([RichText])
  case table(Table)
  case groups(GroupedTable)
  /// Lines for a shell.
  case shell(String)
  case plot(Plot)
  /// Blocks that are shown when the reader asks for them, below a line that always is.
  case details(RichText, [Block])
}

extension Block {
  /// How many rows a table has at most: more are for a program to read, and GitHub shows no report beyond 512 KiB.
  static let rowLimit = 300

  /// The first rows of a table, and how many are left out.
  ///
  /// - Parameter source: the file that has the others, or what they follow from.
  static func limited(_ table: Table, source: String = "results.csv") -> [Block] {
    let more = table.rows.count - rowLimit
    guard more > 0 else { return [.table(table)] }
    return [
      .table(table.prefix(rowLimit)), .paragraph("… and \(Format.count(more, "more row")), from `\(source)`."),
    ]
  }
}

/// A table of which each group of rows has a name: a table for each in Markdown, a single one that can be searched in
/// HTML.
struct GroupedTable: Sendable {
  /// Rows that belong together.
  struct Group: Sendable {
    /// What they have in common.
    var name: RichText
    /// The same in few words, for the column of a single table.
    var shortName: String
    /// More about it.
    var about: RichText
    /// The rows in the table.
    var rows: Range<Int>
    /// How many rows are left out.
    var omitted: Int
  }

  /// The title of the column that names the groups in a single table.
  var title: String
  var table: Table
  var groups: [Group]
}
