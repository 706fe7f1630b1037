import Layers
import Results

/// How much faster more threads are, over whole networks.
struct ScalingSection: ReportSection {
  let title = "Scaling"

  func blocks(_ run: ReportedRun) -> [Block] {
    let networks = run.analysis.networks.flatMap { network -> [Block] in
      let curves = ScalingCurve.all(network, run)
      guard !curves.isEmpty else { return [] }
      return [.heading(.text(network.title))] + Block.plots(plots(network, curves, run))
        + Block.limited(table(curves, run)) + ScalingLaws.blocks(curves, run)
        + ScalingLimits.blocks(network, run)
    }
    guard !networks.isEmpty else { return [] }
    return [
      .paragraph(
        """
        Σ count × median time of the fastest variant of a kernel on each layer, over the layers that were measured both on \
        one thread and on so many. Efficiency is the speedup by the number of threads, with the 95 % interval that follows \
        from those of the medians. With weak scaling, layers have as many times their minibatch as there are threads, and \
        the speedup is that of the work in the same time.
        """)
    ] + networks
  }

  private func table(_ curves: [ScalingCurve], _ run: ReportedRun) -> Table {
    let unit = TimeUnit(fitting: curves.flatMap { $0.points.map(\.time) }.min())
    let hasWeak = curves.contains { $0.scaling == .weak }
    let table = curves.flatMap { curve in
      curve.points.map { point -> [RichText] in
        var setting = curve.setting
        setting.threads = point.threads
        let percent = 100 / Double(point.threads)
        return [
          .code(curve.series), .text(curve.layout.rawValue), .text(hasWeak ? curve.scaling.rawValue : ""),
        ] + run.cells(setting)
          + .text(
            unit.number(point.time), Format.ratio(point.overOneThread),
            Format.number(percent * point.overOneThread.value),
            Format.number(point.estimate.map { percent * $0.lower }),
            Format.number(point.estimate.map { percent * $0.upper }), String(point.layers))
      }
    }
    let columns: [Table.Column] =
      [.text("kernel"), .text("layout"), .optionalText("scaling")] + ReportedRun.settingColumns + [
        .number("time (\(unit.rawValue))"), .number("over one thread"), .number("efficiency (%)"),
        .optionalNumber("from"),
        .optionalNumber("to"), .number("layers"),
      ]
    return Table(columns, rows: table)
  }

  private func plots(_ network: RunAnalysis.Network, _ curves: [ScalingCurve], _ run: ReportedRun) -> [Plot] {
    let groups = curves.grouped {
      [$0.scaling.rawValue, $0.layout.rawValue, $0.setting.places, $0.setting.bind, $0.setting.cache]
    }
    return groups.flatMap { curves -> [Plot] in
      // Without the threads, which are the axis.
      let words =
        (curves[0].scaling == .weak ? ["weak scaling"] : []) + [curves[0].layout.rawValue]
        + run.words(curves[0].setting).dropFirst()
      let title = ([network.title] + words).joined(separator: ", ")
      return [ScalingPlot.Quantity.speedup, .efficiency].map { quantity in
        let isSpeedup = quantity == .speedup
        let plot = ScalingPlot(
          title: title, quantity: quantity,
          series: curves.map { curve in
            (
              curve.series,
              curve.points.map { point in
                let value = point.overOneThread.value
                return (point.threads, isSpeedup ? value : 100 * value / Double(point.threads))
              }
            )
          })
        let name = isSpeedup ? "speedup" : "efficiency"
        return Plot(
          name: GnuplotScript.fileName([name, network.title] + words),
          caption: "\(isSpeedup ? "Speedup" : "Efficiency") of the whole network over the threads: \(title).",
          height: 420, commands: plot.commands)
      }
    }
  }
}
