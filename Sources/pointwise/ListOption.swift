import ArgumentParser

/// The values of an option that takes a list: `--split channels,pixels`.
struct ListOption<Value: Sendable>: Sendable {
  let values: [Value]

  init(_ values: [Value]) { self.values = values }
}

extension ListOption where Value: RawRepresentable<String> & CaseIterable {
  /// Parses words between commas.
  ///
  /// - Throws: `ValidationError` with the word and what was expected.
  static func parse(_ text: String) throws -> ListOption {
    ListOption(
      try words(text).map { word in
        if let value = Value(rawValue: word) { return value }
        let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("'\(word)' is not one of \(known)")
      })
  }
}

extension ListOption<String> {
  /// Takes words between commas as they are.
  ///
  /// - Throws: `ValidationError` if a word is empty.
  static func parse(_ text: String) throws -> ListOption { ListOption(try words(text)) }
}

private func words(_ text: String) throws -> [String] {
  let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  if words.contains("") { throw ValidationError("'\(text)' has an empty word; expected words between commas") }
  return words
}
