import Layers
import Results

/// The plots of which each has some layers of a network side by side.
struct LayerPlots {
  /// How many layers a plot shows at most: their names still stand beside each other then.
  static let layersAPlot = 20

  let run: ReportedRun
  let network: RunAnalysis.Network
  /// Short names of the layers.
  private let labels: [String]

  init(_ run: ReportedRun, _ network: RunAnalysis.Network) {
    self.run = run
    self.network = network
    labels = LayerLabel.distinct(network.layers.map(\.first))
  }

  /// The layers in parts of even size, none too large for a plot.
  private var parts: [Range<Int>] {
    let count = network.layers.count
    let parts = (count + Self.layersAPlot - 1) / Self.layersAPlot
    return (0..<parts).map { (count * $0 / parts)..<(count * ($0 + 1) / parts) }
  }

  private func title(_ words: [String], _ part: Range<Int>) -> String {
    let of =
      part.count == labels.count
      ? [] : ["layers \(part.lowerBound + 1)–\(part.upperBound) of \(labels.count)"]
    return ([network.title] + words + of).joined(separator: ", ")
  }

  /// The fastest measured row of each series on each layer; nil where there is none.
  private func fastest(_ layout: Layout, _ setting: RunAnalysis.Setting) -> [(series: String, rows: [Row?])] {
    var rows: [String: [Row?]] = [:]
    for (index, layer) in network.layers.enumerated() {
      for row in layer.rows(layer.layout(in: layout), setting) where row.isMeasured {
        let series = run.series(row)
        if rows[series, default: Array(repeating: nil, count: labels.count)][index] == nil {
          rows[series, default: Array(repeating: nil, count: labels.count)][index] = row
        }
      }
    }
    return run.allSeries.compactMap { name in rows[name].map { (name, $0) } }
  }

  /// GFLOP/s with intervals, by kernel, up to the peak.
  func rates() -> [Plot] {
    settings { layout, setting in
      let series = fastest(layout, setting)
      // The fastest ones, if there are too many for one plot, in their usual order.
      let kept = Set(
        series.map { ($0.series, $0.rows.compactMap { $0?.gflops }.max() ?? 0) }.sorted { $0.1 > $1.1 }
          .prefix(GnuplotScript.seriesLimit).map(\.0))
      let left = series.count - kept.count
      let note: RichText = left > 0 ? " The \(left) slowest of \(series.count) kernels are left out." : ""
      return plots(
        layout, setting, kind: "rate", series.filter { kept.contains($0.series) },
        "GFLOP/s of the fastest variant of each kernel, with 95 % intervals.\(note)")
    }
  }

  /// GFLOP/s of the fastest variant in each cache state.
  func cacheStates(_ states: [String]) -> [Plot] {
    let groups = network.plottedSettings.grouped { ["\($0.threads)", $0.places, $0.bind] }
    return network.layouts.flatMap { layout in
      groups.flatMap { settings in
        let series = states.compactMap { state in
          settings.first { $0.cache == state }.map { setting in
            (
              series: state, rows: network.layers.map { $0.fastest($0.layout(in: layout), setting) }
            )
          }
        }
        guard series.count > 1 else { return [Plot]() }
        var setting = settings[0]
        setting.cache = ""
        return plots(
          layout, setting, kind: "cache", series,
          "GFLOP/s of the fastest variant of each layer by what the caches hold, with 95 % intervals.")
      }
    }
  }

  private func plots(
    _ layout: Layout, _ setting: RunAnalysis.Setting, kind: String, _ series: [(series: String, rows: [Row?])],
    _ about: RichText
  ) -> [Plot] {
    let words = [layout.rawValue] + run.words(setting).filter { !$0.isEmpty }
    let peak = series.flatMap(\.rows).compactMap { $0?.peakGFLOPS }.max()
    guard series.contains(where: { $0.rows.contains { $0 != nil } }) else { return [] }
    return parts.map { part in
      let top = peak.map { ", the axis ends at the peak of \(Format.number($0)) GFLOP/s" } ?? ""
      let title = title(words, part)
      let plot = LayerPlot(
        title: title, layers: Array(labels[part]),
        series: series.map { one in
          LayerPlot.Series(name: one.series, points: one.rows[part].map { $0.flatMap(Self.point) })
        },
        valueTitle: "GFLOP/s", top: peak.map { ($0, "peak: \(Format.number($0)) GFLOP/s") })
      return Plot(
        name: GnuplotScript.fileName([kind] + [network.title] + words + [Self.number(part, parts)]),
        caption: "\(title)\(top). \(about)", height: series.count > 4 ? 560 : 500, commands: plot.commands)
    }
  }

  /// The speed of a row with the interval that its time gives.
  private static func point(_ row: Row) -> LayerPlot.Point? {
    guard let rate = row.gflops else { return nil }
    // The interval's ends change places: the longer time is the lower speed.
    return LayerPlot.Point(
      value: rate, low: row.timeCIHigh.map { row.flops / $0 }, high: row.timeCILow.map { row.flops / $0 })
  }

  /// The percentage of the peak by kernel and layer.
  func heatMaps() -> [Plot] {
    settings { layout, setting in
      let series = fastest(layout, setting).filter { $0.rows.contains { $0?.peakPercent != nil } }
      guard !series.isEmpty else { return [] }
      let words = [layout.rawValue] + run.words(setting)
      return parts.map { part in
        let title = title(words, part)
        let plot = HeatMapPlot(
          title: title, layers: Array(labels[part]),
          series: series.map { ($0.series, $0.rows[part].map { $0?.peakPercent }) }, valueTitle: "peak (%)")
        return Plot(
          name: GnuplotScript.fileName(["heat", network.title] + words + [Self.number(part, parts)]),
          caption: "\(title). Percent of the peak by kernel and layer, of the fastest variant. Grey: not measured.",
          height: HeatMapPlot.height(series.count), commands: plot.commands)
      }
    }
  }

  private func settings(_ body: (Layout, RunAnalysis.Setting) -> [Plot]) -> [Plot] {
    network.layouts.flatMap { layout in network.plottedSettings.flatMap { body(layout, $0) } }
  }

  /// The number of a part among several.
  private static func number(_ part: Range<Int>, _ parts: [Range<Int>]) -> String {
    parts.count == 1 ? "" : "\((parts.firstIndex(of: part) ?? 0) + 1)"
  }
}
