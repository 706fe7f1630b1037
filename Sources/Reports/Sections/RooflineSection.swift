import Layers
import Results

/// What limits each layer on these CPUs, and how near its fastest variant comes.
struct RooflineSection: ReportSection {
  let title = "Roofline"

  func blocks(_ run: ReportedRun) -> [Block] {
    let ceilings = run.manifest.peaks.flatMap(Ceilings.list) ?? []
    let networks = run.analysis.networks.flatMap { network -> [Block] in
      let rows = network.settings.flatMap { setting in
        network.layers.flatMap { layer in layer.layouts.compactMap { layer.fastest($0, setting) } }
      }.filter { $0.rooflinePercent != nil }
      guard !rows.isEmpty else { return [] }
      return [.heading(.text(network.title))] + Block.plots(plots(network, run, ceilings))
        + Block.limited(table(network, rows, run))
    }
    guard !networks.isEmpty else { return [] }
    return [
      .paragraph(
        """
        The fastest variant of each layer against the lower of two limits: multiply-adds in registers, and the layer's \
        least traffic at the read bandwidth of the level that it comes from; of a layer that streams its weights, at the \
        bandwidth that a plain read of them had beside the samples. Bound says which of them is lower. The lines of plots \
        are ceilings, the best of several moments.
        """)
    ] + networks
  }

  /// How many layers each limit binds, and how much of it they reach.
  private func table(_ network: RunAnalysis.Network, _ rows: [Row], _ run: ReportedRun) -> Table {
    let table = rows.map { row in
      [.code(row.layer), .text(row.layout.rawValue)] + run.cells(RunAnalysis.Setting(row))
        + .text(
          Format.number(row.arithmeticIntensity), row.bound ?? Format.unknown, Format.number(row.gflops),
          Format.number(row.peakPercent), Format.number(row.rooflinePercent), row.doubt)
    }
    let columns: [Table.Column] =
      [.text("layer"), .text("layout")] + ReportedRun.settingColumns + [
        .number("FLOP per byte"), .text("bound"), .number("GFLOP/s"), .number("peak (%)"), .number("roofline (%)"),
        .optionalText("quality"),
      ]
    return Table(columns, rows: table, cases: rows.map(\.caseKey))
  }

  private func plots(_ network: RunAnalysis.Network, _ run: ReportedRun, _ ceilings: [Ceilings]) -> [Plot] {
    network.plottedSettings.compactMap { setting in
      let rows = network.layers.flatMap { layer in layer.layouts.compactMap { layer.fastest($0, setting) } }
        .filter { ($0.arithmeticIntensity ?? 0) > 0 && ($0.gflops ?? 0) > 0 }
      guard let first = rows.first else { return nil }
      let series = Layout.allCases.compactMap {
        layout -> (name: String, points: [(intensity: Double, rate: Double)])? in
        let points = rows.filter { $0.layout == layout }.compactMap { row in
          row.arithmeticIntensity.flatMap { intensity in row.gflops.map { (intensity: intensity, rate: $0) } }
        }
        return points.isEmpty ? nil : (layout == .nc ? "fully connected" : "1×1, \(layout.rawValue)", points)
      }
      // The CPUs that the rows ran on; without pinning, those of as many threads.
      let ceiling =
        ceilings.first { $0.threads == setting.threads && $0.team == first.team && $0.cpus == first.cpus }
        ?? ceilings.first { $0.threads == setting.threads && $0.team == first.team }
      let isas = Set(rows.map(\.isa))
      let peaks = (ceiling?.multiplyAdds ?? [:]).filter { isas.contains($0.key) }
        .map { RooflinePlot.Ceiling(name: "multiply-adds \($0.key)", value: $0.value.median) }
        .sorted { ($0.value, $0.name) > ($1.value, $1.name) }
      let bandwidths = (ceiling?.bandwidths ?? []).compactMap { level in
        level.read.map { RooflinePlot.Ceiling(name: "\(level.level) read", value: $0.median) }
      }
      let title = ([network.title] + run.words(setting)).joined(separator: ", ")
      let plot = RooflinePlot(title: title, peaks: peaks, bandwidths: bandwidths, series: series)
      return Plot(
        name: GnuplotScript.fileName(["roofline", network.title] + run.words(setting)),
        caption: "Roofline of \(title): a point is the fastest variant of a layer, a line a limit of the same CPUs.",
        height: 540, commands: plot.commands)
    }
  }
}
