import Layers
import Yams

/// One mapping of a suite file, whose keys are known, read with errors that name the line.
struct SuiteMap {
  let file: String
  /// What the mapping is, for messages, as in "a layer".
  let what: String
  let location: SourceLocation
  private let values: [String: Node]

  /// - Throws: `SuiteError` if `node` is not a mapping or has a key that is not in `known`.
  init(_ node: Node, of what: String, known: [String], in file: String) throws(SuiteError) {
    self.file = file
    self.what = what
    location = Self.location(of: node, in: file)
    guard case .mapping(let mapping) = node else {
      throw SuiteError("\(what) was expected to be a mapping of \(list(known))", at: location)
    }
    var values: [String: Node] = [:]
    for (key, value) in mapping {
      guard let name = key.scalar?.string, known.contains(name) else {
        let found = key.scalar.map { "'\(shortened($0.string))'" } ?? "a key that is not text"
        let guess = key.scalar.flatMap { nearest(to: $0.string, among: known) }
        throw SuiteError(
          "\(found) is not a key of \(what)\(guess.map { ", did you mean '\($0)'?" } ?? ";") "
            + "expected \(list(known))",
          at: Self.location(of: key, in: file))
      }
      values[name] = value
    }
    self.values = values
  }

  subscript(key: String) -> Node? { values[key] }

  func has(_ key: String) -> Bool { values[key] != nil }

  func location(of key: String) -> SourceLocation { values[key].map { Self.location(of: $0, in: file) } ?? location }

  static func location(of node: Node, in file: String) -> SourceLocation {
    SourceLocation(file: file, line: node.mark?.line)
  }

  /// The text of a scalar, of whatever YAML type: `64` and `none` are texts here. Empty and null are not.
  static func text(_ node: Node, as what: String, in file: String) throws(SuiteError) -> String {
    guard let scalar = node.scalar, node.null == nil, !scalar.string.isEmpty else {
      throw SuiteError("\(what) was expected to be text", at: location(of: node, in: file))
    }
    return scalar.string
  }

  func text(_ key: String) throws(SuiteError) -> String? {
    guard let node = values[key] else { return nil }
    return try Self.text(node, as: "'\(key)' of \(what)", in: file)
  }

  func flag(_ key: String) throws(SuiteError) -> Bool? {
    guard let node = values[key] else { return nil }
    guard let flag = node.bool else {
      let found = node.scalar.map { "is '\(shortened($0.string))', but" } ?? "is not text, but"
      throw SuiteError("'\(key)' of \(what) \(found) true or false was expected", at: location(of: key))
    }
    return flag
  }

  /// A number greater than 0.
  func positive(_ key: String, unit: String) throws(SuiteError) -> Double? {
    guard let text = try text(key) else { return nil }
    guard let value = Double(text), value > 0, value.isFinite else {
      throw SuiteError(
        "'\(key)' of \(what) is '\(shortened(text))', but a number of \(unit) greater than 0 was expected",
        at: location(of: key))
    }
    return value
  }

  /// A whole number in `range`.
  func whole(_ key: String, in range: ClosedRange<Int>) throws(SuiteError) -> Int? {
    guard let text = try text(key) else { return nil }
    guard let value = Int(text), range.contains(value) else {
      throw SuiteError(
        "'\(key)' of \(what) is '\(shortened(text))', but a whole number from \(range.lowerBound) to "
          + "\(range.upperBound) was expected",
        at: location(of: key))
    }
    return value
  }

  /// A value of an enumeration, by its raw value.
  func choice<Value: RawRepresentable & CaseIterable>(
    _ key: String, _ type: Value.Type
  ) throws(SuiteError) -> Value? where Value.RawValue == String {
    guard let text = try text(key) else { return nil }
    return try Self.choice(text, type, as: "'\(key)' of \(what)", at: location(of: key))
  }

  static func choice<Value: RawRepresentable & CaseIterable>(
    _ text: String, _ type: Value.Type, as what: String, at location: SourceLocation
  ) throws(SuiteError) -> Value where Value.RawValue == String {
    guard let value = Value(rawValue: text) else {
      let known = Value.allCases.map(\.rawValue)
      throw SuiteError("\(what) is '\(shortened(text))'; expected \(list(known, "or"))", at: location)
    }
    return value
  }

  /// The elements of a list.
  func elements(_ key: String) throws(SuiteError) -> [Node]? {
    guard let node = values[key] else { return nil }
    guard case .sequence(let sequence) = node, !sequence.isEmpty else {
      throw SuiteError("'\(key)' of \(what) was expected to be a list with at least one element", at: location(of: key))
    }
    return Array(sequence)
  }

  /// The values of an axis: a list of texts, or a text alone.
  func axis(_ key: String) throws(SuiteError) -> Suite.Axis<String>? {
    guard let node = values[key] else { return nil }
    let name = "'\(key)' of \(what)"
    let nodes = node.scalar == nil ? try elements(key) ?? [] : [node]
    var texts: [String] = []
    for node in nodes {
      let text = try Self.text(node, as: "each value of \(name)", in: file)
      if texts.contains(text) {
        throw SuiteError(
          "\(name) has '\(shortened(text))' twice, but distinct values were expected",
          at: Self.location(of: node, in: file))
      }
      texts.append(text)
    }
    return Suite.Axis(values: texts, location: location(of: key))
  }
}
