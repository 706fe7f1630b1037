import Foundation
import SystemPackage
import Testing

@testable import Results

@Suite struct StoppedRunTests {
  private func manifest() -> RunManifest {
    RunManifest(
      run: "r1", toolVersion: "0.1.0", commandLine: ["pointwise", "run"],
      started: Date(timeIntervalSince1970: 1_700_000_000), seed: 1, suites: [],
      settings: .init(precisionPercent: 2, maxTimeSeconds: 1), environment: Environment())
  }

  private func row(_ kernel: String) -> Row {
    var row = exampleRow()
    row.kernel = kernel
    row.variant = "\(kernel)-avx2-pixels-dispatch"
    return row
  }

  private func samples(_ row: Row) -> [Sample] {
    (0..<3).map { Sample(caseKey: row.caseKey, round: $0, position: 0, iterations: 2, time: 1.5) }
  }

  /// A folder with the row and samples of one case, whose writer is gone.
  private func stoppedRun(_ temporary: TemporaryFolder) throws -> String {
    let folder = try RunFolder(creating: temporary.path + "/run")
    try folder.write(manifest())
    try folder.append(samples(row("a")))
    try folder.append(row("a"))
    return folder.path
  }

  private func append(_ text: String, to file: String) throws {
    let url = URL(fileURLWithPath: file)
    try (Data(contentsOf: url) + Data(text.utf8)).write(to: url)
  }

  @Test func aCleanFolderGoesOn() throws {
    let temporary = try TemporaryFolder()
    let path = try stoppedRun(temporary)
    let before = try (temporary.text("run/results.csv"), temporary.text("run/samples.csv"))
    let stopped = try StoppedRun(at: path)
    #expect(stopped.casesWithoutRow.isEmpty && stopped.contents.dropped.isEmpty)
    let folder = try stopped.reopen()
    #expect(try before == (temporary.text("run/results.csv"), temporary.text("run/samples.csv")))
    try folder.append(samples(row("b")))
    try folder.append(row("b"))
    let contents = try RunFolder.read(path)
    #expect(contents.rows == [row("a"), row("b")])
    #expect(contents.samples == samples(row("a")) + samples(row("b")))
  }

  @Test func whatIsIncompleteGoes() throws {
    let temporary = try TemporaryFolder()
    let path = try stoppedRun(temporary)
    // Killed in the middle of the second row; quoted line ends inside it are no ends of lines.
    let torn = "1,r1,\"qu\n"
    try append(samples(row("b")).map(\.csvLine).joined() + "\"torn\n", to: path + "/samples.csv")
    try append(torn, to: path + "/results.csv")
    let before = try (temporary.text("run/results.csv"), temporary.text("run/samples.csv"))
    let stopped = try StoppedRun(at: path)
    #expect(stopped.contents.dropped.map(\.line) == [3, 8])
    #expect(stopped.casesWithoutRow == [row("b").caseKey])
    // Looking changes nothing.
    #expect(try before == (temporary.text("run/results.csv"), temporary.text("run/samples.csv")))
    let folder = try stopped.reopen()
    try folder.append(samples(row("b")))
    try folder.append(row("b"))
    let contents = try RunFolder.read(path)
    #expect(contents.dropped.isEmpty && contents.rows == [row("a"), row("b")])
    #expect(contents.samples == samples(row("a")) + samples(row("b")))
  }

  @Test func whatWasCutShortGoes() throws {
    let temporary = try TemporaryFolder()
    let path = try stoppedRun(temporary)
    var cut = row("b")
    cut.notes = "auto took channels; stopped by interrupted; 2 rounds are too few"
    try append(samples(cut).map(\.csvLine).joined(), to: path + "/samples.csv")
    try append(cut.csvLine, to: path + "/results.csv")
    let stopped = try StoppedRun(at: path)
    #expect(stopped.casesCutShort == [cut.caseKey] && stopped.finishedRows == [row("a")])
    #expect(stopped.cutShort.map(\.row) == [cut] && stopped.cutShort.map(\.samples) == [samples(cut)])
    let folder = try stopped.reopen()
    #expect(try RunFolder.read(path).rows == [row("a")])
    #expect(try RunFolder.read(path).samples == samples(row("a")))
    // The file is another one, and still this process's own.
    #expect(throws: ResultsError.folderBusy(path: path)) { try StoppedRun(at: path) }
    try folder.append(samples(row("b")))
    try folder.append(row("b"))
    #expect(try RunFolder.read(path).rows == [row("a"), row("b")])
    try folder.replaceRows([row("b"), row("a")])
    try folder.append(row("c"))
    #expect(try RunFolder.read(path).rows == [row("b"), row("a"), row("c")])
    #expect(throws: ResultsError.folderBusy(path: path)) { try StoppedRun(at: path) }
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: path).sorted() == ["results.csv", "run.json", "samples.csv"])
    withExtendedLifetime(folder) {}
  }

  @Test func oneWriterAtATime() throws {
    let temporary = try TemporaryFolder()
    let folder = try RunFolder(creating: temporary.path + "/run")
    try folder.write(manifest())
    #expect(throws: ResultsError.folderBusy(path: folder.path)) { try StoppedRun(at: folder.path) }
    withExtendedLifetime(folder) {}

    let other = try TemporaryFolder()
    let stopped = try StoppedRun(at: stoppedRun(other))
    #expect(throws: ResultsError.folderBusy(path: stopped.path)) { try StoppedRun(at: stopped.path) }
    let reopened = try stopped.reopen()
    #expect(throws: ResultsError.folderBusy(path: stopped.path)) { try StoppedRun(at: stopped.path) }
    withExtendedLifetime(reopened) {}
  }

  @Test func theClaimEndsWithTheValue() throws {
    let temporary = try TemporaryFolder()
    let path = try stoppedRun(temporary)
    do { _ = try StoppedRun(at: path) }
    do { _ = try StoppedRun(at: path).reopen() }
    _ = try StoppedRun(at: path)
  }

  @Test func foldersOfNoRunAreNamed() throws {
    let temporary = try TemporaryFolder()
    try temporary.write("", to: "file")
    #expect(throws: ResultsError.notARun(path: temporary.path, file: "results.csv")) {
      try StoppedRun(at: temporary.path)
    }
    #expect(throws: ResultsError.notAFolder(path: temporary.path + "/file")) {
      try StoppedRun(at: temporary.path + "/file")
    }
    #expect(
      throws: ResultsError.system(
        action: "read the folder", path: temporary.path + "/none", errno: .noSuchFileOrDirectory)
    ) { try StoppedRun(at: temporary.path + "/none") }
  }

  @Test func plansAreToldApart() {
    let plan = RunManifest.Plan(["a", "b"])
    #expect(plan == RunManifest.Plan(["a", "b"]) && plan.cases == 2)
    for other in [["b", "a"], ["a"], ["a", "c"], ["a\nb"], ["ab", ""], []] { #expect(plan != RunManifest.Plan(other)) }
    // FNV-1a of no byte is its offset basis, and that of a line end was computed by another program.
    #expect(RunManifest.Plan([]).checksum == "cbf29ce484222325")
    #expect(RunManifest.Plan([""]).checksum == "af63c74c8601c8dd")
  }
}
