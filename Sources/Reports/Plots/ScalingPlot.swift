import Foundation

/// Values over the number of threads, with the ideal that none can exceed by its own merit.
struct ScalingPlot {
  /// Which values these are.
  enum Quantity {
    /// Over one thread; ideal is the number of threads.
    case speedup
    /// That by the number of threads, in percent; ideal is 100.
    case efficiency
  }

  var title: String
  var quantity: Quantity
  /// By threads, ascending.
  var series: [(name: String, points: [(threads: Int, value: Double)])]

  /// The commands that draw it.
  var commands: String {
    let shown = Array(series.prefix(GnuplotScript.seriesLimit))
    let threads = Set(shown.flatMap { $0.points.map(\.threads) }).sorted()
    let most = Double(threads.last ?? 1)
    let highest = shown.flatMap { $0.points.map(\.value) }.max() ?? 1
    let top = quantity == .speedup ? max(most, highest) : max(100, highest)
    var script = GnuplotScript.preamble
    script += """
      set title \(GnuplotScript.string(title))
      set xlabel "threads\\n"
      set ylabel \(quantity == .speedup ? "'speedup over one thread'" : "'efficiency (%)'")
      set xrange [0:\(most * 1.04)]
      set yrange [0:\(top * 1.04)]
      ideal(x) = \(quantity == .speedup ? "x" : "100")

      """
    // With more, gnuplot chooses some that do not touch.
    if threads.count <= 16, most / Double(threads.count) < 4 {
      script += "set xtics (\(threads.map(String.init).joined(separator: ", ")))\n"
    }
    for (index, one) in shown.enumerated() {
      script += GnuplotScript.data("series\(index)", one.points.map { [Double($0.threads), $0.value] })
    }
    script += "plot ideal(x) with lines lc rgb '#808080' lw 1.5 dt '-' title 'ideal'"
    for (index, one) in shown.enumerated() {
      script +=
        ", \\\n  $series\(index) using 1:2 with linespoints ls \(index + 1) title \(GnuplotScript.string(one.name))"
    }
    return script + "\n"
  }
}
