import Results

/// The fastest single variant of each whole network.
struct HeadlinesSection: ReportSection {
  let title = "Results in brief"

  func blocks(_ run: ReportedRun) -> [Block] {
    let analysis = run.analysis
    var entries: [(RunAnalysis.Network, RunAnalysis.Total, Double)] = []
    for network in analysis.networks {
      let totals = analysis.totals(network)
      for layout in network.layouts {
        for setting in network.settings {
          if let total = totals.first(where: { $0.layout == layout && $0.setting == setting }), let time = total.time {
            entries.append((network, total, time))
          }
        }
      }
    }
    guard !entries.isEmpty else {
      return [
        .paragraph("No variant was measured on every layer of a network, so there is no time of a whole network.")
      ]
    }
    let unit = TimeUnit(fitting: entries.map(\.2).min())
    let table = entries.map { network, total, time -> [RichText] in
      let speedup = analysis.speedupOverNaive(network, total.layout, total.setting)
      return .text(network.title, total.layout.rawValue) + run.cells(total.setting) + [run.name(total)]
        + .text(
          Row.Choice(kernel: total.kernel)?.rawValue ?? "", unit.number(time), network.gflops(time),
          Format.ratio(speedup?.mean),
          speedup.map { "\($0.layers) of \(network.layers.count)" } ?? Format.unknown)
    }
    let columns: [Table.Column] =
      [.text("network"), .text("layout")] + ReportedRun.settingColumns + [
        .text("fastest single variant"), .optionalText("tile by"), .number("network time (\(unit.rawValue))"),
        .number("GFLOP/s"),
        .number("best over naive"), .number("layers compared"),
      ]
    return Block.limited(Table(columns, rows: table)) + [
      .paragraph(
        """
        Best over naive: the fastest variant of each layer against `naive` with the same threads, geometric mean weighted \
        by how often the network runs the layer, over the layers of which both were measured.
        """)
    ]
  }
}
