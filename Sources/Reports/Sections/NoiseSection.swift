import Results
import Statistics

/// How far the numbers can be trusted: intervals, clean rounds, and what disturbed the others.
struct NoiseSection: ReportSection {
  let title = "Noise"

  func blocks(_ run: ReportedRun) -> [Block] {
    let measured = run.rows.filter(\.isMeasured)
    guard !measured.isEmpty else { return [] }
    let precision = Format.number(run.manifest.settings.precisionPercent)
    return [
      .paragraph(
        """
        A case was measured until the 95 % interval of its median was within ±\(precision) %, or \
        \(Format.number(run.manifest.settings.maxTimeSeconds)) s were spent on it.
        """)
    ] + visits(run.manifest) + interruption(measured) + [.table(qualities(measured, run))] + disturbances(run)
      + costs(run.manifest)
  }

  /// What the run took, if it is known.
  private func costs(_ manifest: RunManifest) -> [Block] {
    guard let line = manifest.costs.flatMap(CostText.line) else { return [] }
    return [.paragraph(.text(line))]
  }

  private func visits(_ manifest: RunManifest) -> [Block] {
    guard let visits = manifest.settings.visits else { return [] }
    return [
      .paragraph(
        """
        Each layer was visited \(visits) times, at different moments of the run and in other pages of memory. An interval \
        is as wide as the visits differ, and notes in results.csv say so: then it is the number of visits that counts.
        """)
    ]
  }

  /// Rows that an interruption ended may have had less.
  private func interruption(_ rows: [Row]) -> [Block] {
    guard rows.contains(where: \.wasCutShort) else { return [] }
    return [
      .paragraph(
        """
        An interruption ended the cases that were being measured before that: their notes in results.csv say \
        `\(Row.cutShortNote)`, and `--resume` measures them again.
        """)
    ]
  }

  private func qualities(_ rows: [Row], _ run: ReportedRun) -> Table {
    let groups = rows.grouped(by: RunAnalysis.Setting.init)
      .sorted { $0[0].threads < $1[0].threads }
    let table = groups.map { rows -> [RichText] in
      let widths = OrderedSample(rows.compactMap(\.halfWidthPercent))
      let rounds = rows.compactMap(\.rounds).reduce(0) { $0 + Double($1) }
      let clean = rows.compactMap(\.cleanRounds).reduce(0) { $0 + Double($1) }
      let counts = Quality.allCases.map { quality in String(rows.count { $0.quality == quality }) }
      let clocks = rows.compactMap(\.clockGHz)
      return run.cells(RunAnalysis.Setting(rows[0])) + [.text(String(rows.count))] + counts.map { .text($0) }
        + .text(
          Format.halfWidth(widths?.median), Format.halfWidth(widths?.quantile(0.9)), Format.halfWidth(widths?.maximum),
          rounds > 0 ? Format.number(100 * clean / rounds) : Format.unknown,
          clocks.isEmpty ? Format.unknown : Format.number(clocks.min()) + " to " + Format.number(clocks.max()))
    }
    let columns: [Table.Column] =
      ReportedRun.settingColumns + [.number("cases")] + Quality.allCases.map { .number($0.rawValue) } + [
        .number("median ± (%)"), .number("90th percentile ± (%)"), .number("largest ± (%)"),
        .number("clean rounds (%)"), .optionalNumber("clock (GHz)"),
      ]
    return Table(columns, rows: table)
  }

  /// What disturbed samples, if they are known.
  private func disturbances(_ run: ReportedRun) -> [Block] {
    guard !run.samples.isEmpty else { return [] }
    var taints: [String: Int] = [:]
    var tainted = 0
    for sample in run.samples {
      guard let taint = sample.taint else { continue }
      tainted += 1
      for word in taint.split(separator: " ") { taints[String(word), default: 0] += 1 }
    }
    let count = run.samples.count
    func line(_ name: String, _ number: Int) -> [RichText] {
      .text(name, String(number), Format.number(100 * Double(number) / Double(count)))
    }
    let table =
      [line("samples", count), line("disturbed", tainted)] + taints.keys.sorted().map { line($0, taints[$0] ?? 0) }
    return [
      .paragraph("What disturbed the samples; one may be disturbed in several ways."),
      .table(Table([.text("what"), .number("samples"), .number("part (%)")], rows: table)),
    ]
  }
}
