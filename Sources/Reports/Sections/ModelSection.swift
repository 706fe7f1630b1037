import Results

/// How well `pointwise predict` would have known the rows from the ceilings alone.
struct ModelSection: ReportSection {
  let title = "Model"

  func blocks(_ run: ReportedRun) -> [Block] {
    let times = Dictionary(
      (run.manifest.predictions ?? []).map { ($0.caseKey, $0) }, uniquingKeysWith: { first, _ in first })
    let pairs = run.rows.compactMap { row in times[row.caseKey].map { (row: row, time: $0) } }.filter(\.row.isMeasured)
    let errors = PredictionErrors.all(pairs)
    guard !errors.isEmpty else { return [] }
    let tolerance = String(Int(PredictionErrors.tolerancePercent))
    let summary = errors.map {
      [RichText].text(
        String($0.threads), String($0.rows), Format.number($0.medianPercent), Format.number($0.withinPercent),
        Format.number($0.withinBesidePercent))
    }
    let details = pairs.map { pair -> [RichText] in
      func error(_ time: Double?) -> String {
        Format.number(time.flatMap { time in pair.row.timeMedian.map { 100 * (time / $0 - 1) } })
      }
      return [.code(pair.row.layer), .text(pair.row.layout.rawValue), .code(pair.row.variant)]
        + run.cells(RunAnalysis.Setting(pair.row))
        + .text(
          run.timeUnit.number(pair.row.timeMedian), run.timeUnit.number(pair.time.nanoseconds),
          error(pair.time.nanoseconds), error(pair.time.besideSamples))
    }
    let columns: [Table.Column] =
      [.text("layer"), .text("layout"), .text("variant")] + ReportedRun.settingColumns + [
        .number("measured (\(run.timeUnit.rawValue))"), .number("predicted (\(run.timeUnit.rawValue))"),
        .number("error (%)"), .optionalNumber("with the peak beside the samples (%)"),
      ]
    return [
      .paragraph(
        """
        What `pointwise predict` says of the rows from the topology and the ceilings alone, for kernels that count their \
        work, with hot caches. The error is |predicted ÷ measured − 1|. The peak beside the samples is that of their bursts: \
        with it, a clock that has changed since the ceilings is no error.
        """),
      .table(
        Table(
          [
            .number("threads"), .number("rows"), .number("median error (%)"), .number("within \(tolerance) % (%)"),
            .optionalNumber("with the peak beside the samples (%)"),
          ], rows: summary)),
      .details("Each row", Block.limited(Table(columns, rows: details), source: "run.json")),
    ]
  }
}
