import Foundation

/// A value for each layer and series, with intervals: points beside each other above the layer's name.
struct LayerPlot {
  /// A value with its 95 % interval.
  struct Point {
    var value: Double
    var low: Double?
    var high: Double?
  }

  /// Points of one kind; nil where a layer has none.
  struct Series {
    var name: String
    var points: [Point?]
  }

  var title: String
  var layers: [String]
  var series: [Series]
  /// What the values are, with their unit.
  var valueTitle: String
  /// The end of the axis, and what it is; nil lets the values decide.
  var top: (value: Double, name: String)?

  /// The commands that draw it.
  var commands: String {
    let shown = Array(series.prefix(GnuplotScript.seriesLimit))
    // Points of a layer stand side by side, so that their bars do not cover each other.
    let step = min(0.14, 0.76 / Double(max(shown.count, 1)))
    var script = GnuplotScript.preamble
    let highest = shown.flatMap(\.points).compactMap { $0.map { $0.high ?? $0.value } }.max()
    // A peak is measured too, so a value may lie above it, and must not be cut off.
    if let top {
      let value = GnuplotScript.number(top.value)
      script += """
        set yrange [0:\(GnuplotScript.number(max(top.value, highest ?? 0)))]
        set arrow from graph 0, first \(value) to graph 1, first \(value) nohead lc rgb '#000000' lw 1.5
        set label \(GnuplotScript.string(top.name)) at graph 1, first \(value) right offset 0, 0.6 font small

        """
    } else {
      script += "set yrange [0:*]\n"
    }
    script += """
      set title \(GnuplotScript.string(title)) offset 0, 0.7
      set ylabel \(GnuplotScript.string(valueTitle))
      set xrange [-0.5:\(Double(layers.count) - 0.5)]
      set xtics \(GnuplotScript.tics(layers)) rotate by 50 right font small scale 0.5

      """
    for border in 1..<max(layers.count, 1) {
      script +=
        "set arrow from first \(Double(border) - 0.5), graph 0 to first \(Double(border) - 0.5), graph 1 "
        + "nohead lc rgb '#ececec' back\n"
    }
    for (index, one) in shown.enumerated() {
      let shift = (Double(index) - Double(shown.count - 1) / 2) * step
      script += GnuplotScript.data(
        "series\(index)",
        one.points.enumerated().map { layer, point in
          [Double(layer) + shift, point?.value, point?.low ?? point?.value, point?.high ?? point?.value]
        })
    }
    script += "plot "
    script += shown.indices.map { index in
      "$series\(index) using 1:2:3:4 with yerrorbars ls \(index + 1) title \(GnuplotScript.string(shown[index].name))"
    }.joined(separator: ", \\\n  ")
    return script + "\n"
  }
}
