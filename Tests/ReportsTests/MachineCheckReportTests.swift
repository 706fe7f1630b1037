import Reports
import Results
import Testing

@Suite struct MachineCheckReportTests {
  private static let findings = [
    Finding(.severe, .build, seen: "A | b_c.", harm: "Harm one.", remedy: "echo 1 | tee x"),
    Finding(.note, .turbo, seen: "Note seen.", harm: "Harm two."),
    Finding(.unknown, .governor, seen: "Unknown seen.", harm: "Harm three."),
  ]

  private func section(_ report: String) -> String? {
    report.components(after: "## Check of the machine\n").flatMap { $0.components(before: "\n## ") }
  }

  @Test func theReportShowsEveryFinding() throws {
    var manifest = ExampleRun.manifest
    manifest.findings = Self.findings
    manifest.environment.counters = [
      .init(event: "cycles", unavailable: "no_such thing"), .init(event: "instructions", unavailable: "no_such thing"),
      .init(event: "context-switches"),
    ]
    let report = MarkdownReport.render(manifest, ExampleRun.rows)
    let text = try #require(section(report))
    #expect(text.contains("| severe | build | A \\| b\\_c. | Harm one. | echo 1 \\| tee x |"))
    #expect(text.contains("| note | turbo | Note seen. | Harm two. | – |") && text.contains("| unknown | governor |"))
    #expect(text.contains("Counted beside every sample: context-switches."))
    #expect(text.contains("Unavailable: cycles, instructions, because no\\_such thing."))
    // Only what disturbs is a warning.
    let warnings = try #require(report.components(after: "## Warnings\n"))
    #expect(warnings.contains("- A \\| b\\_c. Harm one.\n") && !warnings.contains("- Note seen"))
  }

  @Test func aRunWithoutACheckHasNoSection() {
    #expect(section(MarkdownReport.render(ExampleRun.manifest, ExampleRun.rows)) == nil)
    var manifest = ExampleRun.manifest
    manifest.findings = []
    let text = section(MarkdownReport.render(manifest, ExampleRun.rows))
    #expect(text?.contains("Nothing was found before the run") == true)
  }

  @Test func aRunSaysWhatDisturbsItAndCountsTheRest() {
    #expect(
      MachineCheckText.brief(Self.findings) == [
        "Check: severe: A | b_c. What to do: echo 1 | tee x",
        "Check: 1 note and 1 unknown more, see 'pointwise check'",
      ])
    #expect(MachineCheckText.brief([]) == [])
    #expect(
      MachineCheckText.full(Self.findings)
        == """
        severe, build: A | b_c.
          Harm one.
          What to do: echo 1 | tee x
        note, turbo: Note seen.
          Harm two.
        unknown, governor: Unknown seen.
          Harm three.

        """)
    #expect(MachineCheckText.full([]).hasPrefix("Nothing was found"))
  }

  @Test func aContinuedRunKeepsTheFindingsOfBothChecks() {
    var manifest = ExampleRun.manifest
    manifest.addFindings(Self.findings)
    manifest.addFindings([
      Finding(.warning, .load, seen: "Load.", harm: "Harm."), Self.findings[0],
    ])
    #expect(manifest.findings?.map(\.seen) == ["A | b_c.", "Load.", "Note seen.", "Unknown seen."])
  }
}

extension String {
  /// What follows the first `text`; nil if it is not there.
  fileprivate func components(after text: String) -> String? {
    firstRange(of: text).map { String(self[$0.upperBound...]) }
  }

  /// What comes before the first `text`; all if it is not there.
  fileprivate func components(before text: String) -> String {
    firstRange(of: text).map { String(self[..<$0.lowerBound]) } ?? self
  }
}
