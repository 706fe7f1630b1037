import Layers
import Results

/// What keeps each layer from being faster on more threads.
enum ScalingLimits {
  /// A table of the fastest variant of each layer on each number of threads above one.
  static func blocks(_ network: RunAnalysis.Network, _ run: ReportedRun) -> [Block] {
    let ceilings = run.manifest.peaks.flatMap(Ceilings.list) ?? []
    let rows = network.layouts.flatMap { layout in
      network.settings.filter { $0.threads > 1 }.flatMap { setting in
        run.analysis.winners(network, layout, setting).map { row($0, setting, network, ceilings, run) }
      }
    }
    guard !rows.isEmpty else { return [] }
    let columns: [Table.Column] =
      [.text("layer"), .text("layout")] + ReportedRun.settingColumns + [
        .text("variant"), .optionalNumber("efficiency (%)"), .optionalNumber("imbalance (%)"),
        .optionalNumber("fork-join (% of the time)"), .optionalText("limit on 1"), .optionalNumber("of it (%)"),
        .optionalText("limit"), .optionalNumber("of it (%)"),
      ]
    return [
      .details(
        "What limits each layer on more threads",
        [
          .paragraph(
            """
            The fastest variant of each layer. Imbalance is how much longer the slowest thread computed than the mean; \
            fork-join is its median from the ceilings of the same team and CPUs, by the row's time. Both are empty where one \
            thread computes. The limit is what the roofline says, on one thread and on so many, and of it is how near the row \
            came: a limit that turns from compute to L3 or memory is one that threads share.
            """)
        ] + Block.limited(Table(columns, rows: rows)))
    ]
  }

  private static func row(
    _ row: Row, _ setting: RunAnalysis.Setting, _ network: RunAnalysis.Network, _ ceilings: [Ceilings],
    _ run: ReportedRun
  ) -> [RichText] {
    let single = network.layers.first { $0.first.layerKey == row.layerKey }.flatMap { layer in
      network.settings.filter { $0.threads == 1 && $0.cache == setting.cache }
        .flatMap { layer.rows(row.layout, $0) }
        .filter { $0.isMeasured && $0.kernel == row.kernel && $0.isa == row.isa }
        .min { ($0.timeMedian ?? .infinity) < ($1.timeMedian ?? .infinity) }
    }
    let forkJoin = row.isOfOneOfSeveralThreads ? nil : Ceilings.of(row, in: ceilings)?.forkJoin?.median
    return [.code(row.layer), .text(row.layout.rawValue)] + run.cells(setting) + [run.name(row)]
      + .text(
        Format.number(run.analysis.efficiencyPercent(row)), Format.number(row.imbalancePercent),
        Format.number(forkJoin.flatMap { time in row.timeMedian.map { 100 * time / $0 } }),
        single?.bound ?? Format.unknown, Format.number(single?.rooflinePercent), row.bound ?? Format.unknown,
        Format.number(row.rooflinePercent))
  }
}
