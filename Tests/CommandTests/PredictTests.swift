import Foundation
import Layers
import Results
import Testing

/// `pointwise predict`, and what runs keep of its model.
@Suite struct PredictTests {
  private static let ceilings = ["--fma", "50", "--l2", "100", "--l3", "40", "--memory", "60", "--fork-join", "2"]
  private static let machine = [
    "--topology", "numa:2 l3:1(size=16MB) l2:8(size=1MB) l1:1(size=32KB) core:1 pu:2",
  ]

  private struct Entry: Decodable {
    struct Prediction: Decodable {
      var nanoseconds: Double
      var limit: String
    }
    var layer: String
    var threads: Int
    var split: String
    var isBest: Bool
    var gflops: Double
    var prediction: Prediction
  }

  private func entries(_ text: String) throws -> [Entry] {
    try JSONDecoder().decode([Entry].self, from: Data(text.utf8))
  }

  @Test func anotherMachineIsPredictedFromFlagsAlone() throws {
    let folder = try TemporaryFolder()
    let arguments = ["predict", "resnet50", "--threads", "1,8,all", "--layout", "nhwc"] + Self.ceilings + Self.machine
    let result = try Command.run(arguments + ["--format", "json"], in: folder)
    #expect(result.code == 0, "\(result)")
    let entries = try entries(result.output)
    #expect(Set(entries.map(\.threads)) == [1, 8, 16])
    #expect(Set(entries.map(\.split)).isSuperset(of: ["none", "channels", "pixels", "grid"]))
    #expect(entries.allSatisfy { $0.prediction.nanoseconds > 0 && $0.gflops <= 50 * Double($0.threads) })
    for (_, group) in Dictionary(grouping: entries, by: { "\($0.layer) \($0.threads)" }) {
      #expect(group.count { $0.isBest } == 1)
      let best = try #require(group.first { $0.isBest })
      #expect(group.allSatisfy { $0.prediction.nanoseconds >= best.prediction.nanoseconds })
    }
    let text = try Command.run(arguments, in: folder)
    #expect(text.code == 0 && text.output.contains("2 NUMA nodes") && text.output.contains("A core: 50.0 GFLOP/s"))
    // The table has a line for each layer and number of threads.
    #expect(text.output.split(separator: "\n").count == 3 + entries.count { $0.isBest })
  }

  @Test(arguments: [
    ([], "--peaks FOLDER, or all of --fma"),
    (["--fma", "10"], "--peaks FOLDER, or all of --fma"),
    (["--fma", "0"], "above 0"),
    (["--peaks", "R", "--fma", "10"], "expected nothing beside it, but --fma is given"),
    (["--against", "R", "--threads", "2"], "expected nothing beside it, but --threads is given"),
    (ceilings + ["--kernel", "naive"], "expected --kernel-efficiency"),
    (ceilings + ["--threads", "100000"], "--threads"),
  ]) func wrongFlagsAreSentences(arguments: [String], message: String) throws {
    let result = try Command.run(["predict"] + arguments, in: try TemporaryFolder())
    #expect(result.code == 64 && result.error.contains(message), "\(result)")
  }

  @Test func aFolderThatIsNoRunAndAMachineThatIsNone() throws {
    let folder = try TemporaryFolder()
    #expect(try Command.run(["predict", "--against", "missing"], in: folder).code == 74)
    #expect(try Command.run(["predict", "--peaks", "missing"], in: folder).code == 74)
    #expect(try Command.run(["predict", "--topology", "nonsense"] + Self.ceilings, in: folder).code == 65)
  }

  @Test func aRunIsComparedWithWhatItsCeilingsPredict() throws {
    let folder = try TemporaryFolder()
    let run = try Command.run(
      [
        "run", "tiny.yaml", "--kernel", "naive,packed", "--threads", "1", "--max-time", "0.02", "--scaling",
        "strong,weak",
        "--output", "R",
      ], in: folder)
    #expect(run.code == 0, "\(run)")
    let files = try RunFiles(folder, "R")
    let packed = files.rows.filter { $0.kernel == "packed" }
    let manifest = try RunManifest(json: [UInt8](try folder.text("R/run.json").utf8), file: "run.json")
    #expect(Set(try #require(manifest.predictions).map(\.caseKey)) == Set(packed.map(\.caseKey)))
    #expect(try folder.text("R/report.md").contains("## Model\n"))
    let text = try Command.run(["predict", "--against", "R"], in: folder)
    #expect(text.code == 0 && text.output.contains("\(packed.count) rows on 1 thread: "), "\(text)")
    let json = try Command.run(["predict", "--against", "R", "--format", "json"], in: folder)
    let times = try JSONDecoder().decode([PredictedTime].self, from: Data(json.output.utf8))
    #expect(times.map(\.nanoseconds) == manifest.predictions?.map(\.nanoseconds))
    let other = try Command.run(
      ["predict", "tiny.yaml", "--peaks", "R", "--threads", "1", "--format", "json"], in: folder)
    #expect(other.code == 0 && packed.count == 3, "\(other)")
    #expect(try entries(other.output).count == packed.count)
  }

  @Test func wordsOfScalingAreChecked() throws {
    let result = try Command.run(["run", "--scaling", "super"], in: try TemporaryFolder())
    #expect(result.code == 64 && result.error.contains("'super' is not one of strong, weak"), "\(result)")
    let resumed = try Command.run(["run", "--resume", "R", "--scaling", "weak"], in: try TemporaryFolder())
    #expect(resumed.code == 64 && resumed.error.contains("--scaling is given"), "\(resumed)")
  }
}
