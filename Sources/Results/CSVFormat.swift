/// Comma-separated values as RFC 4180 has them, with LF or CR LF as line end (LF is written), in UTF-8.
enum CSVFormat {
  /// One line of `fields`, with its line end.
  ///
  /// A field that holds a comma, a quote or a line end is quoted, and its quotes are doubled. So is one that begins or
  /// ends with a space: RFC 4180 keeps such spaces, but many readers drop them.
  static func line(_ fields: [String]) -> String {
    var line = ""
    for (index, field) in fields.enumerated() {
      if index > 0 { line += "," }
      let bytes = field.utf8
      let special = bytes.contains {
        $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r")
      }
      if special || bytes.first == UInt8(ascii: " ") || bytes.last == UInt8(ascii: " ") {
        line += "\""
        // By scalars, not by characters: a quote that a combining mark follows is still a quote.
        for scalar in field.unicodeScalars {
          if scalar == "\"" { line += "\"" }
          line.unicodeScalars.append(scalar)
        }
        line += "\""
      } else {
        line += field
      }
    }
    return line + "\n"
  }

  /// Where an incomplete record begins.
  struct Incomplete: Hashable {
    /// Its first line, counted from 1.
    var line: Int
    /// Its first byte, counted from 0.
    var offset: Int
  }

  /// Why bytes are not CSV, and in which line (counted from 1).
  struct Malformed: Error, Hashable {
    var line: Int
    var problem: Problem

    enum Problem: Hashable {
      /// A quote inside a field that is not quoted.
      case strayQuote
      /// Something between a closing quote and the next comma or line end.
      case textAfterQuote
      /// A carriage return that is neither quoted nor followed by a line feed.
      case bareCarriageReturn
      /// Bytes that are not UTF-8.
      case notUTF8
    }
  }

  /// Calls `body` with the fields of each complete record and the line in which it begins.
  ///
  /// It is a reader of the lab's own because errors have to name a line, because a file whose writer was killed has to
  /// be told from a complete one, and because commas and quotes have to be found in bytes: among characters, a comma
  /// and a combining mark after it are one character, and not a comma.
  ///
  /// - Returns: where an incomplete record begins at the end of the file, or nil if the last record is complete, that is,
  ///   ends with a line end.
  /// - Complexity: O(*n*) in the number of bytes.
  static func forEachRecord(
    in bytes: [UInt8], _ body: (_ fields: [String], _ line: Int) throws(ResultsError) -> Void
  ) throws(CSVReadError) -> Incomplete? {
    let comma = UInt8(ascii: ",")
    let quote = UInt8(ascii: "\"")
    let feed = UInt8(ascii: "\n")
    let carriageReturn = UInt8(ascii: "\r")
    var position = 0
    var line = 1
    while position < bytes.count {
      let firstLine = line
      let start = Incomplete(line: line, offset: position)
      var fields: [String] = []
      var field: [UInt8] = []
      var ended = false
      while !ended {
        field.removeAll(keepingCapacity: true)
        if position < bytes.count, bytes[position] == quote {
          position += 1
          quoted: while true {
            guard position < bytes.count else { return start }
            let byte = bytes[position]
            position += 1
            if byte == quote {
              guard position < bytes.count, bytes[position] == quote else { break quoted }
              position += 1
            } else if byte == feed {
              line += 1
            }
            field.append(byte)
          }
        } else {
          while position < bytes.count {
            let byte = bytes[position]
            if byte == comma || byte == feed || byte == carriageReturn { break }
            if byte == quote { throw .malformed(Malformed(line: line, problem: .strayQuote)) }
            field.append(byte)
            position += 1
          }
        }
        guard position < bytes.count else { return start }
        guard let text = String(validating: field, as: UTF8.self) else {
          throw .malformed(Malformed(line: line, problem: .notUTF8))
        }
        fields.append(text)
        if bytes[position] == carriageReturn {
          position += 1
          guard position < bytes.count else { return start }
          if bytes[position] != feed { throw .malformed(Malformed(line: line, problem: .bareCarriageReturn)) }
        }
        switch bytes[position] {
        case comma: break
        case feed:
          ended = true
          line += 1
        default: throw .malformed(Malformed(line: line, problem: .textAfterQuote))
        }
        position += 1
      }
      do { try body(fields, firstLine) } catch { throw .rejected(error) }
    }
    return nil
  }

  /// Why reading stopped.
  enum CSVReadError: Error {
    /// The bytes are not CSV.
    case malformed(Malformed)
    /// The caller refused a record.
    case rejected(ResultsError)
  }
}
