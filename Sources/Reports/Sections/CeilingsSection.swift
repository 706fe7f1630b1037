import Results

/// What the CPUs of each team can do at most, if it was measured. ``RunWarnings`` says so if it has another form.
struct CeilingsSection: ReportSection {
  let title = "Ceilings"

  func blocks(_ run: ReportedRun) -> [Block] {
    guard let teams = run.manifest.peaks.flatMap(Ceilings.list), !teams.isEmpty else { return [] }
    return [
      .paragraph(
        """
        What the CPUs of each team can do at most, measured before the layers; all threads together. Medians with their \
        95 % intervals, of the best of several visits.
        """)
    ]
      + teams.flatMap { team -> [Block] in
        let shares = team.shares(of: run.rows)
        return [.heading(team.title), .table(team.table)] + (shares.isEmpty ? [] : [.list(shares)])
      }
  }
}
