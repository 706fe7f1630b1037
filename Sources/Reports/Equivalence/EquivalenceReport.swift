import Foundation

public import Results

/// The report of `pointwise equivalence`: are 1×1 convolutions the same as fully connected layers?
public enum EquivalenceReport {
  /// The report as GitHub Flavored Markdown. The same input always gives the same text.
  ///
  /// Every number in it comes from `record`, or follows from its layers' dimensions.
  public static func markdown(_ manifest: RunManifest, _ record: EquivalenceRecord) -> String {
    var text = "# \(title)\n\n\(Markdown.line(ReportedRun(manifest, []).machine))\n"
    for section in sections(record) where !section.blocks.isEmpty {
      text += "\n## \(section.title)\n" + Markdown.blocks(section.blocks, .none)
    }
    return text
  }

  /// The table of what is faster, for a terminal.
  public static func console(_ record: EquivalenceRecord) -> String {
    let tables = EquivalenceTables(record: record)
    let faster = tables.faster
    // The reasons are too long for a terminal; the report has them.
    let short = Table(faster.columns.dropLast(), rows: faster.rows.map { Array($0.dropLast()) })
    return (faster.rows.isEmpty ? "" : short.text + "\n") + (record.heads.isEmpty ? "" : tables.heads.text + "\n")
      + inBrief(record).map { $0.plain + "\n" }.joined()
  }

  static let title = "Are 1×1 convolutions the same as fully connected layers?"

  /// The sections, in their order.
  static func sections(_ record: EquivalenceRecord) -> [ReportDocument.Section] {
    let tables = EquivalenceTables(record: record)
    func tableIfAny(_ table: Table) -> [Block] { table.rows.isEmpty ? [] : [.table(table)] }
    return [
      .init(title: "In brief", blocks: [.list(inBrief(record))]),
      .init(
        title: "Wrong results", blocks: record.failures.isEmpty ? [] : [.list(record.failures.map { .text($0) })]),
      .init(title: "Point by point", blocks: EquivalencePoints(tables: tables).blocks),
      .init(title: "When is one faster?", blocks: faster(record, tables)),
      .init(title: "A head that slides", blocks: heads(record, tables)),
      .init(title: "Moving the data", blocks: moves(tables)),
      .init(title: "The same numbers", blocks: tableIfAny(tables.numbers)),
      .init(title: "Cost", blocks: tableIfAny(tables.costs)),
      .init(title: "Times", blocks: tableIfAny(tables.times)),
      .init(title: "How it was measured", blocks: record.layers.isEmpty && record.heads.isEmpty ? [] : method),
    ]
  }

  private static func inBrief(_ record: EquivalenceRecord) -> [RichText] {
    var lines: [RichText] = []
    let done = record.layers.count + record.heads.count
    if done < record.planned {
      lines.append("The run was interrupted: \(done) of \(Format.count(record.planned, "case")) were measured.")
    }
    let ways = record.layers.flatMap(\.ways)
    if !record.failures.isEmpty {
      lines.append("**\(Format.count(record.failures.count, "result")) wrong**: see below.")
    } else if !ways.isEmpty {
      let same = ways.count(where: \.hasSameOrder)
      var line: RichText = """
        They compute the same: two forms with the same weights on the same data were compared \(Format.count(ways.count, "time")). \
        Where the order of summation is the same, in \(same), they are identical to the last bit.
        """
      if let largest = ways.filter({ !$0.hasSameOrder }).map(\.largestDifference).max() {
        line =
          line
            + """
             Where it is not, in \(ways.count - same), they differ by rounding, at most \
            \(EquivalenceTables.scientific(largest)).
            """
      }
      lines.append(line)
    }
    let floor = record.noiseFloor
    let verdicts = record.layers.flatMap { item in
      item.ways.compactMap { EquivalenceReason($0, of: item, noiseFloor: floor)?.verdict }
    }
    if !verdicts.isEmpty {
      lines.append(
        """
        They do not always take the same time: of \(Format.count(verdicts.count, "comparison")), \
        \(verdicts.count { $0 == .equal }) show no difference within noise, in \(verdicts.count { $0 == .connected }) the FC \
        layer is faster, in \(verdicts.count { $0 == .convolution }) the convolution.
        """)
    }
    return lines
  }

  private static func faster(_ record: EquivalenceRecord, _ tables: EquivalenceTables) -> [Block] {
    let table = tables.faster
    guard !table.rows.isEmpty else { return [] }
    let floor: RichText =
      record.noiseFloor.map {
        """
        Noise: every case measured one form twice, with packed weights of its own, and 95 % of these pairs lie within \
        ±\(Format.number(100 * $0)) %. A smaller difference means nothing here.
        """
      } ?? "The noise of this run is not known: too few rounds."
    return [
      .paragraph(
        """
        The ratio is the convolution's time ÷ that of the FC layer, the median over the rounds in which both were measured. \
        Above 1 the FC layer is faster. Neither side has to move data here: each finds it as it needs it.
        """), .paragraph(floor), .table(table),
    ]
  }

  private static func heads(_ record: EquivalenceRecord, _ tables: EquivalenceTables) -> [Block] {
    guard let head = record.heads.first else { return [] }
    let shape = head.layers[0].shape
    let chain = head.layers.map { String($0.n) }.joined(separator: " → ")
    let weights = head.layers.reduce(0) { $0 + $1.weightCount * $1.dtype.size }
    return [
      .paragraph(
        """
        A head of FC layers, \(shape.ic)×\(shape.ih)×\(shape.iw) → \(chain), with \
        \(Format.number(Double(weights) / 1e6)) MB of weights. As convolutions it slides over a map of \
        \(head.map[0])×\(head.map[1]), and gives scores at \(head.scores[0] * head.scores[1]) places. The alternative is to \
        cut out every window and run the FC layers on it.
        """),
      .list([
        """
        Work: \(Format.number(head.slidFlops / 1e6)) MFLOP slid, \(Format.number(head.windowFlops / 1e6)) MFLOP window by \
        window, \(Format.number(head.windowFlops / head.slidFlops)) times as many. Windows overlap, but their sums do not: \
        within the head, sliding saves no product. What lies below the head in a network, and would run anew for every \
        window, is not part of this measurement.
        """,
        """
        Least traffic: \(Format.number(head.slidBytes / 1e6)) MB slid, \(Format.number(head.windowBytes / 1e6)) MB window by \
        window: \(Format.number(head.windowBytes / head.slidBytes)) times as many, for a window alone reads all weights anew, \
        and uses each of them once\(pace(head)).
        """,
      ]), .table(tables.heads),
    ]
  }

  /// How fast the windows of a head are served, if they were measured.
  private static func pace(_ head: EquivalenceRecord.HeadCase) -> String {
    guard let slid = head.slid?.median, let windows = head.windows?.median else { return "" }
    return
      ": \(Format.number(head.windowBytes / windows)) GB/s and \(Format.number(head.windowFlops / windows)) GFLOP/s, "
      + "against \(Format.number(head.slidBytes / slid)) GB/s and \(Format.number(head.slidFlops / slid)) GFLOP/s slid"
  }

  private static func moves(_ tables: EquivalenceTables) -> [Block] {
    let table = tables.moves
    guard !table.rows.isEmpty else { return [] }
    return [
      .paragraph(
        """
        In NHWC without strides, pixels are the rows of the FC layer, and not a byte moves. NCHW has to be transposed there \
        and back, and a stride makes the rows lie apart. If the data is not where the FC layer needs it, this is what \
        it costs, and what is left of the comparison:
        """), .table(table),
    ]
  }

  private static let method: [Block] = [
    .list([
      """
      Both forms have the same weights and the same data, on the same memory wherever nothing moves; packed weights are \
      each form's own.
      """,
      """
      Before it is timed, every form is compared with a reference in double precision, on integers and on random numbers, \
      and all forms with each other. Where a kernel adds up the same products in the same order, every bit must be the same.
      """,
      """
      All forms of a case, the moves and a replica are measured in the same rounds, in a new random order each: a slow moment \
      of the machine falls on all of them. Ratios are taken round by round. Intervals are 95 %. Packing the weights happens \
      once, ahead of time, and is not part of the time.
      """,
    ])
  ]
}
