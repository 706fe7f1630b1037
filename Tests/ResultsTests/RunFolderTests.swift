import Foundation
import SystemPackage
import Testing

@testable import Results

@Suite struct RunFolderTests {
  private func manifest() -> RunManifest {
    var environment = Environment()
    environment.cpuModel = "Example CPU"
    environment.machine = .object([
      "packages": .array([.object(["cores": .integer(2), "name": .string("a\"b"), "clock": .number(2.5)])]),
      "hybrid": .bool(false), "nothing": .null,
    ])
    var manifest = RunManifest(
      run: "r1", toolVersion: "0.1.0", commandLine: ["pointwise", "run", "a file.yaml"],
      started: Date(timeIntervalSince1970: 1_700_000_000), seed: .max,
      suites: [RunManifest.Suite(name: "quick", file: "Benchmarks/quick.yaml")],
      settings: RunManifest.Settings(precisionPercent: 2, maxTimeSeconds: 0.5), environment: environment,
      placements: [.object(["cpus": .array([.integer(0), .integer(1)])])],
      skippedEntries: [
        RunManifest.SkippedEntry(file: "shapes", line: 3, text: "mb1kh3", reason: "the kernel is 3×3; expected 1×1")
      ])
    manifest.status = .complete
    manifest.ended = Date(timeIntervalSince1970: 1_700_000_060)
    return manifest
  }

  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  /// What a folder says of the layouts of its libraries, and what is known of one that says nothing.
  @Test func ownLayoutsAreReadBackAndKnownOfOldFolders() throws {
    var run = manifest()
    #expect(run.ownLayoutKernels == [])
    run.peers = [
      .init(name: "onednn", path: "/a.so", version: "4.0.0", ownLayoutKernels: ["onednn.free", "onednn.loose"]),
      .init(name: "openblas", path: "/b.so", version: "0.3.21", ownLayoutKernels: []),
    ]
    let json = try run.json()
    #expect(try RunManifest(json: json, file: "run.json").ownLayoutKernels == ["onednn.free", "onednn.loose"])
    for index in [0, 1] { run.peers?[index].ownLayoutKernels = nil }
    let old = try run.json()
    #expect(!String(decoding: old, as: UTF8.self).contains("ownLayoutKernels"))
    #expect(try RunManifest(json: old, file: "run.json").ownLayoutKernels == ["onednn.any"])
  }

  @Test func whatIsWrittenIsReadBack() throws {
    let temporary = try TemporaryFolder()
    let path = temporary.path + "/a/b/run"
    let folder = try RunFolder(creating: path)
    let samples = (0..<3).map { Sample(caseKey: "c", round: $0, position: 0, iterations: 2, time: 1.5) }
    try folder.write(manifest())
    try folder.append(exampleRow())
    try folder.append(samples)
    // Readable while it is being measured, before `finish()`.
    #expect(try RunFolder.read(path).rows == [exampleRow()])
    try folder.append(exampleRow())
    try folder.finish()
    try RunFolder.write("# Report\n", to: RunFolder.File.report, in: path)
    let contents = try RunFolder.read(path)
    #expect(contents.manifest == manifest())
    #expect(contents.rows == [exampleRow(), exampleRow()])
    #expect(contents.samples == samples)
    #expect(contents.dropped.isEmpty)
    #expect(try temporary.text("a/b/run/report.md") == "# Report\n")
    // No temporary file stays behind.
    #expect(
      try FileBytes.names(inFolder: FilePath(path)) == ["report.md", "results.csv", "run.json", "samples.csv"])
  }

  @Test func aKilledRunKeepsItsCompleteRows() throws {
    let temporary = try TemporaryFolder()
    let folder = try RunFolder(creating: temporary.path + "/run")
    try folder.write(manifest())
    try folder.append(exampleRow())
    let file = temporary.path + "/run/results.csv"
    let torn = try Data(contentsOf: URL(fileURLWithPath: file)) + Data("1,r1,quick".utf8)
    try torn.write(to: URL(fileURLWithPath: file))
    let contents = try RunFolder.read(folder.path)
    #expect(contents.rows == [exampleRow()])
    #expect(contents.dropped == [DroppedLine(file: file, line: 3)])
  }

  @Test func aFolderWithSomethingInItIsRefused() throws {
    let temporary = try TemporaryFolder()
    try temporary.write("mine", to: "run/precious.txt")
    let path = temporary.path + "/run"
    #expect(throws: ResultsError.folderNotEmpty(path: path)) { try RunFolder(creating: path) }
    #expect(
      message { _ = try RunFolder(creating: path) }
        == "the output folder \(path) is not empty; expected a new or an empty one, such as \(path)-2")
    #expect(try temporary.text("run/precious.txt") == "mine")
    // An empty one is taken.
    _ = try RunFolder(creating: temporary.path + "/empty")
    let made = try TemporaryFolder()
    _ = try RunFolder(creating: made.path)
  }

  @Test func onlyOneProcessGetsAFolder() throws {
    let temporary = try TemporaryFolder()
    let path = FilePath(temporary.path).appending("results.csv")
    _ = try LineFile(creating: path)
    #expect(throws: Errno.fileExists) { try LineFile(creating: path) }
  }

  @Test func runsOfOneSecondGetFoldersOfTheirOwn() throws {
    let temporary = try TemporaryFolder()
    let date = Date(timeIntervalSince1970: 1_700_000_000)
    let utc = try #require(TimeZone(identifier: "UTC"))
    let first = try RunFolder(in: temporary.path + "/R", host: "h", suite: "quick", date: date, timeZone: utc)
    let second = try RunFolder(in: temporary.path + "/R", host: "h", suite: "quick", date: date, timeZone: utc)
    #expect(first.path == temporary.path + "/R/h-quick-20231114-221320")
    #expect(second.path == first.path + "-2")
  }

  @Test func defaultNamesAreSafe() throws {
    let utc = try #require(TimeZone(identifier: "UTC"))
    let name = RunFolder.defaultName(
      host: "../é host", suite: "a/b", date: Date(timeIntervalSince1970: 0), timeZone: utc)
    #expect(name == "..---host-a-b-19700101-000000")
    #expect(
      RunFolder.defaultName(host: nil, suite: "", date: Date(timeIntervalSince1970: 0), timeZone: utc)
        == "unknown-unknown-19700101-000000")
  }

  @Test func pathsThatCannotBeWrittenAreNamed() throws {
    let temporary = try TemporaryFolder()
    try temporary.write("", to: "file")
    let path = temporary.path + "/file"
    #expect(message { _ = try RunFolder(creating: path) } == "\(path) is not a folder; expected the folder of a run")
    #expect(
      message { _ = try RunFolder(creating: path + "/run") }
        == "cannot create the folder \(path)/run: Not a directory")
    #expect(
      message { _ = try RunFolder(in: path + "/run", host: "h", suite: "s", date: Date()) }
        == "cannot create the folder \(path)/run: Not a directory")
    #expect(
      message { _ = try RunFolder.read(temporary.path + "/missing") }
        == "cannot read the folder \(temporary.path)/missing: No such file or directory")
    #expect(
      message { _ = try RunFolder.read(temporary.path) }
        == "there is no run.json in \(temporary.path); expected the folder of a run")
    #expect(
      message { try RunFolder.write("", to: "report.md", in: temporary.path + "/missing") }
        == "cannot write \(temporary.path)/missing/report.md: No such file or directory")
  }

  @Test func aFullDiskIsAnError() throws {
    // /dev/full takes no byte and says that there is no space.
    let full = try FileDescriptor.open("/dev/full", .writeOnly)
    defer { try? full.close() }
    let file = LineFile(full, path: "/dev/full")
    #expect(message { try file.append("line\n") } == "cannot append to /dev/full: No space left on device")
  }

  @Test func otherVersionsAreRefused() throws {
    let json = String(decoding: try manifest().json(), as: UTF8.self)
    let newer = Array(json.replacing("\"schema\" : 3", with: "\"schema\" : 9").utf8)
    #expect(
      message { _ = try RunManifest(json: newer, file: "run.json") }
        == "run.json has schema version 9; expected 3")
    let temporary = try TemporaryFolder()
    let folder = try RunFolder(creating: temporary.path)
    try folder.write(manifest())
    var row = exampleRow()
    row.schema = 7
    try folder.append(row)
    #expect(
      message { _ = try RunFolder.read(temporary.path) }
        == "\(temporary.path)/results.csv has schema version 7; expected 1")
  }

  @Test func damagedManifestsAreNamed() throws {
    let json = String(decoding: try manifest().json(), as: UTF8.self)
    #expect(
      message {
        _ = try RunManifest(json: Array(json.replacing("\"seed\"", with: "\"sead\"").utf8), file: "run.json")
      } == "run.json is not the description of a run: expected a value for seed")
    #expect(
      message { _ = try RunManifest(json: Array("{".utf8), file: "run.json") }
        .hasPrefix("run.json is not the description of a run: "))
  }

  @Test func unknownNumbersCannotBeWritten() throws {
    var manifest = manifest()
    manifest.settings.maxTimeSeconds = .infinity
    #expect(message { _ = try manifest.json() }.hasPrefix("a value cannot be written as JSON: "))
  }

  @Test func anyEncodableValueBecomesJSON() throws {
    struct Placement: Codable {
      var cpus = [0, 2]
      var bound = true
      var share = 0.5
      var name: String?
    }
    let value = try JSONValue(encoding: Placement())
    #expect(
      value
        == .object([
          "cpus": .array([.integer(0), .integer(2)]), "bound": .bool(true), "share": .number(0.5),
        ]))
    #expect(value["bound"] == .bool(true) && value["name"] == nil)
  }
}
