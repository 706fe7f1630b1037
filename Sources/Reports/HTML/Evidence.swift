import Foundation
import Results

/// The evidence behind rows, as the page draws it when a reader asks for it.
struct Evidence: Encodable {
  /// How many samples a page holds at most, so that a browser still opens it at once.
  static let sampleLimit = 60_000

  /// A case: facts in words, and samples.
  struct Case: Encodable {
    /// Names and values.
    var facts: [[String]]
    /// The median, in ns.
    var median: Double?
    /// The median's 95 % interval, in ns.
    var interval: [Double]?
    /// Round, time in ns and the number of the taint, 0 for none.
    var samples: [[Double]]

    private enum Key: CodingKey {
      case facts, median, interval, samples
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(facts, forKey: .facts)
      // null where there is none: the script asks for it.
      try container.encode(median, forKey: .median)
      try container.encode(interval, forKey: .interval)
      try container.encode(samples, forKey: .samples)
    }
  }

  /// Taints by their number, the first of which is none.
  private(set) var taints = [""]
  private(set) var cases: [Case] = []
  /// The place of each case in ``cases``.
  private(set) var places: [String: Int] = [:]

  private enum CodingKeys: CodingKey {
    case taints, cases
  }

  /// No evidence.
  init() {}

  /// The evidence of the cases that tables show.
  ///
  /// - Parameters:
  ///   - keys: the cases, as `Row.caseKey`.
  ///   - limit: how many samples to take; each case gets its part, and the samples that it keeps are evenly spread.
  init(_ run: ReportedRun, _ keys: Set<String>, limit: Int = sampleLimit) {
    var samples: [String: [Sample]] = [:]
    for sample in run.samples where keys.contains(sample.caseKey) {
      samples[sample.caseKey, default: []].append(sample)
    }
    let total = samples.values.reduce(0) { $0 + $1.count }
    let part = total <= limit ? Int.max : max(1, limit / max(samples.count, 1))
    var numbers = ["": 0]
    for row in run.rows where keys.contains(row.caseKey) && places[row.caseKey] == nil {
      let all = samples[row.caseKey, default: []]
      let kept = all.count <= part ? all : (0..<part).map { all[all.count * $0 / part] }
      var facts = Self.facts(row)
      if kept.count < all.count {
        facts.append(["samples shown", "\(kept.count) of \(all.count), evenly spread; all are in samples.csv"])
      } else if all.isEmpty {
        facts.append(["samples", "none in samples.csv"])
      }
      places[row.caseKey] = cases.count
      cases.append(
        Case(
          facts: facts, median: row.timeMedian,
          interval: row.timeCILow.flatMap { low in row.timeCIHigh.map { [low, $0] } },
          samples: kept.map { sample in
            let taint = sample.taint ?? ""
            if numbers[taint] == nil {
              numbers[taint] = taints.count
              taints.append(taint)
            }
            return [Double(sample.round), Self.shortened(sample.time), Double(numbers[taint, default: 0])]
          }))
    }
  }

  /// Names and values that tables have no room for; what is unknown is left out.
  private static func facts(_ row: Row) -> [[String]] {
    func time(_ value: Double?) -> String? { value.map(TimeUnit.text) }
    let facts: [(String, String?)] = [
      ("layer", row.layer),
      ("variant", row.variant),
      (
        "setting",
        [row.layout.rawValue, Format.count(row.threads, "thread"), row.places, row.bind, "cache \(row.cache)"]
          .joined(separator: ", ")
      ),
      ("CPUs", row.cpus.isEmpty ? "not pinned" : row.cpus),
      ("status", row.status.rawValue + (row.quality.map { ", \($0.rawValue)" } ?? "")),
      ("notes", row.notes),
      ("median", time(row.timeMedian)),
      (
        "95 % interval",
        row.timeCILow.flatMap { low in row.timeCIHigh.map { "\(TimeUnit.text(low)) to \(TimeUnit.text($0))" } }
      ),
      (
        "shortest, 90th percentile",
        row.timeMin.flatMap { low in row.timeP90.map { "\(TimeUnit.text(low)), \(TimeUnit.text($0))" } }
      ),
      (
        "rounds",
        row.rounds.map { rounds in row.cleanRounds.map { "\(rounds), of which \($0) are clean" } ?? "\(rounds)" }
      ),
      ("executions in a sample", row.iterations.map(String.init)),
      ("packing the weights, once", time(row.prepare)),
      ("error, bound", row.maxError.flatMap { error in row.errorBound.map { "\(error), \($0)" } }),
    ]
    return facts.compactMap { name, value in value.map { [name, $0] } }
  }

  /// Five significant digits: more cannot be seen in a chart.
  private static func shortened(_ value: Double) -> Double { Double(String(format: "%.4e", value)) ?? value }

  /// JSON that may stand in a script element: no `<`, so neither `</script>` nor `<!--` can occur.
  func json() -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Every number is finite, as the reader of CSV files has seen to; without evidence the page still works.
    let data = (try? encoder.encode(self)) ?? Data(#"{"cases":[],"taints":[""]}"#.utf8)
    return String(decoding: data, as: UTF8.self).replacing("<", with: #"\u003c"#)
      .replacing("\u{2028}", with: #"\u2028"#).replacing("\u{2029}", with: #"\u2029"#)
  }
}
