import Results
import Testing

/// Placement by OpenMP's variables, and by several policies in one run.
@Suite struct EnvironmentPlacementTests {
  private static let run = [
    "run", "tiny.yaml", "--kernel", "naive", "--layer", "fc", "--threads", "1", "--max-time", "0.001", "--output", "R",
  ]

  @Test func theVariablesPlaceThreadsAndTheRunSaysSo() throws {
    let folder = try TemporaryFolder()
    let variables = ["OMP_PLACES": "threads", "OMP_PROC_BIND": "FALSE"]
    let result = try Command.run(Self.run, in: folder, environment: variables)
    #expect(result.code == 0, "\(result)")
    #expect(result.error.contains("as OMP_PLACES='threads' and OMP_PROC_BIND='FALSE' of the environment say"))
    let run = try RunFiles(folder, "R")
    #expect(run.rows.map { "\($0.places) \($0.bind) \($0.cpus)" } == ["threads none "])
    #expect(run.manifest.placementVariables == variables)
  }

  @Test func aFlagWinsOverItsVariable() throws {
    let folder = try TemporaryFolder()
    let result = try Command.run(
      Self.run + ["--places", "cores", "--bind", "close"], in: folder,
      environment: ["OMP_PLACES": "nonsense", "OMP_PROC_BIND": "nonsense"])
    #expect(result.code == 0 && !result.error.contains("OMP"), "\(result)")
    let run = try RunFiles(folder, "R")
    #expect(run.rows.map { "\($0.places) \($0.bind)" } == ["cores close"])
    #expect(run.manifest.placementVariables == nil)
  }

  @Test(arguments: ["run tiny.yaml", "peak", "topology"]) func aBadVariableIsAnError(command: String) throws {
    let folder = try TemporaryFolder()
    let result = try Command.run(
      command.split(separator: " ").map(String.init), in: folder, environment: ["OMP_PROC_BIND": "primary"])
    #expect(result.code == 64, "\(result)")
    #expect(result.sentence?.contains("OMP_PROC_BIND, 'primary', cannot be honoured: expected true, false") == true)
    #expect(result.output.isEmpty && !folder.exists("Reports"))
  }

  @Test func policiesAreMeasuredSideBySideAndDuplicatesOnce() throws {
    let folder = try TemporaryFolder()
    let result = try Command.run(Self.run + ["--bind", "close,none,spread", "--places", "cores"], in: folder)
    #expect(result.code == 0, "\(result)")
    #expect(
      result.error.contains(
        "--places cores --bind spread puts 1 thread where --places cores --bind close does; that is measured once"))
    let run = try RunFiles(folder, "R")
    #expect(run.rows.map(\.bind).sorted() == ["close", "none"])
    #expect(run.rows.allSatisfy { $0.cpus.isEmpty == ($0.bind == "none") })
    run.expectConsistency()
  }

  @Test func topologyShowsEveryPolicy() throws {
    let result = try Command.run(
      [
        "topology", "--topology", "package:2 core:2 pu:2", "--threads", "2", "--places", "cores,threads;{0},{6}",
        "--bind",
        "close,spread",
      ],
      in: try TemporaryFolder())
    #expect(result.code == 0, "\(result)")
    let titles = result.output.split(separator: "\n").filter { $0.hasPrefix("Placement: ") }
    #expect(titles.count == 6 && titles.last?.contains("--places {0},{6} --bind spread") == true, "\(titles)")
  }
}
