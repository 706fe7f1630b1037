import Foundation
import Results
import Statistics

/// A/A: what a run that measured every case more than once says of its own comparisons.
struct ReplicaSection: ReportSection {
  let title = "A/A"

  func blocks(_ run: ReportedRun) -> [Block] {
    let pairs = Replicas(run.rows, run.samples).pairs
    guard !pairs.isEmpty else { return [] }
    return [
      .paragraph(
        """
        The same code measured more than once, as variants of their own in the same rounds: whatever differs is noise, \
        or memory that happens to lie better for one of them. Packed weights, scratch memory and copies for cold caches \
        are each replica's own; input, output and unpacked weights are shared, as between any two variants. The ratio \
        is the median over the rounds of replica ÷ first, with its 95 % interval, from samples.csv.
        """),
      .list(summary(pairs)), .table(table(pairs, run)),
    ]
  }

  private func summary(_ pairs: [Replicas.Pair]) -> [RichText] {
    let estimates = pairs.compactMap { $0.ratio?.estimate }
    let missing = pairs.count - estimates.count
    var lines: [RichText] = []
    if let distance = OrderedSample(estimates.map(\.distance))?.median,
      let floor = IndependentRatio.noiseFloor(of: estimates.map(\.value)),
      let adjusted = FalseDiscoveries.adjusted(estimates.map(\.pValue))
    {
      let outside = estimates.count(where: \.excludesOne)
      let expected = Format.number(0.05 * Double(estimates.count))
      lines = [
        "Intervals that exclude 1: \(outside) of \(estimates.count); \(expected) are expected by chance.",
        "Differences that remain at a false discovery rate of 5 %: \(adjusted.count { $0 <= 0.05 }).",
        "Median distance from 1: \(Format.number(100 * distance)) %.",
        """
        Noise floor: 95 % of the replicas lie within ±\(Format.number(100 * floor)) %. A smaller difference between two \
        variants of such a run means nothing, whatever its interval says.
        """,
      ]
    }
    if missing > 0 {
      lines.append("Not compared, for fewer than six rounds in common: \(missing) of \(pairs.count).")
    }
    return lines
  }

  private func table(_ pairs: [Replicas.Pair], _ run: ReportedRun) -> Table {
    let columns: [Table.Column] =
      [.text("layer"), .text("layout")] + ReportedRun.settingColumns + [
        .text("variant"), .number("replica"), .number("rounds"), .number("ratio"), .text("95 % interval"),
        .optionalText("excludes 1"),
      ]
    let rows = pairs.map { pair -> [RichText] in
      let estimate = pair.ratio?.estimate
      return [.code(pair.row.layer), .text(pair.row.layout.rawValue)] + run.cells(RunAnalysis.Setting(pair.row)) + [
        .code(pair.first.variant)
      ]
        + .text(
          String(pair.row.replica.number), pair.ratio.map { String($0.rounds) } ?? Format.unknown,
          estimate.map { Self.digits($0.value) } ?? Format.unknown,
          estimate.map { "\(Self.digits($0.lower)) to \(Self.digits($0.upper))" } ?? Format.unknown,
          estimate?.excludesOne == true ? "yes" : "")
    }
    return Table(columns, rows: rows)
  }

  /// A ratio near 1 with four decimals: three significant digits would hide what the section is about.
  private static func digits(_ ratio: Double) -> String { String(format: "%.4f", ratio) }
}
