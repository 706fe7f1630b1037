/// What a reader has to know before trusting the numbers.
struct WarningsSection: ReportSection {
  let title = "Warnings"

  func blocks(_ run: ReportedRun) -> [Block] {
    let warnings = RunWarnings.list(run.manifest, run.rows, run.dropped)
    return warnings.isEmpty ? [] : [.list(warnings)]
  }
}
