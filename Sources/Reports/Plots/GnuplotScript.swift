import Foundation

/// The words of gnuplot's language (gnuplot 5.4, gnuplot.info/docs_5.4).
enum GnuplotScript {
  /// `text` as a string constant.
  ///
  /// Between single quotes gnuplot expands neither backslashes, nor macros, nor commands in backquotes; a quote is
  /// doubled. Control characters, which would end the line or make invalid XML, become spaces.
  static func string(_ text: String) -> String {
    var result = "'"
    for scalar in text.unicodeScalars {
      switch scalar {
      case "'": result += "''"
      case _ where scalar.properties.generalCategory == .control: result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "'"
  }

  /// A number of data; what is not known or not finite leaves a gap.
  static func number(_ value: Double?) -> String {
    guard let value, value.isFinite else { return "NaN" }
    return "\(value)"
  }

  /// Named lines of data, which stand in the script: no file is left behind.
  static func data(_ name: String, _ rows: [[Double?]]) -> String {
    "$\(name) << EOD\n" + rows.map { $0.map(number).joined(separator: " ") + "\n" }.joined() + "EOD\n"
  }

  /// Labels at whole numbers from 0 on, for `set xtics` or `set ytics`.
  static func tics(_ labels: [String]) -> String {
    "(" + labels.enumerated().map { "\(string($1)) \($0)" }.joined(separator: ", ") + ")"
  }

  /// A name for a file: ASCII letters, digits and hyphens.
  static func fileName(_ parts: [String]) -> String {
    let words = parts.joined(separator: "-").lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
    return String(words.joined(separator: "-").prefix(100))
  }

  /// What all plots begin with.
  ///
  /// Line styles 1 to 8 are for series. Colours are those of M. Okabe and K. Ito, Color Universal Design (2008), which
  /// colour-blind readers tell apart, the faint yellow last; shapes differ too, for print.
  static let preamble =
    """
    set encoding utf8
    set border 3 lc rgb '#404040'
    set tics nomirror out
    set grid ytics lc rgb '#d8d8d8' lw 1 lt 1
    set key bmargin center horizontal Left reverse samplen 2 spacing 1.2
    set pointsize 0.9
    \(zip(colours, shapes).enumerated().map {
      "set style line \($0 + 1) lc rgb '\($1.0)' pt \($1.1) lw 1.8 dt 1"
    }.joined(separator: "\n"))

    """

  /// How many series a plot shows at most: as many as there are styles.
  static let seriesLimit = colours.count

  private static let colours = [
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00", "#B8A800",
  ]

  /// Filled circle, square, triangles up and down, diamond, and open ones.
  private static let shapes = [7, 5, 9, 11, 13, 6, 4, 8]
}
