import Foundation

/// A percentage for each series and layer, as a shade and a number.
struct HeatMapPlot {
  var title: String
  var layers: [String]
  var series: [(name: String, values: [Double?])]
  /// What the values are, with their unit.
  var valueTitle: String

  /// Of one row, with the legend and the names of the layers below.
  static func height(_ rows: Int) -> Int { 190 + 34 * rows }

  /// The commands that draw it.
  var commands: String {
    var boxes: [[Double?]] = []
    var light: [[Double?]] = []
    var dark: [[Double?]] = []
    for (row, one) in series.enumerated() {
      for (column, value) in one.values.enumerated() {
        guard let value, value.isFinite else { continue }
        boxes.append([Double(column), Double(row), value])
        if value < 70 {
          light.append([Double(column), Double(row), value])
        } else {
          dark.append([Double(column), Double(row), value])
        }
      }
    }
    // From light to dark with even steps of lightness, so that a print in grey and every eye order them alike.
    var script = GnuplotScript.preamble
    script += """
      set title \(GnuplotScript.string(title))
      set palette defined (0 '#f7fbff', 25 '#c6dbef', 50 '#6baed6', 75 '#2171b5', 100 '#08306b')
      set cbrange [0:100]
      set cbtics \(series.count < 4 ? 50 : 25)
      set cblabel \(GnuplotScript.string(valueTitle))
      unset grid
      set object 1 rectangle from graph 0,0 to graph 1,1 behind fc rgb '#e4e4e4' fs solid noborder
      set xrange [-0.5:\(Double(layers.count) - 0.5)]
      set yrange [\(Double(series.count) - 0.5):-0.5]
      set xtics \(GnuplotScript.tics(layers)) rotate by 50 right font small scale 0
      set ytics \(GnuplotScript.tics(series.map(\.name))) scale 0

      """
    script += GnuplotScript.data("boxes", boxes) + GnuplotScript.data("light", light) + GnuplotScript.data("dark", dark)
    var parts = ["$boxes using 1:2:(0.49):(0.47):3 with boxxyerror fs solid noborder lc palette notitle"]
    for (name, rows, colour) in [("light", light, "#000000"), ("dark", dark, "#ffffff")] where !rows.isEmpty {
      parts.append(
        "$\(name) using 1:2:(sprintf('%.0f', $3)) with labels font small tc rgb '\(colour)' notitle")
    }
    return script + "plot " + parts.joined(separator: ", \\\n  ") + "\n"
  }
}
