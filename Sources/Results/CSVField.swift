import Layers

/// A value that is one field of a CSV file.
///
/// Writing and reading are inverse: `T(csvField: value.csvField) == value` for every value that is written.
protocol CSVField: SendableMetatype {
  /// The field, before quoting. Free of locales.
  var csvField: String { get }
  /// The value of a field, after quoting was removed; nil if it is not one.
  init?(csvField: String)
  /// What a field must be, for error messages: "an integer".
  static var expectation: String { get }
}

extension String: CSVField {
  var csvField: String { self }
  init?(csvField: String) { self = csvField }
  static var expectation: String { "text" }
}

extension Int: CSVField {
  var csvField: String { description }
  init?(csvField: String) { self.init(csvField) }
  static var expectation: String { "an integer" }
}

extension Double: CSVField {
  /// The shortest decimal number that reads back as this value; a whole number has no ".0".
  ///
  /// A value that is not finite is unknown, so its field is empty.
  var csvField: String {
    guard isFinite else { return "" }
    let text = description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  init?(csvField: String) {
    guard let value = Double(csvField), value.isFinite else { return nil }
    self = value
  }

  static var expectation: String { "a finite number" }
}

extension Bool: CSVField {
  var csvField: String { self ? "true" : "false" }
  init?(csvField: String) { self.init(csvField) }
  static var expectation: String { "true or false" }
}

/// An unknown value is an empty field, never 0 or nan. Hence an optional empty string reads back as nil.
extension Optional: CSVField where Wrapped: CSVField {
  var csvField: String { self?.csvField ?? "" }

  init?(csvField: String) {
    if csvField.isEmpty {
      self = .none
    } else {
      guard let value = Wrapped(csvField: csvField) else { return nil }
      self = .some(value)
    }
  }

  static var expectation: String { "\(Wrapped.expectation), or nothing" }
}

extension CSVField where Self: RawRepresentable & CaseIterable, RawValue == String {
  var csvField: String { rawValue }
  init?(csvField: String) { self.init(rawValue: csvField) }
  static var expectation: String { "one of " + allCases.map(\.rawValue).joined(separator: ", ") }
}

extension Op: CSVField {}
extension Layout: CSVField {}
extension DataType: CSVField {}
extension Activation: CSVField {}
extension Status: CSVField {}
extension Quality: CSVField {}
