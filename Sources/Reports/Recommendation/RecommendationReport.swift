import Results

/// Recommendations for people.
public enum RecommendationReport {
  /// Renders recommendations: a table over all numbers of threads, and one for each.
  public static func render(_ recommendations: Recommendations, as format: DocumentFormat) -> String {
    let sections = [
      (Recommendation.Scope.layer, "Each layer, on any number of threads"), (.threads, "Each number of threads"),
    ].compactMap { scope, title -> ReportDocument.Section? in
      let items = recommendations.recommendations.filter { $0.scope == scope }
      return items.isEmpty ? nil : .init(title: title, blocks: [.list(summary(items)), .table(table(items))])
    }
    let nothing = ReportDocument.Section(title: "Nothing", blocks: [.paragraph("No case of the run was measured.")])
    return format.render(
      ReportDocument(
        title: "What to use: \(code: recommendations.run)",
        machine: .text("\(recommendations.cpu ?? "unknown CPU"). \(recommendations.noiseFloor.sentence)"),
        sections: sections.isEmpty ? [nothing] : sections))
  }

  private static func summary(_ items: [Recommendation]) -> [RichText] {
    let counts = Recommendation.Certainty.allCases.compactMap { certainty -> String? in
      let count = items.count { $0.certainty == certainty }
      return count == 0 ? nil : "\(count) \(certainty.rawValue)"
    }
    return [.text("\(Format.count(items.count, "recommendation")): \(counts.joined(separator: ", ")).")]
  }

  private static func table(_ items: [Recommendation]) -> Table {
    func varies(_ value: (Recommendation) -> String) -> Bool { Set(items.map(value)).count > 1 }
    let (network, placement) = (varies { "\($0.suite)|\($0.network)" }, varies { "\($0.places)|\($0.bind)" })
    let cache = varies(\.cache)
    let unit = TimeUnit(fitting: items.map(\.time).min())
    let rows = items.map { item -> [RichText] in
      let place: [RichText] = .text(
        network ? (item.network.isEmpty ? item.suite : item.network) : "", item.layout.rawValue, cache ? item.cache : ""
      )
      let choice: [RichText] = .text(
        String(item.threads), placement ? "\(item.places) \(item.bind)" : "", unit.number(item.time),
        item.certainty.rawValue)
      let next: [RichText] = .text(
        item.runnerUpThreads.map(String.init) ?? Format.unknown, Format.nearOne(item.ratio),
        ComparisonReport.interval(item.ratioLow, item.ratioHigh), item.reason)
      let runnerUp: RichText = item.runnerUp.map { .code($0) } ?? .text(Format.unknown)
      return [.code(item.layer)] + place + [.code(item.variant)] + choice + [runnerUp] + next
    }
    return Table(
      [
        .text("layer"), .optionalText("network"), .text("layout"), .optionalText("cache"), .text("use"),
        .number("threads"), .optionalText("placement"), .number("time (\(unit.rawValue))"), .text("sure"),
        .optionalText("next"), .optionalNumber("its threads"), .optionalNumber("its time ÷ this"),
        .optionalNumber("95 % interval"), .text("reason"),
      ], rows: rows)
  }
}
