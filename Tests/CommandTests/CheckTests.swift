import Foundation
import Results
import Testing

/// `pointwise check`, and the check before a run.
@Suite struct CheckTests {
  private static let events = [
    "cycles", "instructions", "cache-misses", "LLC-load-misses", "context-switches", "cpu-migrations",
  ]

  @Test func theCheckNeverFails() throws {
    let folder = try TemporaryFolder()
    let text = try Command.run(["check"], in: folder)
    #expect(text.code == 0 && text.error.isEmpty && !text.output.isEmpty, "\(text)")
    let json = try Command.run(["check", "--threads", "1", "--json"], in: folder)
    #expect(json.code == 0, "\(json)")
    let findings = try JSONDecoder().decode([Finding].self, from: Data(json.output.utf8))
    #expect(findings.map(\.severity) == findings.map(\.severity).sorted())
    #expect(findings.contains { $0.subject == .build } == text.output.contains("debug build"))
  }

  @Test func wrongFlagsAreUsageErrors() throws {
    let result = try Command.run(["check", "--threads", "99999"], in: try TemporaryFolder())
    #expect(result.code == 64 && result.sentence?.contains("99999") == true, "\(result)")
  }

  @Test func aRunKeepsWhatItsCheckFound() throws {
    let folder = try TemporaryFolder()
    let result = try Command.run(
      [
        "run", "tiny.yaml", "--kernel", "naive", "--layer", "fc", "--threads", "1", "--max-time", "0.001", "--output",
        "R",
      ], in: folder)
    #expect(result.code == 0, "\(result)")
    let run = try RunFiles(folder, "R")
    let findings = try #require(run.manifest.findings)
    for finding in findings where finding.severity <= .warning {
      #expect(result.error.contains("Check: \(finding.severity.rawValue): \(finding.seen)"), "\(result)")
    }
    let counters = try #require(run.manifest.environment.counters)
    #expect(counters.map(\.event) == Self.events)
    #expect(try folder.text("R/report.md").contains("\n## Check of the machine\n"))
    // What cannot be counted is empty in every sample.
    func isCounted(_ event: String) -> Bool { counters.contains { $0.event == event && $0.unavailable == nil } }
    #expect(isCounted("cycles") || run.samples.allSatisfy { $0.cycles == nil && $0.countedClockGHz == nil })
    #expect(isCounted("context-switches") == run.samples.allSatisfy { $0.contextSwitches != nil })
    #expect(isCounted("cpu-migrations") == run.samples.allSatisfy { $0.cpuMigrations != nil })
    #expect(run.samples.allSatisfy { $0.pageFaults != nil })
  }
}
