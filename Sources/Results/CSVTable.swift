/// The records of a CSV file, and what was left out of it.
public struct CSVTable<Record: CSVRecord>: Sendable {
  /// The complete records, in the order of the file.
  public var records: [Record]
  /// The incomplete last line that was dropped, or nil if the file is complete.
  public var dropped: DroppedLine?
  /// The bytes of the file up to the end of the last complete record.
  var completeBytes: Int
}

/// The incomplete last line of a file whose writer was killed or ran out of space.
public struct DroppedLine: Sendable, Hashable, CustomStringConvertible {
  /// The file.
  public var file: String
  /// The line in which the incomplete record begins, counted from 1.
  public var line: Int

  /// A dropped line.
  public init(file: String, line: Int) {
    self.file = file
    self.line = line
  }

  /// One sentence that says what was dropped and why.
  public var description: String {
    "\(file):\(line): the last line is incomplete, so it was dropped; the writer was probably interrupted"
  }
}

/// What a reader does with an incomplete last line.
public enum IncompleteLastLine: Sendable {
  /// It is an error.
  case isAnError
  /// Every complete record is kept, and the table says what was dropped.
  case isDropped
}

extension CSVRecord {
  /// Reads a whole file of records.
  ///
  /// - Parameters:
  ///   - bytes: the contents of the file, UTF-8.
  ///   - file: its name, for error messages.
  ///   - incomplete: what to do with a last line that has no end.
  /// - Throws: `ResultsError` if the header is not exactly that of the columns, if a line has another number of fields, or
  ///   if a field is not a value of its column. The error names file, line, column, value and what was expected.
  public static func read(
    csv bytes: [UInt8], file: String, incompleteLastLine incomplete: IncompleteLastLine = .isAnError
  ) throws(ResultsError) -> CSVTable<Self> {
    var columns = Self.columns
    var records: [Self] = []
    var sawHeader = false
    let incompleteRecord: CSVFormat.Incomplete?
    do {
      incompleteRecord = try CSVFormat.forEachRecord(in: bytes) { fields, line throws(ResultsError) in
        if sawHeader {
          var record = try record(of: fields, columns: columns, file: file, line: line)
          if let last = records.last { record.shareText(with: last) }
          records.append(record)
        } else {
          try checkHeader(fields, columns: columns, file: file)
          columns.removeLast(columns.count - fields.count)
          sawHeader = true
        }
      }
    } catch {
      switch error {
      case .rejected(let error): throw error
      case .malformed(let malformed): throw .malformedCSV(file: file, line: malformed.line, malformed.problem.sentence)
      }
    }
    // Without a header nothing says what the file is, so there is nothing to keep.
    guard sawHeader else { throw .noHeader(file: file, expected: columns.first?.name ?? "") }
    guard let incompleteRecord else {
      return CSVTable(records: records, dropped: nil, completeBytes: bytes.count)
    }
    switch incomplete {
    case .isAnError: throw .incompleteLine(file: file, line: incompleteRecord.line)
    case .isDropped:
      return CSVTable(
        records: records, dropped: DroppedLine(file: file, line: incompleteRecord.line),
        completeBytes: incompleteRecord.offset)
    }
  }

  private static func checkHeader(
    _ fields: [String], columns: [CSVColumn<Self>], file: String
  ) throws(ResultsError) {
    for (index, (field, column)) in zip(fields, columns).enumerated() where field != column.name {
      throw .header(file: file, column: index + 1, value: field, expected: column.name)
    }
    if !(leastColumns...columns.count).contains(fields.count) {
      throw .fieldCount(file: file, line: 1, count: fields.count, expected: columns.count)
    }
  }

  private static func record(
    of fields: [String], columns: [CSVColumn<Self>], file: String, line: Int
  ) throws(ResultsError) -> Self {
    if fields.count != columns.count {
      throw .fieldCount(file: file, line: line, count: fields.count, expected: columns.count)
    }
    var record = Self.blank
    for (field, column) in zip(fields, columns) where !column.read(&record, field) {
      throw .field(file: file, line: line, column: column.name, value: field, expected: column.expectation)
    }
    return record
  }
}

extension CSVFormat.Malformed.Problem {
  fileprivate var sentence: String {
    switch self {
    case .strayQuote: "a quote inside a field that does not begin with one; expected the field to be quoted"
    case .textAfterQuote: "text after a closing quote; expected a comma or the end of the line"
    case .bareCarriageReturn: "a carriage return without a line feed; expected it to be quoted, or a line end"
    case .notUTF8: "bytes that are not UTF-8; expected UTF-8"
    }
  }
}
