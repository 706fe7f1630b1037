import ArgumentParser

/// The values of an option that takes a list: `--split channels,pixels`. Each is there once.
struct ListOption<Value: Hashable & Sendable>: Sendable {
  let values: [Value]

  init(_ values: [Value]) {
    var seen: Set<Value> = []
    self.values = values.filter { seen.insert($0).inserted }
  }
}

extension ListOption where Value: RawRepresentable<String> & CaseIterable {
  /// Parses words between commas.
  ///
  /// - Throws: `ValidationError` with the word and what was expected.
  static func parse(_ text: String) throws -> ListOption { try parse(text, known: Array(Value.allCases)) }

  /// Parses a single word.
  static func one(_ text: String) throws -> Value {
    guard let value = Value(rawValue: text) else {
      throw ValidationError("expected one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return value
  }

  /// Parses those of the words that are `known`.
  static func parse(_ text: String, known: [Value]) throws -> ListOption {
    ListOption(
      try words(text).map { word in
        if let value = known.first(where: { $0.rawValue == word }) { return value }
        let words = known.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("'\(word)' is not \(known.count == 1 ? "" : "one of ")\(words)")
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
  if words.contains("") { throw ValidationError("expected one or more words between commas, none of them empty") }
  return words
}
