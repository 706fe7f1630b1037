import Results

/// How near the results come to the reference, and the cases that have none.
struct VerificationSection: ReportSection {
  let title = "Verification"

  func blocks(_ run: ReportedRun) -> [Block] {
    guard !run.rows.isEmpty else { return MissingResults.blocks(run) }
    let groups = run.rows.grouped { [$0.kernel, $0.isa] }.sorted {
      ($0[0].kernel, $0[0].isa) < ($1[0].kernel, $1[0].isa)
    }
    let table = groups.map { rows -> [RichText] in
      let worst = rows.compactMap { row -> (Double, Row)? in
        guard let error = row.maxError, let bound = row.errorBound, bound > 0 else { return nil }
        return (error / bound, row)
      }.max { $0.0 < $1.0 }
      return [.code(rows[0].kernel)]
        + .text(
          rows[0].isa, String(rows.count), String(rows.count { $0.maxError != nil }),
          String(rows.count { $0.status == .incorrect }), Format.number(worst?.0))
        + [worst.map { .code($0.1.layer) } ?? .text(Format.unknown)]
    }
    let columns: [Table.Column] = [
      .text("kernel"), .text("ISA"), .number("cases"), .number("checked"), .number("incorrect"),
      .number("largest error ÷ bound"), .text("on layer"),
    ]
    return [
      .paragraph(
        """
        Every case is compared with a reference in double precision before it is timed, and again after. An error is part \
        of what rounding can explain, the bound; above 1 the result is incorrect and has no time.
        """),
      .table(Table(columns, rows: table)),
    ] + MissingResults.blocks(run)
  }
}
