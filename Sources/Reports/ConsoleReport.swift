import Layers
import Results

/// The results of a run for a terminal.
public enum ConsoleReport {
  /// A line for the fastest variant of each layer, layout and setting, and one for each whole network.
  ///
  /// The same rows always give the same text. It ends with a line end, and is empty if there are no rows.
  ///
  /// - Parameters:
  ///   - width: the columns of the terminal, or nil if lines may have any length. Where they are too few for a
  ///     table, its variants lose what all of them share, then each layer gets a line of its own above its rows.
  ///   - ownLayoutKernels: kernels whose variants get a mark: libraries that choose the layout of input and output.
  public static func render(_ rows: [Row], width: Int? = nil, ownLayoutKernels: Set<String> = []) -> String {
    let analysis = RunAnalysis(rows)
    let ownLayout = Set(rows.lazy.filter { ownLayoutKernels.contains($0.replica.kernel) }.map(\.variant))
    var text = ""
    for network in analysis.networks {
      let macs = Format.number(network.macs / 1e9)
      text += "\(network.title): \(Format.count(network.layers.count, "layer")), \(macs) GMAC\n"
      text += body(network, analysis, width, ownLayout) + "\n"
    }
    let counts = Status.allCases.compactMap { status -> String? in
      let count = rows.count { $0.status == status }
      return count > 0 ? "\(count) \(status.rawValue)" : nil
    }
    if !counts.isEmpty { text += "\(Format.count(rows.count, "case")): \(counts.joined(separator: ", "))\n" }
    return text
  }

  /// The table of a network and the lines below it.
  private static func body(
    _ network: RunAnalysis.Network, _ analysis: RunAnalysis, _ width: Int?, _ ownLayout: Set<String>
  ) -> String {
    let lines = fastest(network, analysis)
    func marked(_ variant: String) -> String { ownLayout.contains(variant) ? variant + "†" : variant }
    func explained(_ text: String) -> String {
      text.contains("†") ? text + "†: the library chose the layout of input and output\n" : text
    }
    let wide = explained(wideTable(lines, marked) + totals(network, analysis, marked))
    guard let width, !wide.fits(width) else { return wide }
    // One ISA and one team are the usual case: they stand above the table then, and not in every line of it.
    let rows = network.layers.flatMap(\.ranked)
    let isas = rows.map(\.isa).uniqued()
    let teams = rows.map(\.team).uniqued()
    let isShort = isas.count == 1 && teams.count == 1
    func name(_ variant: String) -> String {
      let name = marked(variant)
      return isShort ? name.replacing("-\(isas[0])-", with: " ").replacing("-\(teams[0])", with: "") : name
    }
    let heading = isShort ? "all variants: ISA \(isas[0]), team \(teams[0])\n" : ""
    let short = wideTable(lines, name)
    return explained(
      heading + (short.fits(width) ? short : narrowTable(lines, name)) + totals(network, analysis, name))
  }

  /// One line of the table.
  private struct Line {
    var layer: String
    var layout: Layout
    var setting: RunAnalysis.Setting
    /// The placement, where there is more than one.
    var placement: String
    /// The fastest row; nil if none was measured.
    var best: Row?
    var overNaive: Ratio?
    var overOneThread: Ratio?

    /// Time, ± with `mark` behind it, GFLOP/s and the two ratios.
    func numbers(mark: String = "") -> [String] {
      [
        best?.timeMedian.map(TimeUnit.text) ?? Format.unknown, Format.halfWidth(best?.halfWidthPercent) + mark,
        Format.number(best?.gflops), Format.ratio(overNaive), Format.ratio(overOneThread),
      ]
    }
  }

  private static func fastest(_ network: RunAnalysis.Network, _ analysis: RunAnalysis) -> [Line] {
    let settings = network.settings
    let showsPlacement = Set(settings.map { [$0.places, $0.bind, $0.cache] }).count > 1
    var lines: [Line] = []
    for layer in network.layers {
      for layout in layer.layouts {
        for setting in settings
        where !layer.rows(layout, setting).isEmpty {
          let best = layer.fastest(layout, setting)
          lines.append(
            Line(
              layer: layer.first.layer, layout: layout, setting: setting,
              placement: showsPlacement ? "\(setting.places) \(setting.bind) \(setting.cache)" : "", best: best,
              overNaive: best.flatMap(analysis.baselines.speedupOverNaive),
              overOneThread: best.flatMap(analysis.baselines.speedupOverOneThread)))
        }
      }
    }
    return lines
  }

  private static let none = "none measured"

  private static func wideTable(_ lines: [Line], _ name: (String) -> String) -> String {
    Table(
      [
        .text("layer"), .text("layout"), .number("threads"), .optionalText("placement"), .text("fastest variant"),
        .number("time"), .number("±%"), .number("GFLOP/s"), .number("over naive"), .number("over 1 thread"),
        .optionalText("quality"),
      ],
      rows: lines.map {
        ([
          $0.layer, $0.layout.rawValue, "\($0.setting.threads)", $0.placement, $0.best.map { name($0.variant) } ?? none,
        ]
          + $0.numbers() + [$0.best?.doubt ?? ""]).map { .text($0) }
      }
    ).text + legend(lines)
  }

  /// What the marks in the lines mean; empty if there are none.
  private static func legend(_ lines: [Line]) -> String {
    let ratios = lines.flatMap { [$0.overNaive, $0.overOneThread] }.compactMap { $0 }
    return ratios.allSatisfy(\.isValid)
      ? "" : "≈: a side of the ratio is not valid; the two may be disturbed differently\n"
  }

  /// The table with each layer on a line above its rows. A mark takes the place of the column for the quality.
  private static func narrowTable(_ lines: [Line], _ name: (String) -> String) -> String {
    let table = Table(
      [
        .text("layout"), .number("threads"), .optionalText("placement"), .text("fastest"), .number("time"),
        .number("±%"), .number("GFLOP/s"), .number("× naive"), .number("× 1 thr"),
      ],
      rows: lines.map {
        ([$0.layout.rawValue, "\($0.setting.threads)", $0.placement, $0.best.map { name($0.variant) } ?? none]
          + $0.numbers(mark: $0.best.map { $0.doubt.isEmpty ? "" : "!" } ?? "")).map { .text($0) }
      }
    ).lines
    var text = "  \(table[0])\n"
    for (index, line) in lines.enumerated() {
      if index == 0 || lines[index - 1].layer != line.layer { text += line.layer + "\n" }
      text += "  \(table[index + 1])\n"
    }
    let doubts = lines.compactMap { $0.best?.doubt }.filter { !$0.isEmpty }.uniqued().sorted()
    if !doubts.isEmpty { text += "!: \(doubts.joined(separator: " or "))\n" }
    return text + legend(lines)
  }

  /// The fastest single variant of the whole network in each layout, setting and team. What they do not share is named.
  private static func totals(
    _ network: RunAnalysis.Network, _ analysis: RunAnalysis, _ name: (String) -> String
  ) -> String {
    let totals = analysis.totals(network)
    let settings = network.settings
    let teams = totals.map(\.team).uniqued().sorted()
    func varies(_ axis: (RunAnalysis.Setting) -> String) -> Bool { Set(settings.map(axis)).count > 1 }
    let (variesPlaces, variesBind, variesCache) = (varies(\.places), varies(\.bind), varies(\.cache))
    var text = ""
    for layout in network.layouts {
      for setting in settings {
        for team in teams {
          let total = totals.first { $0.layout == layout && $0.setting == setting && $0.team == team }
          guard let total, let time = total.time else { continue }
          let axes = [
            layout.rawValue, Format.count(setting.threads, "thread"), variesPlaces ? "places \(setting.places)" : nil,
            variesBind ? "bind \(setting.bind)" : nil, variesCache ? "cache \(setting.cache)" : nil,
            teams.count > 1 ? "team \(team)" : nil,
          ].compactMap { $0 }.joined(separator: ", ")
          text +=
            "whole network, \(axes): \(TimeUnit.text(time)), \(Format.number(2 * network.macs / time)) GFLOP/s by "
            + "\(name(total.variant))\n"
        }
      }
    }
    return text
  }
}

extension String {
  /// Whether every line fits in `width` columns.
  fileprivate func fits(_ width: Int) -> Bool {
    split(whereSeparator: \.isNewline).allSatisfy { displayWidth(String($0)) <= width }
  }
}
