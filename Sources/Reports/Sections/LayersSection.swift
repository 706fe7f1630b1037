import Results

/// Every row, layer by layer.
struct LayersSection: ReportSection {
  let title = "Layers"

  func blocks(_ run: ReportedRun) -> [Block] {
    run.analysis.networks.flatMap { network in
      network.layers.flatMap { layer -> [Block] in
        [
          .heading("\(network.title): \(code: layer.first.layer)"), .paragraph(describe(layer.first)),
          .table(table(layer, run)),
        ]
      }
    }
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

  private func table(_ layer: RunAnalysis.LayerRows, _ run: ReportedRun) -> Table {
    let ranked = layer.ranked
    let unit = TimeUnit(fitting: ranked.first { $0.isMeasured }?.timeMedian)
    let baselines = run.analysis.baselines
    let table = ranked.map { row -> [RichText] in
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
      return [.code(row.variant), .text(row.layout.rawValue)] + run.cells(RunAnalysis.Setting(row)) + speed + evidence
    }
    let columns: [Table.Column] =
      [.text("variant"), .text("layout")] + ReportedRun.settingColumns + [
        .number("time (\(unit.rawValue))"), .number("± (%)"), .number("GFLOP/s"), .number("over naive"),
        .number("over one thread"), .number("efficiency (%)"), .optionalNumber("peak (%)"),
        .optionalNumber("roofline (%)"), .optionalText("bound"), .optionalNumber("imbalance (%)"),
        .optionalNumber("clock (GHz)"), .optionalNumber("clean rounds"), .number("error ÷ bound"),
        .optionalText("remarks"),
      ]
    return Table(columns, rows: table)
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
