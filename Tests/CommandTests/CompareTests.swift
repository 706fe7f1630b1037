import Foundation
import Layers
import Results
import Testing

/// `pointwise compare`, `recommend` and `report` on folders that are written here, so that nothing depends on timing.
@Suite struct CompareTests {
  /// Writes a run of sixteen layers with exact times.
  private static func write(
    _ name: String, to folder: TemporaryFolder, packed: Double = 1000, kernels: [String] = ["packed", "simd"],
    change: (inout RunManifest) -> Void = { _ in }
  ) throws {
    let path = folder.url.appending(path: name).path
    let run = try RunFolder(creating: path)
    var manifest = RunManifest(
      run: name, toolVersion: "0.1.0", commandLine: ["pointwise", "run"], started: Date(timeIntervalSince1970: 1e9),
      seed: 1, suites: [.init(name: "s", file: "/s.yaml")],
      settings: .init(precisionPercent: 1, maxTimeSeconds: 1), environment: Environment())
    manifest.status = .complete
    change(&manifest)
    try run.write(manifest)
    for layer in 1...16 {
      for kernel in kernels {
        var row = Row(
          run: name, suite: "s", network: "n", layer: "mb1ic\(layer)oc8", op: .fc, layout: .nc, dtype: .f32, mb: 1,
          ic: layer, oc: 8, ih: 1, iw: 1, oh: 1, ow: 1, sh: 1, sw: 1, m: 1, n: 8, k: layer, count: 1, bias: false,
          activation: .none, variant: "\(kernel)-portable-none-dispatch", kernel: kernel, isa: "portable",
          split: "none", team: "dispatch", threads: 1, places: "cores", bind: "close", cpus: "0", cache: "hot",
          status: .ok)
        let time = kernel == "packed" ? packed : 3000
        row.quality = .valid
        row.rounds = 8
        row.cleanRounds = 8
        row.iterations = 1
        row.timeMedian = time
        row.timeCILow = time * 0.995
        row.timeCIHigh = time * 1.005
        try run.append(row)
        try run.append(
          (0..<8).map { Sample(caseKey: row.caseKey, round: $0, position: 0, iterations: 1, time: time) })
      }
    }
    try run.finish()
  }

  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try Self.write("A", to: folder)
    try Self.write("B", to: folder, packed: 1060) { $0.seed = 2 }
    return folder
  }

  private func run(_ line: String, in folder: TemporaryFolder) throws -> Command.Result {
    try Command.run(line.split(separator: " ").map(String.init), in: folder)
  }

  @Test func theGateFollowsTheInterval() throws {
    let folder = try folder()
    let slower = try run("compare A B --fail-if-slower 3", in: folder)
    #expect(slower.code == 1 && slower.sentence?.contains("slower by more than 3.0 %: packed") == true, "\(slower)")
    #expect(slower.output.contains("32 cases: 16 slower, 0 faster, 16 same, 0 undecided."), "\(slower)")
    #expect(slower.output.contains("seed  1         2"))
    for line in [
      "compare A B --fail-if-slower 8", "compare B A --fail-if-slower 3", "compare A A --fail-if-slower 1",
      "compare A B",
    ] {
      let result = try run(line, in: folder)
      #expect(result.code == 0 && result.error.isEmpty, "\(line): \(result)")
    }
    let given = try run("compare A B --threshold 10 --fail-if-slower 3", in: folder)
    #expect(given.code == 0 && given.output.contains("0 slower"), "\(given)")
  }

  @Test(arguments: ["text", "markdown", "csv", "json", "html"]) func formats(format: String) throws {
    let folder = try folder()
    let printed = try run("compare A B --format \(format)", in: folder)
    #expect(printed.code == 0 && printed.output.hasSuffix("\n") && printed.output.contains("slower"), "\(printed)")
    let written = try run("compare A B --format \(format) --output out", in: folder)
    #expect(written.code == 0 && written.output.isEmpty, "\(written)")
    #expect(try folder.text("out") == printed.output)
    let refused = try run("compare A B --output none/out", in: folder)
    #expect(refused.code == 74 && refused.sentence?.contains("none/out") == true, "\(refused)")
  }

  @Test func baselinesAreKept() throws {
    let folder = try folder()
    let kept = try run("compare A --save-baseline main", in: folder)
    #expect(kept.code == 0 && kept.error.contains("Reports/baselines/main"), "\(kept)")
    try FileManager.default.removeItem(at: folder.url.appending(path: "A"))
    let compared = try run("compare B --baseline main --fail-if-slower 3", in: folder)
    #expect(compared.code == 1 && compared.output.contains("B against Reports/baselines/main"), "\(compared)")
    // It is replaced by a later one.
    #expect(try run("compare B --baseline main --save-baseline main", in: folder).code == 0)
    #expect(try run("compare B --baseline main --fail-if-slower 0.1", in: folder).code == 0)
    let names = try FileManager.default.contentsOfDirectory(
      atPath: folder.url.appending(path: "Reports/baselines").path)
    #expect(names == ["main"])
  }

  @Test func aNameIsResolvedByWhatExists() throws {
    let folder = try folder()
    let kernel = try run("compare A --baseline simd", in: folder)
    #expect(kernel.code == 0 && kernel.output.contains("16 faster"), "\(kernel)")
    let neither = try run("compare A --baseline tiled", in: folder)
    #expect(neither.code == 64 && neither.sentence?.contains("packed, simd") == true, "\(neither)")
    #expect(try run("compare B --save-baseline simd", in: folder).code == 0)
    let both = try run("compare A --baseline simd", in: folder)
    #expect(both.code == 64 && both.sentence?.contains("compare Reports/baselines/simd A") == true, "\(both)")
  }

  @Test func recommendationsAndMachines() throws {
    let folder = try folder()
    let table = try run("recommend A", in: folder)
    #expect(table.code == 0 && table.output.contains("16 recommendations: 16 clear."), "\(table)")
    let json = try run("recommend A --format json --output r.json", in: folder)
    let object = try JSONSerialization.jsonObject(with: Data(folder.text("r.json").utf8)) as? [String: Any]
    #expect(json.code == 0 && object?["schema"] as? Int == 1, "\(json)")
    let merged = try run("report A B --output M", in: folder)
    #expect(merged.code == 0 && merged.output == "Report: M/report.md\n", "\(merged)")
    #expect(try folder.text("M/report.md").contains("| what | A | B |"))
    #expect(folder.exists("M/report.html"))
  }

  @Test func otherVersionsAreRefusedByName() throws {
    let folder = try folder()
    // Version 1 had fewer columns in samples.csv.
    #expect(try folder.replace("\"schema\" : 3", with: "\"schema\" : 1", in: "B/run.json"))
    #expect(try run("compare A B", in: folder).code == 0)
    #expect(try folder.replace(",page_faults", with: "", in: "B/samples.csv"))
    let older = try run("compare A B", in: folder)
    #expect(
      older.code == 65 && older.sentence?.contains("B/samples.csv has schema version 1; expected 3") == true, "\(older)"
    )
    // A later version of the rows has columns that this one does not know.
    #expect(try folder.replace("schema,run,suite", with: "schema,run,novelty,suite", in: "A/results.csv"))
    #expect(try folder.replace("\n1,A,", with: "\n3,A,x,", in: "A/results.csv"))
    let newer = try run("recommend A", in: folder)
    #expect(
      newer.code == 65 && newer.sentence?.contains("A/results.csv has schema version 3; expected 1") == true, "\(newer)"
    )
  }
}
