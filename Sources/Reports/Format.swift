import Foundation
import Statistics

/// Numbers as reports show them: three significant digits, no locale, no exponent.
package enum Format {
  /// What stands for an unknown value.
  static let unknown = "–"

  /// `value` with three significant digits: 0.0123, 1.23, 12.3, 123, 1230.
  package static func number(_ value: Double?) -> String {
    guard let value, value.isFinite else { return unknown }
    guard value != 0 else { return "0" }
    // Rounding may carry into one more digit (9.996 is 10.0), so the exponent is that of the rounded number.
    guard let rounded = Double(String(format: "%.2e", value)) else { return unknown }
    let exponent = Int(log10(abs(rounded)).rounded(.down))
    return String(format: "%.*f", max(0, 2 - exponent), rounded)
  }

  /// A ratio: "1.23×", or "≈1.23×" if one of its sides may be disturbed.
  static func ratio(_ ratio: Ratio?) -> String {
    ratio.map { ($0.isValid ? "" : "≈") + number($0.value) + "×" } ?? unknown
  }

  /// A ratio with its 95 % interval: "1.23× (1.20–1.26)", or "≈1.23× (1.20–1.26)" if one of its sides may be disturbed.
  static func interval(_ ratio: RatioEstimate, isDoubtful: Bool) -> String {
    "\(isDoubtful ? "≈" : "")\(number(ratio.value))× (\(number(ratio.lower))–\(number(ratio.upper)))"
  }

  /// A ratio near 1 with three decimals: what is looked at is its distance from 1.
  static func nearOne(_ ratio: Double?) -> String {
    ratio.map { $0 < 10 ? String(format: "%.3f", $0) : number($0) } ?? unknown
  }

  /// The half width of an interval in percent. Above 100 % it says no more than that.
  static func halfWidth(_ percent: Double?) -> String {
    percent.map { $0 > 100 ? ">100" : number($0) } ?? unknown
  }

  /// A size in bytes with a binary prefix: "48 KiB".
  package static func bytes(_ count: Int?) -> String {
    guard let count else { return unknown }
    var value = Double(count)
    var prefixes = ["B", "KiB", "MiB", "GiB", "TiB"][...]
    while value >= 1024, prefixes.count > 1 {
      value /= 1024
      prefixes = prefixes.dropFirst()
    }
    return "\(number(value)) \(prefixes.first ?? "B")"
  }

  /// `count` and a noun: "1 case", "2 cases". The plural adds an s unless it is given.
  static func count(_ count: Int, _ noun: String, plural: String? = nil) -> String {
    "\(count) \(count == 1 ? noun : plural ?? noun + "s")"
  }

  /// A number of times, which may be beyond integers: "1 time", "12 times".
  static func times(_ number: Double) -> String {
    Int(exactly: number).map { count($0, "time") } ?? "\(Format.number(number)) times"
  }

  /// Numbers without repetition, ascending: "1, 2".
  static func list(_ numbers: some Sequence<Int>) -> String {
    Set(numbers).sorted().map(String.init).joined(separator: ", ")
  }
}

/// A unit of time in which a number of nanoseconds reads well.
enum TimeUnit: String {
  case nanoseconds = "ns"
  case microseconds = "µs"
  case milliseconds = "ms"
  case seconds = "s"

  /// The largest unit in which `nanoseconds` is at least 1.
  init(fitting nanoseconds: Double?) {
    switch nanoseconds ?? 0 {
    case ..<1e3: self = .nanoseconds
    case ..<1e6: self = .microseconds
    case ..<1e9: self = .milliseconds
    default: self = .seconds
    }
  }

  /// The number of `nanoseconds` in this unit, without the unit.
  func number(_ nanoseconds: Double?) -> String {
    let scale =
      switch self {
      case .nanoseconds: 1.0
      case .microseconds: 1e3
      case .milliseconds: 1e6
      case .seconds: 1e9
      }
    return Format.number(nanoseconds.map { $0 / scale })
  }

  /// `nanoseconds` in the unit that fits it: "1.23 ms".
  static func text(_ nanoseconds: Double) -> String {
    let unit = TimeUnit(fitting: nanoseconds)
    return "\(unit.number(nanoseconds)) \(unit.rawValue)"
  }
}
