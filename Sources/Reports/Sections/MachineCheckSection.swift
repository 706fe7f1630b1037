import Results

/// What was found before the run, and what was counted beside its samples.
struct MachineCheckSection: ReportSection {
  let title = "Check of the machine"

  func blocks(_ run: ReportedRun) -> [Block] {
    findings(run.manifest.findings) + counters(run.manifest.environment.counters)
  }

  private func findings(_ findings: [Finding]?) -> [Block] {
    guard let findings else { return [] }
    guard !findings.isEmpty else { return [.paragraph("Nothing was found before the run that would disturb it.")] }
    let rows = findings.map { finding -> [RichText] in
      .text(
        finding.severity.rawValue, finding.subject.rawValue, finding.seen, finding.harm,
        finding.remedy ?? Format.unknown)
    }
    let columns: [Table.Column] = [
      .text("severity"), .text("about"), .text("what was seen before the run"), .text("why it hurts"),
      .text("what to do about it"),
    ]
    return [.table(Table(columns, rows: rows))]
  }

  private func counters(_ counters: [Environment.Counter]?) -> [Block] {
    guard let counters else { return [] }
    let counted = counters.filter { $0.unavailable == nil }.map(\.event)
    var sentences = ["Counted beside every sample: \(counted.isEmpty ? "nothing" : counted.joined(separator: ", "))."]
    var reasons: [String] = []
    for reason in counters.compactMap(\.unavailable) where !reasons.contains(reason) { reasons.append(reason) }
    for reason in reasons {
      let events = counters.filter { $0.unavailable == reason }.map(\.event).joined(separator: ", ")
      sentences.append("Unavailable: \(events), because \(reason).")
    }
    return [.paragraph(.text(sentences.joined(separator: " ")))]
  }
}
