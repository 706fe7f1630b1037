import Foundation
import Harness
import Results
import Testing

/// `pointwise tune` and `pointwise run --tuned` on a layer of a few microseconds.
@Suite struct TuneTests {
  private static let suite = "name: small\nlayers:\n  - mb1ic16ih4oc16oh4kh1ph0n\"conv\"\n"
  private static let layer = "mb1ic16ih4oc16oh4kh1ph0"
  private static let quick = ["--max-time", "0.01", "--precision", "50"]

  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write(Self.suite, to: "small.yaml")
    return folder
  }

  private func pointwise(_ arguments: [String], in folder: TemporaryFolder) throws -> Command.Result {
    try Command.run(
      arguments, in: folder,
      environment: ["XDG_CACHE_HOME": folder.url.appending(path: "cache").path, "POINTWISE_TUNING": nil])
  }

  private func entries(_ folder: TemporaryFolder, _ file: String = "cache/pointwiselab/tuning.json") throws
    -> [TuningEntry]
  {
    try TuningCache(folder.url.appending(path: file).path).entries()
  }

  /// Results tells by a kernel's name who chose its tile; the catalog knows which kernels have one to choose.
  @Test func resultsKnowTheKernelsThatHaveTiles() {
    #expect(Row.Choice.kernels == Set(Catalog.current().kernels.filter { !$0.tiles.isEmpty }.map(\.family)))
  }

  @Test func fromTuningToARun() throws {
    let folder = try folder()
    let tune = ["tune", "small.yaml", "--threads", "1"] + Self.quick
    let tuned = try pointwise(tune, in: folder)
    #expect(tuned.code == 0, "\(tuned)")
    let lines = tuned.output.split(separator: "\n")
    #expect(lines.count == 4 && lines[0].hasPrefix("layer ") && lines[0].contains("gain (%)"), "\(tuned)")
    #expect(lines[1].hasPrefix("\(Self.layer)  nchw") && lines[2].hasPrefix("\(Self.layer)  nhwc"), "\(tuned)")
    #expect(lines[3].contains(" of 2 are faster than the model's choice"), "\(tuned)")
    #expect(tuned.error.contains("2 of 2, \(Self.layer) nhwc, 1 thread: "), "\(tuned)")
    let entries = try entries(folder)
    #expect(entries.map(\.key.layout) == [.nchw, .nhwc])
    #expect(entries.allSatisfy { $0.key.threads == 1 && $0.key.kernel == "packed" && $0.model.split == "none" })
    #expect(entries.allSatisfy { $0.origin.candidates > 3 && $0.origin.team == "dispatch" && $0.model.tile != nil })

    let again = try pointwise(tune, in: folder)
    #expect(again.code == 0 && again.output.isEmpty && again.error.contains("2 of 2 are stored"), "\(again)")

    let show = try pointwise(["tune", "--show"], in: folder)
    #expect(show.code == 0 && show.output.contains("tuned on") && show.output.contains("nhwc"), "\(show)")

    let run = try pointwise(
      ["run", "small.yaml", "--tuned", "--kernel", "packed", "--threads", "1", "--max-time", "0.02", "--output", "R"],
      in: folder)
    #expect(run.code == 0 && !run.error.contains("no tuned entry"), "\(run)")
    let files = try RunFiles(folder, "R")
    files.expectConsistency()
    #expect(files.rows.map(\.kernel).sorted() == ["packed", "packed", "packed.tuned", "packed.tuned"])
    for row in files.rows where row.choice == .tuned {
      let entry = try #require(entries.first { $0.key.layout == row.layout })
      let tile = try #require(entry.winner.map(\.choice.tile) ?? entry.model.tile)
      #expect(
        row.notes?.hasPrefix("tuned on ") ?? false && row.notes?.contains("tile \(tile)") ?? false, "\(row.notes ?? "")"
      )
      #expect(files.rows.contains { $0.caseKey == row.modelKey })
    }
    let report = try folder.text("R/report.md")
    #expect(report.contains("## Tuned against the model\n") && report.contains("geometric mean"))

    let forgotten = try pointwise(["tune", "--forget"], in: folder)
    #expect(forgotten.code == 0 && forgotten.output.contains("removed 2 entries"), "\(forgotten)")
    #expect(try self.entries(folder).isEmpty)
  }

  @Test func layersWithoutAnEntryAreCounted() throws {
    let folder = try folder()
    let run = ["run", "small.yaml", "--tuned", "--threads", "1", "--max-time", "0.01", "--cache-file", "mine.json"]
    let without = try pointwise(run + ["--kernel", "packed", "--output", "A"], in: folder)
    #expect(without.code == 0 && without.error.contains("2 of 2 layers"), "\(without)")
    #expect(without.error.contains("pointwise tune small.yaml --threads 1"), "\(without)")
    #expect(without.error.contains("--cache-file mine.json"), "\(without)")
    #expect(try RunFiles(folder, "A").rows.allSatisfy { $0.kernel == "packed" })
    let alone = try pointwise(run + ["--kernel", "packed.tuned", "--output", "B"], in: folder)
    #expect(alone.code == 64 && alone.error.contains("2 of 2 layers") && !folder.exists("B"), "\(alone)")

    let tuned = try pointwise(
      ["tune", "small.yaml", "--threads", "1", "--layout", "nhwc", "--cache-file", "mine.json"] + Self.quick, in: folder
    )
    #expect(tuned.code == 0 && !folder.exists("cache"), "\(tuned)")
    let half = try pointwise(run + ["--kernel", "packed.tuned", "--output", "C"], in: folder)
    #expect(half.code == 0 && half.error.contains("1 of 2 layers"), "\(half)")
    #expect(try RunFiles(folder, "C").rows.map { "\($0.kernel) \($0.layout)" } == ["packed.tuned nhwc"])
  }

  @Test func severalThreadsTuneTheSplit() throws {
    guard TestMachine.cpuCount >= 2 else { return print("One CPU: splits are not tuned in this test.") }
    let folder = try folder()
    let tuned = try pointwise(
      ["tune", "small.yaml", "--threads", "2", "--layout", "nhwc", "--kernel", "packed"] + Self.quick, in: folder)
    #expect(tuned.code == 0, "\(tuned)")
    let entry = try #require(try entries(folder).first)
    #expect(entry.key.threads == 2 && ["none", "channels", "pixels"].contains(entry.model.split), "\(entry)")
    let run = try pointwise(
      [
        "run", "small.yaml", "--tuned", "--kernel", "packed", "--threads", "2", "--layout", "nhwc", "--split", "pixels",
        "--max-time", "0.01", "--output", "R",
      ], in: folder)
    #expect(run.code == 0, "\(run)")
    let rows = try RunFiles(folder, "R").rows
    #expect(rows.map { "\($0.kernel) \($0.split)" }.sorted() == ["packed auto", "packed pixels", "packed.tuned auto"])
    let row = try #require(rows.first { $0.choice == .tuned })
    #expect(row.notes?.contains("tuning took ") ?? false, "\(row.notes ?? "")")
  }

  @Test func aResumedRunTakesTheSameChoices() throws {
    let folder = try folder()
    let tune = ["tune", "small.yaml", "--threads", "1", "--layout", "nhwc"] + Self.quick
    #expect(try pointwise(tune, in: folder).code == 0)
    let run = try pointwise(
      [
        "run", "small.yaml", "--tuned", "--kernel", "packed", "--threads", "1", "--layout", "nhwc", "--max-time",
        "0.01", "--output", "R",
      ], in: folder)
    #expect(run.code == 0, "\(run)")
    let resumed = try pointwise(["run", "--resume", "R"], in: folder)
    #expect(resumed.code == 0 && resumed.output.contains("nothing is left"), "\(resumed)")
    // Another choice is another run.
    var entry = try #require(try entries(folder).first)
    entry.winner = .init(
      choice: .init(tile: "p1x1", split: "none", nanoseconds: 1), ratio: 0.5, ratioLow: 0.4, ratioHigh: 0.6)
    try TuningCache(folder.url.appending(path: "cache/pointwiselab/tuning.json").path).merge([entry])
    let other = try pointwise(["run", "--resume", "R"], in: folder)
    #expect(other.code == 65 && other.sentence?.contains("what tuning found") ?? false, "\(other)")
  }

  @Test func filesThatCannotBeUsedAreSaidBeforeAnythingIsMeasured() throws {
    let folder = try folder()
    try folder.write("{", to: "damaged.json")
    try folder.write(#"{"schema": 99, "entries": []}"#, to: "newer.json")
    let cases: [(file: String, code: Int32, word: String)] = [
      ("damaged.json", 65, "is not a tuning cache"), ("newer.json", 65, "schema version 99; expected 1"),
      ("small.yaml/tuning.json", 74, "small.yaml"), ("/dev/null", 74, "/dev/null"),
    ]
    for (file, code, word) in cases {
      for arguments in [
        ["tune", "small.yaml"], ["tune", "--show"], ["tune", "--forget"], ["run", "small.yaml", "--tuned"],
      ] {
        let result = try pointwise(arguments + ["--cache-file", file], in: folder)
        #expect(result.code == code && result.sentence?.contains(word) ?? false, "\(arguments) \(result)")
        #expect(result.output.isEmpty && !folder.exists("Reports"), "\(arguments) \(result)")
      }
    }
    #expect(try folder.text("damaged.json") == "{")
  }

  @Test func wrongFlagsAreUsageErrors() throws {
    let folder = try folder()
    let cases: [(arguments: [String], words: [String])] = [
      (["tune", "--show", "--forget"], ["--show", "--forget"]),
      (["tune", "small.yaml", "--show"], ["--show", "small.yaml"]),
      (["tune", "--forget", "--threads", "1"], ["--forget", "--threads"]),
      (["tune", "small.yaml", "--kernel", "simd"], ["--kernel", "simd", "expected packed"]),
      (["tune", "small.yaml", "--bind", "close,spread"], ["--bind", "expected one value"]),
      (["tune", "small.yaml", "--team", "pinned,dispatch"], ["--team", "dispatch"]),
      (["tune", "small.yaml", "--cache-file", ""], ["--cache-file", "name of a file"]),
      (["run", "small.yaml", "--cache-file", "x"], ["--cache-file", "--tuned"]),
      (["run", "small.yaml", "--kernel", "packed.tuned"], ["--kernel", "--tuned"]),
      (["run", "--resume", "R", "--tuned"], ["--resume", "--tuned"]),
    ]
    for (arguments, words) in cases {
      let result = try pointwise(arguments, in: folder)
      #expect(result.code == 64, "\(arguments) \(result)")
      for word in words { #expect(result.error.contains(word), "\(arguments) \(result)") }
    }
    let nowhere = try Command.run(
      ["tune", "--show"], in: folder, environment: ["XDG_CACHE_HOME": "x", "HOME": nil, "POINTWISE_TUNING": nil])
    #expect(nowhere.code == 64 && nowhere.error.contains("--cache-file"), "\(nowhere)")
    let other = try Command.run(
      ["tune", "--show"], in: folder, environment: ["POINTWISE_TUNING": folder.url.appending(path: "other.json").path])
    #expect(other.code == 0 && other.output.contains("other.json has nothing for this machine"), "\(other)")
  }

  @Test func anInterruptionKeepsWhatIsTuned() throws {
    let folder = try folder()
    let command = try Command(
      ["tune", "small.yaml", "--threads", "1", "--max-time", "2", "--precision", "0.001"], in: folder,
      environment: ["XDG_CACHE_HOME": folder.url.appending(path: "cache").path, "POINTWISE_TUNING": nil])
    let hasFirst = command.waits { folder.completeLines("cache/pointwiselab/tuning.json") > 0 }
    #expect(hasFirst)
    command.process.interrupt()
    let result = try command.wait()
    #expect(result.code == 130 && result.output.contains(Self.layer), "\(result)")
    #expect(try entries(folder).count == 1)
  }
}
