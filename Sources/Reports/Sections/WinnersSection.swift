import Results

/// The fastest variant of each layer, and all kernels in pictures.
struct WinnersSection: ReportSection {
  let title = "Fastest variant of each layer"

  func blocks(_ run: ReportedRun) -> [Block] {
    run.analysis.networks.flatMap { network -> [Block] in
      let plots = LayerPlots(run, network)
      let rates = plots.rates()
      let heatMaps = plots.heatMaps()
      return [.heading(.text(network.title))] + Block.limited(table(network, run))
        + Block.plottedThreads(network) + Block.plots(rates) + Block.plots(heatMaps)
    }
  }

  private func table(_ network: RunAnalysis.Network, _ run: ReportedRun) -> Table {
    let found = network.layers.flatMap { layer in
      layer.layouts.flatMap { layout in
        network.settings.compactMap { setting in
          layer.rows(layout, setting).first.map { ($0, layer.fastest(layout, setting)) }
        }
      }
    }
    let unit = run.timeUnit
    let baselines = run.analysis.baselines
    let table = found.map { any, best -> [RichText] in
      let interval = best.flatMap { best in
        best.timeCILow.flatMap { low in best.timeCIHigh.map { "\(unit.number(low)) to \(unit.number($0))" } }
      }
      return [.code(any.layer)] + .text(String(any.count), any.layout.rawValue) + run.cells(RunAnalysis.Setting(any))
        + [best.map(run.name) ?? "none measured"]
        + .text(
          best?.choice?.rawValue ?? "",
          unit.number(best?.timeMedian), interval ?? Format.unknown, Format.halfWidth(best?.halfWidthPercent),
          Format.number(best?.gflops), Format.number(best?.peakPercent),
          Format.ratio(best.flatMap(baselines.speedupOverNaive)),
          Format.ratio(best.flatMap(baselines.speedupOverOneThread)), best?.doubt ?? "")
    }
    let columns: [Table.Column] =
      [.text("layer"), .number("count"), .text("layout")] + ReportedRun.settingColumns + [
        .text("fastest variant"), .optionalText("tile by"), .number("time (\(unit.rawValue))"),
        .number("95 % interval (\(unit.rawValue))"),
        .number("± (%)"), .number("GFLOP/s"), .optionalNumber("peak (%)"), .number("over naive"),
        .number("over one thread"), .optionalText("quality"),
      ]
    return Table(columns, rows: table, cases: found.map { $0.1?.caseKey })
  }
}
