/// A part of a section, which Markdown and HTML show each in its own way.
enum Block: Sendable {
  /// A heading within the section.
  case heading(RichText)
  case paragraph(RichText)
  case list([RichText])
  case table(Table)
  /// Lines for a shell.
  case shell(String)
  /// Blocks that are shown when the reader asks for them, below a line that always is.
  case details(RichText, [Block])
}
