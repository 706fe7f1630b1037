import Results

/// Every row, layer by layer.
struct LayersSection: ReportSection {
  let title = "Layers"

  /// How many rows the section lists in all, and of each layer at least, as long as there are some to list.
  private static let limit = 1200
  private static let least = 8

  func blocks(_ run: ReportedRun) -> [Block] {
    let layers = run.analysis.networks.flatMap { network in network.layers.map { (network: network, layer: $0) } }
    guard !layers.isEmpty else { return [] }
    let share = run.rows.count <= Self.limit ? Self.limit : max(Self.least, Self.limit / layers.count)
    var rows: [[RichText]] = []
    var cases: [String?] = []
    var groups: [GroupedTable.Group] = []
    for (network, layer) in layers where rows.count < Self.limit {
      // The fastest come first, so it is the slowest that are left out.
      let shown = layer.ranked.prefix(min(share, Self.limit - rows.count))
      let start = rows.count
      rows += shown.map { cells($0, run) }
      cases += shown.map(\.caseKey)
      groups.append(
        GroupedTable.Group(
          name: "\(network.title): \(code: layer.first.layer)", shortName: LayerLabel.short(layer.first),
          about: describe(layer.first), rows: start..<rows.count, omitted: layer.ranked.count - shown.count))
    }
    let table = Table(columns(run), rows: rows, cases: cases)
    let omitted = layers.count - groups.count
    return [.groups(GroupedTable(title: "layer", table: table, groups: groups))]
      + (omitted > 0 ? [.paragraph("… and \(Format.count(omitted, "layer")) more in `results.csv`.")] : [])
  }

  private func describe(_ row: Row) -> RichText {
    let size =
      row.op == .fc
      ? "\(row.k) → \(row.n) features, \(Format.count(row.m, "row"))"
      : "\(row.ic) → \(row.oc) channels, \(row.ih)×\(row.iw) pixels, minibatch \(row.mb), stride \(row.sh)×\(row.sw)"
    let ending = (row.bias ? ", bias" : "") + (row.activation == .none ? "" : ", \(row.activation.rawValue)")
    return """
      \(row.op.rawValue), \(row.dtype.rawValue): \(size)\(ending). M × N × K = \(row.m) × \(row.n) × \(row.k), \
      \(Format.number(row.flops / 1e6)) MFLOP, run \(Format.count(row.count, "time")).
      """
  }

  private func columns(_ run: ReportedRun) -> [Table.Column] {
    [.text("variant"), .text("layout")] + ReportedRun.settingColumns + [
      .number("time (\(run.timeUnit.rawValue))"), .number("± (%)"), .number("GFLOP/s"), .number("over naive"),
      .number("over one thread"), .number("efficiency (%)"), .optionalNumber("peak (%)"),
      .optionalNumber("roofline (%)"), .optionalText("bound"), .optionalNumber("imbalance (%)"),
      .optionalNumber("clock (GHz)"), .optionalNumber("clean rounds"), .number("error ÷ bound"),
      .optionalText("remarks"),
    ]
  }

  private func cells(_ row: Row, _ run: ReportedRun) -> [RichText] {
    let unit = run.timeUnit
    let baselines = run.analysis.baselines
    let measured = row.isMeasured
    let errorRatio = row.maxError.flatMap { error in row.errorBound.map { error / $0 } }
    let speed = [RichText].text(
      unit.number(measured ? row.timeMedian : nil), Format.halfWidth(measured ? row.halfWidthPercent : nil),
      Format.number(row.gflops), Format.ratio(baselines.speedupOverNaive(row)),
      Format.ratio(baselines.speedupOverOneThread(row)), Format.number(run.analysis.efficiencyPercent(row)))
    let evidence = [RichText].text(
      Format.number(row.peakPercent), Format.number(row.rooflinePercent), row.bound ?? "",
      Format.number(row.imbalancePercent), Format.number(row.clockGHz),
      row.cleanRounds.map { "\($0) of \(row.rounds.map(String.init) ?? Format.unknown)" } ?? Format.unknown,
      Format.number(errorRatio), remark(row))
    return [run.name(row), .text(row.layout.rawValue)] + run.cells(RunAnalysis.Setting(row)) + speed + evidence
  }

  /// Status, quality and notes, as far as they are not the usual ones.
  private func remark(_ row: Row) -> String {
    let words = [
      row.status == .ok ? nil : row.status.rawValue,
      row.quality == .valid ? nil : row.quality?.rawValue,
    ].compactMap { $0 }.joined(separator: ", ")
    let notes = row.notes ?? ""
    return words.isEmpty || notes.isEmpty ? words + notes : "\(words): \(notes)"
  }
}
