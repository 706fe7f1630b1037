import Results

/// The fastest variant of each layer.
struct WinnersSection: ReportSection {
  let title = "Fastest variant of each layer"

  func blocks(_ run: ReportedRun) -> [Block] {
    run.analysis.networks.flatMap { [.heading(.text($0.title)), .table(table($0, run))] }
  }

  private func table(_ network: RunAnalysis.Network, _ run: ReportedRun) -> Table {
    let found = network.layers.flatMap { layer in
      layer.layouts.flatMap { layout in
        network.settings.compactMap { setting -> (Row, Row?)? in
          let row = layer.ranked.first { $0.layout == layout && RunAnalysis.Setting($0) == setting }
          return row.map { ($0, layer.fastest(layout, setting)) }
        }
      }
    }
    let unit = TimeUnit(fitting: found.compactMap { $0.1?.timeMedian }.min())
    let baselines = run.analysis.baselines
    let table = found.map { any, best in
      [.code(any.layer)] + .text(String(any.count), any.layout.rawValue) + run.cells(RunAnalysis.Setting(any))
        + [best.map { .code($0.variant) } ?? "none measured"]
        + .text(
          unit.number(best?.timeMedian), Format.number(best?.gflops), Format.halfWidth(best?.halfWidthPercent),
          Format.ratio(best.flatMap(baselines.speedupOverNaive)),
          Format.ratio(best.flatMap(baselines.speedupOverOneThread)), best?.doubt ?? "")
    }
    let columns: [Table.Column] =
      [.text("layer"), .number("count"), .text("layout")] + ReportedRun.settingColumns + [
        .text("fastest variant"), .number("time (\(unit.rawValue))"), .number("GFLOP/s"), .number("± (%)"),
        .number("over naive"), .number("over one thread"), .optionalText("quality"),
      ]
    return Table(columns, rows: table)
  }
}
