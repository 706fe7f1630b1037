import Layers
import Results

/// How much faster more threads are, over whole networks.
struct ScalingSection: ReportSection {
  let title = "Scaling"

  func blocks(_ run: ReportedRun) -> [Block] {
    let networks = run.analysis.networks.flatMap { network -> [Block] in
      let curves = self.curves(network, run)
      guard !curves.isEmpty else { return [] }
      return [.heading(.text(network.title))] + Block.plots(plots(network, curves, run))
        + Block.limited(table(curves, run))
    }
    guard !networks.isEmpty else { return [] }
    return [
      .paragraph(
        """
        Σ count × median time of the fastest variant of a kernel on each layer, over the layers that were measured both on \
        one thread and on so many. Efficiency is the speedup by the number of threads.
        """)
    ] + networks
  }

  /// One kernel in one layout and placement over the number of threads.
  private struct Curve {
    var series: String
    var layout: Layout
    /// The setting, whatever its threads.
    var setting: RunAnalysis.Setting
    var points: [Point]
  }

  private struct Point {
    var threads: Int
    /// Σ count × time in ns.
    var time: Double
    var overOneThread: Ratio
    /// How many layers both were measured on.
    var layers: Int
  }

  private func curves(_ network: RunAnalysis.Network, _ run: ReportedRun) -> [Curve] {
    guard network.settings.contains(where: { $0.threads > 1 }) else { return [] }
    let placements = network.settings.grouped { [$0.places, $0.bind, $0.cache] }
    return network.layouts.flatMap { layout -> [Curve] in
      // The fastest row of each series on each layer, by setting.
      var rows: [RunAnalysis.Setting: [String: [Int: Row]]] = [:]
      for (index, layer) in network.layers.enumerated() {
        for setting in network.settings {
          for row in layer.rows(layer.layout(in: layout), setting) where row.isMeasured {
            rows[setting, default: [:]][run.series(row), default: [:]][index, default: row].keepFaster(row)
          }
        }
      }
      return run.allSeries.flatMap { series in
        placements.compactMap { settings -> Curve? in
          // One thread needs no placement of many: the fastest one in this cache state is the baseline, wherever it sat.
          var single: [Int: Row] = [:]
          for setting in network.settings where setting.threads == 1 && setting.cache == settings[0].cache {
            for (index, row) in rows[setting]?[series] ?? [:] { single[index, default: row].keepFaster(row) }
          }
          let points = settings.compactMap { setting -> Point? in
            let many = rows[setting]?[series] ?? [:]
            let pairs = many.keys.sorted().compactMap { index in
              single[index].flatMap { one in many[index].map { (one: one, many: $0) } }
            }
            let (one, time) = (pairs.map(\.one).weightedTime, pairs.map(\.many).weightedTime)
            guard time > 0 else { return nil }
            let isValid =
              setting.threads == 1 || pairs.allSatisfy { $0.one.quality == .valid && $0.many.quality == .valid }
            return Point(
              threads: setting.threads, time: time, overOneThread: Ratio(value: one / time, isValid: isValid),
              layers: pairs.count)
          }
          return points.contains { $0.threads > 1 }
            ? Curve(series: series, layout: layout, setting: settings[0], points: points) : nil
        }
      }
    }
  }

  private func table(_ curves: [Curve], _ run: ReportedRun) -> Table {
    let unit = TimeUnit(fitting: curves.flatMap { $0.points.map(\.time) }.min())
    let table = curves.flatMap { curve in
      curve.points.map { point -> [RichText] in
        var setting = curve.setting
        setting.threads = point.threads
        return [.code(curve.series), .text(curve.layout.rawValue)] + run.cells(setting)
          + .text(
            unit.number(point.time), Format.ratio(point.overOneThread),
            Format.number(100 * point.overOneThread.value / Double(point.threads)), String(point.layers))
      }
    }
    let columns: [Table.Column] =
      [.text("kernel"), .text("layout")] + ReportedRun.settingColumns + [
        .number("time (\(unit.rawValue))"), .number("over one thread"), .number("efficiency (%)"), .number("layers"),
      ]
    return Table(columns, rows: table)
  }

  private func plots(_ network: RunAnalysis.Network, _ curves: [Curve], _ run: ReportedRun) -> [Plot] {
    let groups = curves.grouped { [$0.layout.rawValue, $0.setting.places, $0.setting.bind, $0.setting.cache] }
    return groups.flatMap { curves -> [Plot] in
      // Without the threads, which are the axis.
      let words = [curves[0].layout.rawValue] + run.words(curves[0].setting).dropFirst()
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

extension Row {
  /// Becomes `other`, if that is faster.
  fileprivate mutating func keepFaster(_ other: Row) {
    if (other.timeMedian ?? .infinity) < (timeMedian ?? .infinity) { self = other }
  }
}
