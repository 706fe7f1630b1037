import Foundation

/// Layers under the ceilings of their CPUs, both axes logarithmic (S. Williams, A. Waterman, D. Patterson, Roofline: an
/// insightful visual performance model, CACM 52(4), 2009).
struct RooflinePlot {
  /// A horizontal ceiling in GFLOP/s, or a sloping one in GB/s.
  struct Ceiling {
    var name: String
    var value: Double
  }

  var title: String
  /// Multiply-adds.
  var peaks: [Ceiling]
  /// Read bandwidths, from the innermost level on.
  var bandwidths: [Ceiling]
  /// Layers by kind, each a point of FLOP per byte and GFLOP/s.
  var series: [(name: String, points: [(intensity: Double, rate: Double)])]

  /// The commands that draw it.
  var commands: String {
    let points = series.flatMap(\.points)
    let top = peaks.map(\.value).max() ?? points.map(\.rate).max() ?? 1
    let ridges = bandwidths.filter { $0.value > 0 }.map { top / $0.value }
    let left = min(points.map(\.intensity).min() ?? 1, ridges.min() ?? 1) / 2
    let right = max(points.map(\.intensity).max() ?? 1, ridges.max() ?? 1) * 2
    let bottom = min(points.map(\.rate).min() ?? 1, top / 10) / 2
    var script = GnuplotScript.preamble
    script += """
      set title \(GnuplotScript.string(title))
      set xlabel "arithmetic intensity (FLOP per byte of least traffic)\\n"
      set ylabel 'GFLOP/s'
      set logscale xy
      set xrange [\(left):\(right)]
      set yrange [\(bottom):\(max(top, points.map(\.rate).max() ?? top) * 1.3)]
      set grid xtics ytics
      set xtics \(Self.tics(left, right))
      set ytics \(Self.tics(bottom, top * 1.3))
      set key samplen 3

      """
    var parts: [String] = []
    for (index, ceiling) in peaks.enumerated() {
      script += GnuplotScript.data("peak\(index)", [[left, ceiling.value], [right, ceiling.value]])
      parts.append(
        "$peak\(index) using 1:2 with lines lc rgb '#000000' lw 2 dt \(index + 1) title "
          + GnuplotScript.string("\(ceiling.name), \(Format.number(ceiling.value)) GFLOP/s"))
    }
    for (index, ceiling) in bandwidths.enumerated() where ceiling.value > 0 {
      let ridge = top / ceiling.value
      script += GnuplotScript.data("level\(index)", [[left, left * ceiling.value], [ridge, top]])
      parts.append(
        "$level\(index) using 1:2 with lines lc rgb '#707070' lw 1.6 dt \(index % 5 + 1) title "
          + GnuplotScript.string("\(ceiling.name), \(Format.number(ceiling.value)) GB/s"))
    }
    for (index, one) in series.prefix(GnuplotScript.seriesLimit).enumerated() {
      script += GnuplotScript.data("series\(index)", one.points.map { [$0.intensity, $0.rate] })
      parts.append(
        "$series\(index) using 1:2 with points ls \(index + 1) ps 1.1 title \(GnuplotScript.string(one.name))")
    }
    return script + "plot " + parts.joined(separator: ", \\\n  ") + "\n"
  }

  /// 1, 2 and 5 times powers of ten: of its own, gnuplot names the powers alone, of which a short axis has one or none.
  /// Long axes have the powers alone.
  private static func tics(_ low: Double, _ high: Double) -> String {
    let exponents = Int(log10(low).rounded(.down))...Int(log10(high).rounded(.up))
    let steps = exponents.count > 5 ? [1.0] : [1.0, 2, 5]
    let values = exponents.flatMap { exponent in steps.map { $0 * pow(10, Double(exponent)) } }
    let labels = values.filter { $0 >= low && $0 <= high }.map { value in
      "'\(String(format: "%.15g", value))' \(value)"
    }
    return "(\(labels.joined(separator: ", ")))"
  }
}
