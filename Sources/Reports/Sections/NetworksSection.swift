import Layers
import Results

/// The times of whole networks, by variant.
struct NetworksSection: ReportSection {
  let title = "Whole networks"

  func blocks(_ run: ReportedRun) -> [Block] {
    guard !run.analysis.networks.isEmpty else { return [] }
    return [
      .paragraph(
        """
        Σ count × median time over all layers, for variants that were measured on every one of them. Fully connected layers \
        have one layout, and count in every total.
        """)
    ] + run.analysis.networks.flatMap { blocks($0, run) }
  }

  private func blocks(_ network: RunAnalysis.Network, _ run: ReportedRun) -> [Block] {
    let totals = run.analysis.totals(network)
    let complete = totals.filter { $0.time != nil }
    let incomplete = totals.filter { $0.time == nil }
    let layers = Format.count(network.layers.count, "distinct layer")
    var blocks: [Block] = [
      .heading("\(network.title): \(Format.number(network.macs / 1e9)) GMAC"),
      .paragraph("\(layers), run \(Format.times(network.executions)) in all."),
    ]
    blocks +=
      complete.isEmpty
      ? [.paragraph("No variant was measured on every layer.")] : Block.limited(table(network, complete, run))
    if !incomplete.isEmpty {
      let table = incomplete.map { total in
        [run.name(total), .text(total.layout.rawValue)] + run.cells(total.setting) + [
          "\(total.measured) of \(total.layers)"
        ]
      }
      let columns: [Table.Column] =
        [.text("variant"), .text("layout")] + ReportedRun.settingColumns + [.number("layers measured")]
      blocks.append(.paragraph("No total, because some layers have no result:"))
      blocks += Block.limited(Table(columns, rows: table))
    }
    return blocks
  }

  private func table(
    _ network: RunAnalysis.Network, _ totals: [RunAnalysis.Total], _ run: ReportedRun
  ) -> Table {
    let bests = network.layouts.flatMap { layout in
      network.settings.compactMap { setting in
        run.analysis.fastestTime(network, layout, setting).map {
          (layout: layout, setting: setting, time: $0.time, isValid: $0.isValid)
        }
      }
    }
    let unit = TimeUnit(fitting: bests.map(\.time).min())
    func overNaive(
      _ variant: String?, _ layout: Layout, _ setting: RunAnalysis.Setting, _ time: Double, _ isValid: Bool
    ) -> Ratio? {
      let naive = totals.first {
        $0.kernel == Baselines.naiveKernel && $0.layout == layout && $0.setting == setting
      }
      guard let naive, let naiveTime = naive.time else { return nil }
      // It is exactly as fast as itself, whatever disturbed it.
      return Ratio(value: naiveTime / time, isValid: naive.variant == variant || (isValid && naive.isValid))
    }
    func fastest(_ layout: Layout, _ setting: RunAnalysis.Setting) -> RichText {
      let usesOwn = run.analysis.winners(network, layout, setting).contains(where: run.usesOwnLayout)
      return usesOwn ? "*fastest of each layer* (some in their own layout)" : "*fastest of each layer*"
    }
    func cells(
      _ total: RunAnalysis.Total?, _ layout: Layout, _ setting: RunAnalysis.Setting, _ time: Double, _ isValid: Bool
    ) -> [RichText] {
      [total.map(run.name) ?? fastest(layout, setting), .text(layout.rawValue)] + run.cells(setting)
        + .text(
          unit.number(time), network.gflops(time),
          Format.ratio(overNaive(total?.variant, layout, setting, time, isValid)))
    }
    let columns: [Table.Column] =
      [.text("variant"), .text("layout")] + ReportedRun.settingColumns + [
        .number("time (\(unit.rawValue))"), .number("GFLOP/s"), .number("over naive"),
      ]
    let table =
      bests.map { cells(nil, $0.layout, $0.setting, $0.time, $0.isValid) }
      + totals.compactMap { total in
        total.time.map { cells(total, total.layout, total.setting, $0, total.isValid) }
      }
    return Table(columns, rows: table)
  }
}
