import Foundation
import Results
import Statistics

/// What tuning gained over the kernel's model, layer by layer.
struct TuningSection: ReportSection {
  let title = "Tuned against the model"

  func blocks(_ run: ReportedRun) -> [Block] {
    guard run.rows.contains(where: { $0.choice == .tuned }) else { return [] }
    let found = TunedPairs(run.rows, run.samples)
    var notes: [RichText] = []
    if found.withoutModel > 0 {
      notes.append("Tuned rows without the model's choice beside them: \(found.withoutModel). They are not compared.")
    }
    if found.untuned > 0 {
      notes.append("Rows of the model's choice without a tuned entry: \(found.untuned). `pointwise tune` makes them.")
    }
    if found.pairs.isEmpty {
      return [.paragraph("No tuned row can be compared with the model's choice."), .list(notes)]
    }
    return [
      .paragraph(
        """
        The tile and the split that `pointwise tune` found against those of the model. The ratio is tuned time ÷ the \
        model's: below 1, the tuned choice is faster. It is the median over the rounds in which both were measured, \
        with its 95 % interval, from samples.csv. Where tuning found nothing better, both are the same code, and what they \
        differ by is noise.
        """)
    ] + (notes.isEmpty ? [] : [.list(notes)]) + [.table(means(found.pairs, run))]
      + Block.limited(table(found.pairs, run))
  }

  /// A line for each layout and setting: the geometric mean over its layers.
  private func means(_ pairs: [TunedPairs.Pair], _ run: ReportedRun) -> Table {
    let groups = pairs.grouped {
      [$0.tuned.layout.rawValue, "\($0.tuned.threads)", $0.tuned.places, $0.tuned.bind, $0.tuned.cache]
    }
    let rows = groups.map { pairs -> [RichText] in
      let known = pairs.compactMap { pair in
        (pair.ratio?.estimate).map { (ratio: $0, count: Double(pair.tuned.count)) }
      }
      let mean = geometricMean(ratios: known.map(\.ratio), weights: known.map(\.count))
      return [.text(pairs[0].tuned.layout.rawValue)] + run.cells(RunAnalysis.Setting(pairs[0].tuned))
        + .text(
          Format.nearOne(mean?.value), Self.interval(mean),
          "\(known.count { $0.ratio.excludesOne && $0.ratio.value < 1 })",
          "\(known.count { $0.ratio.excludesOne && $0.ratio.value > 1 })", "\(pairs.count)")
    }
    let columns: [Table.Column] =
      [.text("layout")] + ReportedRun.settingColumns + [
        .number("tuned ÷ model, geometric mean"), .text("95 % interval"), .number("tuned is faster"),
        .number("the model is faster"), .number("layers"),
      ]
    return Table(columns, rows: rows)
  }

  private func table(_ pairs: [TunedPairs.Pair], _ run: ReportedRun) -> Table {
    let unit = run.timeUnit
    let rows = pairs.map { pair -> [RichText] in
      let doubt = pair.tuned.doubt.isEmpty && pair.model.doubt.isEmpty ? "" : "≈"
      let estimate = pair.ratio?.estimate
      return [.code(pair.tuned.layer), .text(String(pair.tuned.count)), .text(pair.tuned.layout.rawValue)]
        + run.cells(RunAnalysis.Setting(pair.tuned)) + [.code(pair.model.variant)]
        + .text(
          unit.number(pair.model.timeMedian), unit.number(pair.tuned.timeMedian),
          doubt + Format.nearOne(estimate?.value), Self.interval(estimate), Self.found(pair.tuned))
    }
    let columns: [Table.Column] =
      [.text("layer"), .number("count"), .text("layout")] + ReportedRun.settingColumns + [
        .text("model"), .number("time (\(unit.rawValue))"), .number("tuned (\(unit.rawValue))"),
        .number("tuned ÷ model"), .text("95 % interval"), .text("found"),
      ]
    return Table(columns, rows: rows, cases: pairs.map(\.tuned.caseKey))
  }

  private static func interval(_ ratio: RatioEstimate?) -> String {
    ratio.map { "\(Format.nearOne($0.lower)) to \(Format.nearOne($0.upper))" } ?? Format.unknown
  }

  /// What the notes of a tuned row say of the tuning.
  private static func found(_ row: Row) -> String {
    (row.notes ?? "").components(separatedBy: "; ").first { $0.hasPrefix("tuned on ") } ?? Format.unknown
  }
}
