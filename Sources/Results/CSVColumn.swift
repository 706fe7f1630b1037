/// One column of a file of records: its name, and how it is written and read.
///
/// A record type lists its columns once. Header, writer and reader are made from that list, so they cannot diverge.
public struct CSVColumn<Record>: Sendable {
  /// The name in the header.
  public let name: String
  /// The field of a record, before quoting; empty if the value is unknown.
  public let write: @Sendable (Record) -> String
  /// Stores the value of a field in a record; false if the field is not a value of this column.
  let read: @Sendable (inout Record, String) -> Bool
  /// What a field must be.
  let expectation: String

  init<Value: CSVField>(_ name: String, _ path: WritableKeyPath<Record, Value> & Sendable) {
    self.name = name
    write = { $0[keyPath: path].csvField }
    read = { record, field in
      guard let value = Value(csvField: field) else { return false }
      record[keyPath: path] = value
      return true
    }
    expectation = Value.expectation
  }

  /// A column of whole numbers within `range`, which computing with them relies on.
  init(_ name: String, _ path: WritableKeyPath<Record, Int> & Sendable, in range: ClosedRange<Int>) {
    self.name = name
    write = { $0[keyPath: path].csvField }
    read = { record, field in
      guard let value = Int(csvField: field), range.contains(value) else { return false }
      record[keyPath: path] = value
      return true
    }
    expectation = "a whole number from \(range.lowerBound) to \(range.upperBound)"
  }
}

/// A value that is one line of a CSV file.
public protocol CSVRecord: Sendable {
  /// The columns in the order of the file.
  static var columns: [CSVColumn<Self>] { get }
  /// How many of the columns a file has at least. The others were added later: what an older file lacks is not known.
  static var leastColumns: Int { get }
  /// A record for the reader to fill; every field is overwritten.
  static var blank: Self { get }
  /// Lets equal text of two records share its memory. The reader calls it with the record before.
  mutating func shareText(with other: Self)
}

extension CSVRecord {
  /// All of them.
  public static var leastColumns: Int { columns.count }

  /// Nothing: records that have little text in common keep their own.
  public mutating func shareText(with other: Self) {}

  /// The first line of the file, with its line end.
  public static var csvHeader: String { CSVFormat.line(columns.map(\.name)) }

  /// The record's line, with its line end.
  public var csvLine: String { CSVFormat.line(Self.columns.map { $0.write(self) }) }
}
