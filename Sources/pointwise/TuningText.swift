import Foundation
import Harness
import Reports
import Results

/// What `pointwise tune` prints for people.
enum TuningText {
  /// A line for each entry, and what they come to.
  static func table(_ entries: [TuningEntry], dated: Bool) -> String {
    var rows = [
      ["layer", "layout", "isa", "threads", "model", "time (µs)", "tuned", "time (µs)", "gain (%)", "95 % interval"]
        + (dated ? ["tuned on", "team", "places", "bind"] : [])
    ]
    for entry in entries {
      func microseconds(_ choice: TuningEntry.Choice) -> String { Format.number(choice.nanoseconds / 1000) }
      let (winner, threads) = (entry.winner, entry.key.threads)
      let origin = entry.origin
      rows.append(
        [entry.key.layer, entry.key.layout.rawValue, entry.key.isa, "\(threads)"]
          + [entry.model.cell(threads: threads), microseconds(entry.model)]
          + [winner?.choice.cell(threads: threads) ?? "model"]
          + [winner.map { microseconds($0.choice) } ?? "", winner.map { Format.number($0.gainPercent) } ?? ""]
          + [winner.map { interval($0) } ?? ""]
          + (dated
            ? [origin.date.formatted(.iso8601.year().month().day()), origin.team, origin.places, origin.bind] : []))
    }
    let alignments: [TextColumns.Alignment] = [
      .left, .left, .left, .right, .left, .right, .left, .right, .right, .left,
    ]
    return TextColumns.lines(rows, alignments: alignments).joined(separator: "\n")
  }

  /// What was found for one layer, in one line.
  static func line(_ entry: TuningEntry) -> String {
    let key = entry.key
    let model = entry.model.words(threads: key.threads)
    let found =
      entry.winner.map {
        "\($0.choice.words(threads: key.threads)), \(Format.number($0.gainPercent)) % faster (\(interval($0))) than the "
          + "model's \(model)"
      } ?? "the model's choice, \(model), was not beaten by \(entry.origin.candidates) others"
    return "\(key.layer) \(key.layout.rawValue), \(threads(key.threads)): \(found)"
  }

  /// `2 threads`.
  static func threads(_ count: Int) -> String { "\(count) thread\(count == 1 ? "" : "s")" }

  private static func interval(_ winner: TuningEntry.Winner) -> String {
    "\(Format.number(winner.gainInterval.lowerBound)) to \(Format.number(winner.gainInterval.upperBound))"
  }
}
