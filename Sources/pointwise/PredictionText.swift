import Harness
import Reports
import Results

/// What `pointwise predict` prints for people.
enum PredictionText {
  /// The forecast of each layer with its fastest split, the others' times beside it.
  static func table(_ forecast: Forecast) -> String {
    let entries = forecast.entries
    let splits = Split.allCases.filter { split in split != .none && entries.contains { $0.split == split } }
    let policies = Set(entries.map { [$0.places, $0.bind] }).count
    var rows = [
      ["layer", "layout", "kernel", "threads"] + (policies > 1 ? ["places", "bind"] : [])
        + ["split", "time (µs)", "GFLOP/s", "limit", "imbalance (%)", "KiB a thread"]
        + splits.map { "\($0.rawValue) (µs)" }
    ]
    for entry in entries where entry.isBest {
      let prediction = entry.prediction
      let others = splits.map { split -> String in
        let other = entries.first {
          $0.network == entry.network && $0.layer == entry.layer && $0.name == entry.name && $0.layout == entry.layout
            && $0.setting == entry.setting && $0.split == split
        }
        return other.map { Format.number($0.prediction.nanoseconds / 1000) } ?? ""
      }
      rows.append(
        [entry.name ?? entry.layer, entry.layout.rawValue, "\(entry.kernel)-\(entry.isa.rawValue)", "\(entry.threads)"]
          + (policies > 1 ? [entry.places, entry.bind] : [])
          + [
            prediction.division, Format.number(prediction.nanoseconds / 1000), Format.number(entry.gflops),
            prediction.limit, Format.number(prediction.imbalancePercent),
            Format.number(prediction.bytesPerWorker / 1024),
          ] + others)
    }
    let texts = 4 + (policies > 1 ? 2 : 0)
    let alignments = rows[0].indices.map { column -> TextColumns.Alignment in
      column < 3 || (4...texts).contains(column) || rows[0][column] == "limit" ? .left : .right
    }
    return "\(forecast.machine)\nA core: \(Format.number(forecast.rates.multiplyAdds)) GFLOP/s\n\n"
      + TextColumns.lines(rows, alignments: alignments).joined(separator: "\n")
  }

  /// The rows of a run beside what the model says of them, and how far it is off.
  static func comparison(_ pairs: [RunPredictions.Pair]) -> String {
    var rows = [
      ["layer", "layout", "variant", "threads", "measured (µs)", "predicted (µs)", "error (%)", "beside samples (%)"]
    ]
    for pair in pairs {
      guard let measured = pair.row.timeMedian else { continue }
      func error(_ predicted: Double?) -> String {
        predicted.map { Format.number(100 * ($0 / measured - 1)) } ?? ""
      }
      rows.append([
        pair.row.layer, pair.row.layout.rawValue, pair.row.variant, "\(pair.row.threads)",
        Format.number(measured / 1000), Format.number(pair.time.nanoseconds / 1000), error(pair.time.nanoseconds),
        error(pair.time.besideSamples),
      ])
    }
    let alignments: [TextColumns.Alignment] = [.left, .left, .left] + Array(repeating: .right, count: 5)
    let summaries = PredictionErrors.all(pairs.map { ($0.row, $0.time) }).map { errors in
      "\(errors.rows) rows on \(errors.threads) \(errors.threads == 1 ? "thread" : "threads"): "
        + "\(Format.number(errors.withinPercent)) % within 15 %, median error \(Format.number(errors.medianPercent)) %"
        + (errors.withinBesidePercent.map { "; with the peak beside the samples, \(Format.number($0)) % within 15 %" }
          ?? "")
    }
    return (TextColumns.lines(rows, alignments: alignments) + [""] + summaries).joined(separator: "\n")
  }
}
