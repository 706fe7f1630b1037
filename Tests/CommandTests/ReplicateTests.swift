import Foundation
import Results
import Testing

/// Runs that measure every case more than once.
@Suite struct ReplicateTests {
  private static let run = [
    "run", "tiny.yaml", "--kernel", "naive,p*", "--threads", "1", "--replicates", "2", "--max-time", "0.02", "--output",
    "R",
  ]

  @Test func replicasAreRowsOfTheirOwnAndComparedInTheReport() throws {
    let folder = try TemporaryFolder()
    let result = try Command.run(Self.run, in: folder)
    #expect(result.code == 0, "\(result)")
    let run = try RunFiles(folder, "R")
    run.expectConsistency()
    #expect(Set(run.rows.map(\.kernel)) == ["naive", "naive~2", "packed", "packed~2"])
    #expect(Set(run.rows.map(\.caseKey)).count == run.rows.count)
    #expect(run.rows.allSatisfy { $0.status == .ok && $0.variant.hasPrefix($0.kernel + "-") })
    for row in run.rows where row.replica.number == 2 {
      let first = try #require(run.rows.first { $0.caseKey == row.firstReplicaKey })
      #expect(first.iterations == row.iterations, "samples of replicas are equally long")
    }
    let report = try folder.text("R/report.md")
    #expect(report.contains("## A/A\n") && report.contains("Noise floor"))
    // The report is the same from the files alone.
    #expect(try Command.run(["report", "R"], in: folder).code == 0)
    #expect(try folder.text("R/report.md") == report)
  }

  @Test func aStoppedRunGoesOnWithTheReplicasThatAreMissing() throws {
    let folder = try TemporaryFolder()
    #expect(try Command.run(Self.run, in: folder).code == 0)
    let lines = try folder.text("R/results.csv").split(separator: "\n")
    try folder.write(lines.dropLast().map { $0 + "\n" }.joined(), to: "R/results.csv")
    #expect(try folder.replace(#""status" : "complete""#, with: #""status" : "running""#, in: "R/run.json"))
    let result = try Command.run(["run", "--resume", "R"], in: folder)
    #expect(result.code == 0, "\(result)")
    let run = try RunFiles(folder, "R")
    #expect(run.rows.count == lines.count - 1 && Set(run.rows.map(\.caseKey)).count == run.rows.count)
    run.expectConsistency()
    #expect(try folder.text("R/report.md").contains("## A/A\n"))
  }

  @Test func theOptionIsRefusedWhereItMakesNoSense() throws {
    let folder = try TemporaryFolder()
    for value in ["0", "10", "x", "1.5"] {
      let result = try Command.run(["run", "--replicates", value], in: folder)
      #expect(result.code == 64 && result.error.contains("expected a whole number from 1 to 9"), "\(result)")
    }
    let result = try Command.run(["run", "--resume", "R", "--replicates", "2"], in: folder)
    #expect(result.code == 64 && result.error.contains("--replicates is given"), "\(result)")
  }
}
