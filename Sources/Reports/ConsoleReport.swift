import Layers
import Results

/// The results of a run for a terminal.
public enum ConsoleReport {
  /// A line for the fastest variant of each layer, layout and setting, and one for each whole network.
  ///
  /// The same rows always give the same text. It ends with a line end, and is empty if there are no rows.
  public static func render(_ rows: [Row], width: Int? = nil) -> String {
    let analysis = RunAnalysis(rows)
    var text = ""
    for network in analysis.networks {
      let macs = Format.number(network.macs / 1e9)
      text += "\(network.title): \(Format.count(network.layers.count, "layer")), \(macs) GMAC\n"
      text += table(network, analysis) + totals(network, analysis) + "\n"
    }
    let counts = Status.allCases.compactMap { status -> String? in
      let count = rows.count { $0.status == status }
      return count > 0 ? "\(count) \(status.rawValue)" : nil
    }
    if !counts.isEmpty { text += "\(Format.count(rows.count, "case")): \(counts.joined(separator: ", "))\n" }
    return text
  }

  private static func table(_ network: RunAnalysis.Network, _ analysis: RunAnalysis) -> String {
    let settings = network.settings
    let showsPlacement = Set(settings.map { [$0.places, $0.bind, $0.cache] }).count > 1
    var rows: [[String]] = []
    for layer in network.layers {
      for layout in layer.layouts {
        for setting in settings {
          guard layer.ranked.contains(where: { $0.layout == layout && RunAnalysis.Setting($0) == setting }) else {
            continue
          }
          let best = layer.fastest(layout, setting)
          rows.append([
            layer.first.layer, layout.rawValue, String(setting.threads),
            showsPlacement ? "\(setting.places) \(setting.bind) \(setting.cache)" : "",
            best?.variant ?? "none measured", best?.timeMedian.map(TimeUnit.text) ?? Format.unknown,
            Format.number(best?.halfWidthPercent), Format.number(best?.gflops),
            Format.ratio(best.flatMap(analysis.baselines.speedupOverNaive)),
            Format.ratio(best.flatMap(analysis.speedupOverOneThread)),
          ])
        }
      }
    }
    let columns: [Table.Column] = [
      .text("layer"), .text("layout"), .number("threads"), .optionalText("placement"), .text("fastest variant"),
      .number("time"), .number("±%"), .number("GFLOP/s"), .number("over naive"), .number("over 1 thread"),
    ]
    return Table(columns, rows: rows).text
  }

  /// The fastest single variant of the whole network in each layout and setting.
  private static func totals(_ network: RunAnalysis.Network, _ analysis: RunAnalysis) -> String {
    let totals = analysis.totals(network)
    var text = ""
    for layout in network.layouts {
      for setting in network.settings {
        guard let total = totals.first(where: { $0.layout == layout && $0.setting == setting }), let time = total.time
        else { continue }
        text +=
          "whole network, \(layout.rawValue), \(Format.count(setting.threads, "thread")): "
          + "\(TimeUnit.text(time)), \(Format.number(2 * network.macs / time)) GFLOP/s by \(total.variant)\n"
      }
    }
    return text
  }
}
