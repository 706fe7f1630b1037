import Results
import Statistics

/// Which way of dividing the work wins on which layers, and what each thread then reads and writes.
struct SplitsSection: ReportSection {
  let title = "Splits"

  func blocks(_ run: ReportedRun) -> [Block] {
    let many = run.rows.filter { $0.isMeasured && $0.threads > 1 && $0.split != "none" }
    let contests = many.grouped {
      [
        $0.suite, $0.network, $0.layer, $0.layout.rawValue, $0.kernel, $0.isa, $0.team, "\($0.threads)", $0.places,
        $0.bind,
        $0.cache, "\($0.bias)", $0.activation.rawValue,
      ]
    }.filter { Set($0.map(\.split)).count > 1 }
      .map { $0.sorted { ($0.timeMedian ?? .infinity) < ($1.timeMedian ?? .infinity) } }
    guard !contests.isEmpty else { return [] }
    let predictions = Dictionary(
      (run.manifest.predictions ?? []).map { ($0.caseKey, $0) }, uniquingKeysWith: { first, _ in first })
    return [
      .paragraph(
        """
        Splits of the same kernel, team and threads on the same layer against each other. Over the fastest is the geometric \
        mean of a split's time by that of the fastest; pixels ÷ channels is the median of m ÷ n over the layers that it won.
        """),
      .table(summary(contests)),
      .details(
        "Each layer by split",
        [
          .paragraph(
            """
            What the thread that has most reads of input and weights and writes of output, and how much longer than the \
            mean of all the slowest should take, for parts are whole tiles of the kernel: both follow from the division, for \
            kernels that count their work. A split by channels repeats the input in every thread, one by pixels the weights.
            """)
        ] + Block.limited(details(contests, predictions, run))),
    ]
  }

  private func summary(_ contests: [[Row]]) -> Table {
    let splits = contests.flatMap { $0.map(\.split) }.uniqued().sorted()
    let rows = splits.map { split -> [RichText] in
      let entered = contests.filter { $0.contains { $0.split == split } }
      let won = entered.filter { $0[0].split == split }
      let ratios = entered.compactMap { contest in
        contest.first { $0.split == split }?.timeMedian.flatMap { time in contest[0].timeMedian.map { time / $0 } }
      }
      let shapes = OrderedSample(won.map { Double($0[0].m) / Double($0[0].n) })
      return .text(
        split, String(entered.count), String(won.count),
        geometricMean(ratios).map { Format.number($0) + "×" } ?? Format.unknown,
        Format.number(shapes?.median), Format.number(shapes?.minimum), Format.number(shapes?.maximum))
    }
    return Table(
      [
        .text("split"), .number("contests"), .number("won"), .number("over the fastest"), .number("pixels ÷ channels"),
        .number("from"), .number("to"),
      ], rows: rows)
  }

  private func details(
    _ contests: [[Row]], _ predictions: [String: PredictedTime], _ run: ReportedRun
  ) -> Table {
    let rows = contests.flatMap { contest in
      contest.map { row -> [RichText] in
        let prediction = predictions[row.firstReplicaKey]
        let ratio = row.timeMedian.flatMap { time in contest[0].timeMedian.map { time / $0 } }
        func size(_ bytes: Double?) -> String { Format.number(bytes.map { $0 / 1024 }) }
        return [.code(row.layer), .text(row.layout.rawValue), .code(run.series(row))]
          + run.cells(RunAnalysis.Setting(row))
          + .text(
            row.split, run.timeUnit.number(row.timeMedian), ratio.map { Format.number($0) + "×" } ?? Format.unknown,
            Format.number(row.imbalancePercent), Format.number(prediction?.imbalancePercent),
            size(prediction?.inputBytes),
            size(prediction?.weightBytes), size(prediction?.outputBytes))
      }
    }
    let columns: [Table.Column] =
      [.text("layer"), .text("layout"), .text("kernel")] + ReportedRun.settingColumns + [
        .text("split"), .number("time (\(run.timeUnit.rawValue))"), .number("over the fastest"),
        .optionalNumber("imbalance (%)"), .optionalNumber("by the division (%)"), .optionalNumber("input (KiB)"),
        .optionalNumber("weights (KiB)"), .optionalNumber("output (KiB)"),
      ]
    return Table(columns, rows: rows)
  }
}
