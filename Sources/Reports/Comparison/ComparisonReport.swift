import Results
import Statistics

/// A comparison for people.
public enum ComparisonReport {
  /// Renders a comparison: what differs between the runs first, then the rows, the worst first, then the means.
  public static func render(_ comparison: Comparison, as format: DocumentFormat) -> String {
    format.render(document(comparison, limit: format.limit))
  }

  static func document(_ comparison: Comparison, limit: Int) -> ReportDocument {
    let compared = comparison.cases.filter { $0.side == .both }
    var sections: [ReportDocument.Section] = []
    func add(_ title: String, _ blocks: [Block]) {
      if !blocks.isEmpty { sections.append(.init(title: title, blocks: blocks)) }
    }
    if comparison.kind == .runs {
      add("What differs between the runs", differences(comparison))
    }
    add("In brief", [.list([.text(counts(comparison, compared.count))] + comparison.notes.map { .text($0) })])
    add("Cases", cases(comparison, compared, limit))
    add(comparison.kind == .runs ? "Kernels" : "Variants", groups(comparison))
    if let mean = comparison.geometricMean {
      let text = "\(Format.nearOne(mean.value)), 95 % interval \(interval(mean.lower, mean.upper))"
      add("Geometric mean of the ratios", [.paragraph(.text(text))])
    }
    add("On one side only", oneSided(comparison, limit))
    return ReportDocument(
      title: "\(code: comparison.run) against \(code: comparison.baseline)",
      machine: "A ratio is the time of the first ÷ that of the second: above 1, the first is slower.",
      sections: sections)
  }

  /// How many cases have which verdict, in a sentence.
  static func counts(_ comparison: Comparison, _ compared: Int) -> String {
    let counts = Verdict.allCases.map { "\(comparison.count($0)) \($0.rawValue)" }
    return "\(Format.count(compared, "case")): \(counts.joined(separator: ", "))."
  }

  private static func differences(_ comparison: Comparison) -> [Block] {
    if comparison.differences.isEmpty { return [.paragraph("Nothing that is known.")] }
    let rows = comparison.differences.map { item -> [RichText] in
      .text(item.what, item.baseline ?? "unknown", item.run ?? "unknown")
    }
    return [.table(Table([.text("what"), .text("baseline"), .text("run")], rows: rows))]
  }

  private static func cases(_ comparison: Comparison, _ compared: [ComparedCase], _ limit: Int) -> [Block] {
    if compared.isEmpty { return [.paragraph("The two sides have no case in common.")] }
    let unit = TimeUnit(fitting: compared.lazy.compactMap(\.time).min())
    let axes = Axes(compared)
    let rows = compared.prefix(limit).map { item -> [RichText] in
      [.code(item.layer)] + axes.cells(item) + [.code(item.variant)]
        + [comparison.kind == .variants ? .code(item.baseline) : ""]
        + .text(
          unit.number(item.baselineTime), unit.number(item.time), Format.nearOne(item.ratio),
          interval(item.ratioLow, item.ratioHigh), item.verdict?.rawValue ?? "", item.reason)
    }
    let columns: [Table.Column] =
      [.text("layer")] + Axes.columns + [
        .text("variant"), .optionalText("against"), .number("baseline (\(unit.rawValue))"),
        .number("time (\(unit.rawValue))"), .number("ratio"), .number("95 % interval"), .text("verdict"),
        .text("reason"),
      ]
    return [.table(Table(columns, rows: rows))] + more(compared.count - rows.count)
  }

  private static func more(_ count: Int) -> [Block] {
    count > 0
      ? [.paragraph("… and \(Format.count(count, "more case")); all are in the formats `csv` and `json`.")] : []
  }

  private static func groups(_ comparison: Comparison) -> [Block] {
    if comparison.groups.isEmpty { return [] }
    let rows = comparison.groups.map { group -> [RichText] in
      .text(
        group.name, String(group.rows), Format.nearOne(group.ratio?.value),
        interval(group.ratio?.lower, group.ratio?.upper), group.verdict?.rawValue ?? "")
    }
    let ratio = comparison.kind == .runs ? "median ratio" : "geometric mean"
    return [
      .table(
        Table(
          [
            .text(comparison.kind == .runs ? "kernel" : "variant"), .number("cases"), .number(ratio),
            .number("95 % interval"), .optionalText("verdict"),
          ], rows: rows))
    ]
  }

  private static func oneSided(_ comparison: Comparison, _ limit: Int) -> [Block] {
    let items = comparison.cases.filter { $0.side != .both }
    if items.isEmpty { return [] }
    let axes = Axes(items)
    let rows = items.prefix(limit).map { item -> [RichText] in
      [.code(item.layer)] + axes.cells(item) + [.code(item.variant), .text(item.side.rawValue)]
    }
    return [.table(Table([.text("layer")] + Axes.columns + [.text("variant"), .text("only in")], rows: rows))]
      + more(items.count - rows.count)
  }

  /// The bounds of an interval.
  static func interval(_ low: Double?, _ high: Double?) -> String {
    guard let low, let high else { return Format.unknown }
    return "\(Format.nearOne(low)) to \(Format.nearOne(high))"
  }

  /// What tells cases apart besides layer and variant; shown where it varies.
  private struct Axes {
    static let columns: [Table.Column] = [
      .optionalText("network"), .text("layout"), .optionalText("bias"), .optionalText("activation"), .number("threads"),
      .optionalText("places"), .optionalText("bind"), .optionalText("cache"),
    ]

    private let varied: (network: Bool, bias: Bool, activation: Bool, places: Bool, bind: Bool, cache: Bool)

    init(_ items: [ComparedCase]) {
      func varies(_ value: (ComparedCase) -> String) -> Bool { Set(items.map(value)).count > 1 }
      varied = (
        varies { "\($0.suite)|\($0.network)" }, varies { "\($0.bias)" }, varies(\.activation.rawValue),
        varies(\.places),
        varies(\.bind), varies(\.cache)
      )
    }

    func cells(_ item: ComparedCase) -> [RichText] {
      .text(
        varied.network ? (item.network.isEmpty ? item.suite : item.network) : "", item.layout.rawValue,
        varied.bias ? (item.bias ? "bias" : "no bias") : "", varied.activation ? item.activation.rawValue : "",
        String(item.threads), varied.places ? item.places : "", varied.bind ? item.bind : "",
        varied.cache ? item.cache : "")
    }
  }
}
