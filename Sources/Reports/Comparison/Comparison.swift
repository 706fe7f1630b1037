import Foundation
public import Results
public import Statistics

/// What a comparison of two runs, or of the variants of one, has found.
public struct Comparison: Sendable, Encodable {
  /// The version of the JSON that this code writes.
  public static let schemaVersion = 1

  /// What is compared.
  public enum Kind: String, Sendable, Encodable {
    /// Two runs.
    case runs
    /// The variants of one run.
    case variants
  }

  /// Rows that share their code and how it was run, as one.
  public struct Group: Sendable, Encodable {
    /// What they share, in words.
    public var name: String
    /// How many rows were compared.
    public var rows: Int
    /// The median of their ratios; nil for fewer than six rows. Its interval has the part of the noise floor that they share.
    public var ratio: RatioEstimate?
    /// What it comes to; nil for fewer than six rows.
    public var verdict: Verdict?
  }

  /// The version of the JSON: ``schemaVersion``.
  public let schema = Self.schemaVersion
  /// What is compared.
  public var kind: Kind
  /// The name of what is compared with.
  public var baseline: String
  /// The name of what is compared.
  public var run: String
  /// What the runs do not have in common.
  public var differences: [RunDifference]
  /// What a reader has to know, in sentences.
  public var notes: [String]
  /// The noise floor.
  public var noiseFloor: NoiseFloor
  /// The geometric mean of the ratios of all rows; nil if none was compared.
  public var geometricMean: RatioEstimate?
  /// Rows that belong together: those of a kernel between two runs, those of a variant within one.
  public var groups: [Group]
  /// The cases, the worst first, and at the end those that one side only has.
  public var cases: [ComparedCase]

  /// How many cases have a verdict.
  public func count(_ verdict: Verdict) -> Int { cases.count { $0.verdict == verdict } }

  /// The groups and cases that are slower by more than `percent`, in words: their verdict is slower, and the whole
  /// interval lies beyond it. Between two runs, single cases count only beyond what single rows of one build differ by.
  public func slower(byMoreThan percent: Double) -> [String] {
    let bound = 1 + percent / 100
    let boundOfCase = max(bound, 1 + noiseFloor.alonePercent / 100)
    func text(_ name: String, _ low: Double, _ high: Double) -> String {
      "\(name): \(Format.nearOne(low)) to \(Format.nearOne(high)) times as long"
    }
    return groups.compactMap { group in
      guard group.verdict == .slower, let ratio = group.ratio, ratio.lower > bound else { return nil }
      return text(group.name, ratio.lower, ratio.upper)
    }
      + cases.compactMap { item in
        guard item.verdict == .slower, let low = item.ratioLow, let high = item.ratioHigh, low > boundOfCase
        else { return nil }
        return text("\(item.layer) \(item.layout) \(item.variant)", low, high)
      }
  }

  /// The comparison as JSON: indented, keys in alphabetical order, a line end at the end.
  public func json() throws -> String { try ReportJSON.text(self) }

  /// The cases as CSV.
  public var csv: String { cases.reduce(into: ComparedCase.csvHeader) { $0 += $1.csvLine } }
}

/// JSON as the lab writes it.
enum ReportJSON {
  /// Indented, keys in alphabetical order, a line end at the end.
  static func text(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
  }
}

extension [ComparedCase] {
  /// The worst first: slower, what cannot be said, same, faster, each by its ratio; then those without a ratio.
  func worstFirst() -> [ComparedCase] {
    func place(_ item: ComparedCase) -> Int {
      switch item.verdict {
      case .slower: 0
      case .undecided: item.ratio == nil ? 4 : 1
      case .same: 2
      case .faster: 3
      case nil: 5
      }
    }
    return enumerated().sorted { a, b in
      (place(a.element), -(a.element.ratio ?? 0), a.offset) < (place(b.element), -(b.element.ratio ?? 0), b.offset)
    }.map(\.element)
  }
}
