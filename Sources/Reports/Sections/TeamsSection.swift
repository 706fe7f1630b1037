import Results
import Statistics

/// How well teams and bindings use more threads, side by side, where the fork-join hardly matters.
struct TeamsSection: ReportSection {
  let title = "Teams"

  /// Layers of at least this much work: a fork-join of 10 µs is below 5 % of their time on most teams.
  static let leastFLOP = 50e6

  func blocks(_ run: ReportedRun) -> [Block] {
    let many = run.rows.filter { $0.isMeasured && $0.threads > 1 }
    let teams = many.grouped { [$0.team, $0.places, $0.bind, "\($0.threads)", $0.cpus, $0.cache] }
    guard Set(many.map { [$0.team, $0.places, $0.bind] }).count > 1 else { return [] }
    let ceilings = run.manifest.peaks.flatMap(Ceilings.list) ?? []
    let table = teams.compactMap { rows -> [RichText]? in
      let fastest = rows.filter { $0.flops >= Self.leastFLOP }.grouped { [$0.layer, $0.layout.rawValue, $0.network] }
        .compactMap { $0.min { ($0.timeMedian ?? .infinity) < ($1.timeMedian ?? .infinity) } }
      let efficiencies = fastest.compactMap(run.analysis.efficiencyPercent)
      guard let first = rows.first else { return nil }
      let sample = OrderedSample(efficiencies)
      let forkJoin = Ceilings.of(first, in: ceilings)?.forkJoin
      return .text(
        first.team, String(first.threads), run.varied.places ? first.places : "",
        run.varied.bind ? first.bind : "", run.varied.cache ? first.cache : "",
        String(efficiencies.count), Format.number(sample?.median), Format.number(sample?.minimum),
        Format.number(forkJoin.map { $0.median / 1000 }), Format.number(forkJoin?.low.map { $0 / 1000 }),
        Format.number(forkJoin?.high.map { $0 / 1000 }))
    }
    let columns: [Table.Column] = [
      .text("team"), .number("threads"), .optionalText("places"), .optionalText("bind"), .optionalText("cache"),
      .number("layers"),
      .number("efficiency (%)"), .number("least (%)"), .number("fork-join (µs)"), .optionalNumber("from"),
      .optionalNumber("to"),
    ]
    return [
      .paragraph(
        """
        Efficiency of the fastest variant of each layer of \(Format.number(Self.leastFLOP / 1e6)) MFLOP or more: the median \
        over the layers, and the least. The fork-join is that of the ceilings, the median with its 95 % interval.
        """),
      .table(Table(columns, rows: table)),
    ]
  }
}
