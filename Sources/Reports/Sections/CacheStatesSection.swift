import Results

/// The fastest times of each layer in every cache state side by side, if there are several.
struct CacheStatesSection: ReportSection {
  let title = "Cache states"

  func blocks(_ run: ReportedRun) -> [Block] {
    // From the warmest on; what this version does not know follows.
    let known = ["hot", "cold-weights", "cold"]
    let measured = run.rows.map(\.cache).uniqued()
    let states = known.filter(measured.contains) + measured.filter { !known.contains($0) }
    guard states.count > 1 else { return [] }
    let tables = run.analysis.networks.flatMap { network -> [Block] in
      guard let table = table(network, states, run) else { return [] }
      return [.heading(.text(network.title))] + Block.plots(LayerPlots(run, network).cacheStates(states))
        + Block.limited(table)
    }
    return [.paragraph("The time of the fastest variant in each state, which need not be the same one.")] + tables
  }

  private func table(_ network: RunAnalysis.Network, _ states: [String], _ run: ReportedRun) -> Table? {
    // Settings that differ in the cache state alone share a line.
    let lines = network.settings.grouped { ["\($0.threads)", $0.places, $0.bind] }
    let found = network.layers.flatMap { layer in
      layer.layouts.flatMap { layout in
        lines.map { settings in
          let bests = states.map { state in
            settings.first { $0.cache == state }.flatMap { layer.fastest(layout, $0) }
          }
          return (layer: layer.first.layer, layout: layout, setting: settings[0], bests: bests)
        }
      }
    }.filter { $0.bests.contains { $0 != nil } }
    guard !found.isEmpty else { return nil }
    let unit = TimeUnit(fitting: found.flatMap(\.bests).compactMap { $0?.timeMedian }.min())
    let table = found.map { line in
      let setting = line.setting
      let doubts = zip(states, line.bests).compactMap { state, best -> String? in
        guard let best, !best.doubt.isEmpty else { return nil }
        return "\(state) \(best.doubt)"
      }
      return [.code(line.layer)]
        + .text(
          line.layout.rawValue, String(setting.threads), run.varied.places ? setting.places : "",
          run.varied.bind ? setting.bind : "")
        + line.bests.map { .text(unit.number($0?.timeMedian)) } + .text(doubts.joined(separator: ", "))
    }
    let columns: [Table.Column] =
      [
        .text("layer"), .text("layout"), .number("threads"), .optionalText("places"), .optionalText("bind"),
      ] + states.map { .number("\($0) (\(unit.rawValue))") } + [.optionalText("quality")]
    return Table(columns, rows: table)
  }
}
