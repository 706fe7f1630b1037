public import Results
import Statistics

/// Compares the variants of one run on each layer, round by round.
public struct VariantComparison {
  /// What identifies the variants that are compared with one another.
  struct Cell: Hashable {
    var layer: LayerKey
    var layout: String
    var setting: RunAnalysis.Setting

    init(_ row: Row) {
      layer = row.layerKey
      layout = row.layout.rawValue
      setting = RunAnalysis.Setting(row)
    }
  }

  /// Compares every variant with a baseline on the same layer, in the same layout and setting.
  ///
  /// - Parameters:
  ///   - baseline: a kernel, of which the fastest variant is the baseline of a layer, or a whole variant; nil for the
  ///     fastest variant of each layer.
  ///   - name: what to call the run.
  ///   - thresholdPercent: the noise floor in percent; nil to take it from replicas.
  public static func compare(
    _ run: RunFolder.Contents, baseline: String?, name: String, thresholdPercent: Double?
  ) -> Comparison {
    let times = PairedSamples(run.samples)
    let floor =
      thresholdPercent.map(NoiseFloor.init(threshold:))
      ?? NoiseFloor(withinRun: Replicas(run.rows, run.samples).pairs.compactMap { $0.ratio?.estimate })
    var rows: [ComparedRow] = []
    var only: [ComparedCase] = []
    for cell in run.rows.grouped(by: Cell.init) {
      let base = cell.filter { $0.isMeasured && (baseline == nil || $0.isOf(baseline)) }
        .min { ($0.timeMedian ?? .infinity) < ($1.timeMedian ?? .infinity) }
      guard let base else {
        only += cell.map {
          ComparedCase($0, baseline: baseline ?? "", side: .run, reason: "the baseline was not measured")
        }
        continue
      }
      for row in cell where row.variant != base.variant {
        var item = ComparedCase(row, baseline: base.variant)
        item.baselineTime = base.timeMedian
        if let time = row.timeMedian, let other = base.timeMedian { item.timeRatio = time / other }
        let ratio = row.isMeasured ? times.ratio(row.caseKey, over: base.caseKey) : nil
        if ratio == nil {
          item.reason = row.isMeasured ? "fewer than six rounds in common" : "no time: \(row.status.rawValue)"
        }
        rows.append(ComparedRow(item: item, ratio: ratio?.estimate, floor: floor.rowPercent / 100))
      }
    }
    let ratios = rows.compactMap { row in row.ratio.map { (row.item, $0) } }
    let groups = ratios.grouped { "\($0.0.variant), \(Format.count($0.0.threads, "thread"))" }.map { pairs in
      let mean = geometricMean(ratios: pairs.map(\.1), noiseFloor: floor.sharedPercent / 100)
      return Comparison.Group(
        name: "\(pairs[0].0.variant), \(Format.count(pairs[0].0.threads, "thread"))", rows: pairs.count, ratio: mean,
        verdict: nil)
    }
    return Comparison(
      kind: .variants, baseline: baseline ?? "the fastest variant of each layer", run: name, differences: [],
      notes: [
        "Ratios are medians over the rounds of time ÷ time of the baseline in the same round, from samples.csv.",
        floor.sentence,
      ], noiseFloor: floor,
      geometricMean: geometricMean(ratios: ratios.map(\.1), noiseFloor: floor.sharedPercent / 100), groups: groups,
      cases: ComparedRow.judged(rows).worstFirst() + only)
  }
}

extension Row {
  /// Whether the row is of a kernel or of a variant with this name.
  package func isOf(_ baseline: String?) -> Bool { kernel == baseline || variant == baseline }
}
