/// Rows of text for a terminal, their columns aligned.
package enum TextColumns {
  /// On which side of a column its cells stand.
  package enum Alignment: Sendable {
    case left, right
  }

  /// A line for each row, columns padded to their widest cell as it is seen and two spaces apart, without space at the
  /// end. A line end or tab in a cell becomes a space.
  ///
  /// - Parameters:
  ///   - alignments: the columns' alignments; those beyond are left-aligned.
  ///   - indent: spaces before each line.
  package static func lines(_ rows: [[String]], alignments: [Alignment] = [], indent: Int = 0) -> [String] {
    let cells = rows.map { row in
      row.map { cell in String(cell.map { $0.isNewline || $0 == "\t" ? " " : $0 }) }
    }
    var widths: [Int] = []
    for row in cells {
      for (column, cell) in row.enumerated() {
        if column == widths.count { widths.append(0) }
        widths[column] = max(widths[column], displayWidth(cell))
      }
    }
    return cells.map { row in
      var line = String(repeating: " ", count: indent)
      for (column, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - displayWidth(cell))
        let isRight = column < alignments.count && alignments[column] == .right
        line += (column > 0 ? "  " : "") + (isRight ? padding + cell : cell + padding)
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }
}

/// How many columns of a terminal `text` takes.
///
/// A character, with whatever combines with it, takes one; East Asian wide ones and emoji take two (Unicode Standard
/// Annex 11; the ranges are the blocks that are wide as a whole).
package func displayWidth(_ text: String) -> Int {
  text.reduce(0) { width, character in
    guard let scalar = character.unicodeScalars.first else { return width }
    let properties = scalar.properties
    if properties.generalCategory == .nonspacingMark || properties.generalCategory == .format
      || properties.generalCategory == .control
    {
      return width
    }
    let isEmoji =
      properties.isEmojiPresentation || character.unicodeScalars.contains { $0.value == 0xFE0F }
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
      return width + 2
    default:
      return width + (isEmoji ? 2 : 1)
    }
  }
}
