import Foundation
import Results
import Testing

/// `pointwise equivalence` as users run it.
@Suite struct EquivalenceTests {
  static let quick = ["--threads", "1", "--precision", "100", "--max-time", "0.01", "--output", "R"]

  private func record(_ folder: TemporaryFolder) throws -> EquivalenceRecord {
    try JSONDecoder().decode(EquivalenceRecord.self, from: Data(try folder.text("R/equivalence.json").utf8))
  }

  @Test func layersSuitesAndHeadsAreCompared() throws {
    let folder = try TemporaryFolder()
    let result = try Command.run(
      ["equivalence", "mb2ic24ih6oc16oh3kh1sh2", "mb3ic6ih4oc10", "tiny.yaml", "--head", "small"] + Self.quick,
      in: folder)
    #expect(result.code == 0, "\(result)")
    #expect(result.output.contains("Report: R/equivalence.md"), "\(result)")
    let record = try record(folder)
    #expect(record.failures.isEmpty && record.layers.count + record.heads.count == record.planned)
    #expect(Set(record.layers.map(\.descriptor)).count == 4 && Set(record.heads.map(\.layout)) == [.nchw, .nhwc])
    #expect(record.layers.allSatisfy { $0.ways.allSatisfy { !$0.hasSameOrder || $0.isIdentical } })
    #expect(record.layers.contains { $0.ways.contains(where: \.hasSameOrder) })
    let text = try folder.text("R/equivalence.md")
    #expect(text.contains("## When is one faster?") && text.contains("mb3ic6ih4oc10"))
    // The rows are those of any run: every number agrees with the others.
    let run = try RunFiles(folder, "R")
    run.expectConsistency()
    #expect(run.rows.allSatisfy { $0.status == .ok } && Set(run.rows.map(\.op)) == [.fc, .conv1x1])
    #expect(run.manifest.status == .complete)
    #expect(try Command.run(["report", "R"], in: folder).code == 0)
  }

  @Test func optionsChooseWhatIsCompared() throws {
    let folder = try TemporaryFolder()
    let result = try Command.run(
      [
        "equivalence", "ic24ih6oc16kh1", "--kernel", "packed", "--layout", "nhwc", "--isa", "portable", "--seed", "9",
      ] + Self.quick, in: folder)
    #expect(result.code == 0, "\(result)")
    let record = try record(folder)
    #expect(record.heads.isEmpty, "layers are given, so there is no head unless it is asked for")
    let item = try #require(record.layers.first)
    #expect(record.layers.count == 1 && item.setting.variant == "packed-portable-none-dispatch")
    #expect(item.forms.map(\.layer.layout) == [.nhwc, .nc] && item.ways.map(\.isSameMemory) == [true])
    #expect(try RunFiles(folder, "R").manifest.seed == 9)
  }

  @Test(
    arguments: [
      ("mb1ic0oc4", 64, ["mb1ic0oc4", "ic is 0", "at least 1"]),
      ("mb1ic4ocx", 64, ["mb1ic4ocx", "oc", "whole number"]),
      ("mb1ic4", 64, ["mb1ic4", "oc is missing"]),
      ("mb1ic4ih8oc4kh3ph1", 64, ["mb1ic4ih8oc4kh3ph1", "its kernel is 3×3", "1×1 convolution"]),
      ("mb1ic700000oc700000", 65, ["mb1ic700000oc700000", "MiB", "free"]),
      ("nosuch", 65, ["nosuch' is neither a suite nor a file"]),
      ("./nosuch.yaml", 65, ["./nosuch.yaml: does not exist"]),
    ] as [(String, Int32, [String])])
  func wrongLayers(argument: String, code: Int32, words: [String]) throws {
    let folder = try TemporaryFolder()
    let result = try Command.run(["equivalence", argument] + Self.quick, in: folder)
    #expect(result.code == code, "\(result)")
    let sentence = try #require(result.sentence, "\(result)")
    for word in words { #expect(sentence.contains(word), "\(word) in: \(sentence)") }
    #expect(!folder.exists("R"))
  }

  @Test(arguments: [
    (["--head", "zzz"], ["--head", "zzz", "small, vgg16, none"]),
    (["--head", "none,small"], ["--head", "none alone"]),
    (["--kernel", "zzz"], ["--kernel", "zzz", "naive"]),
    (["--output", ""], ["--output", "expected the name of a folder"]),
    (["--max-time", "0"], ["--max-time", "seconds above 0"]),
    (["ic4oc4", "mb2ic4oc4"], ["given twice"]),
  ])
  func wrongOptions(arguments: [String], words: [String]) throws {
    let folder = try TemporaryFolder()
    let layer = arguments.contains("ic4oc4") ? [] : ["ic4oc4"]
    let result = try Command.run(["equivalence"] + layer + arguments, in: folder)
    #expect(result.code == 64, "\(result)")
    for word in words { #expect(result.error.contains(word), "\(word) in: \(result)") }
  }

  @Test func anInterruptionReportsWhatWasMeasured() throws {
    let folder = try TemporaryFolder()
    let command = try Command(
      ["equivalence"] + (1...40).map { "mb1ic\($0)oc16" }
        + ["--kernel", "naive,simd", "--threads", "1", "--precision", "1e-9", "--max-time", "0.1", "--output", "R"],
      in: folder)
    let begun = command.waits { folder.completeLines("R/results.csv") > 4 }
    kill(command.process.processIdentifier, SIGINT)
    let result = try command.wait()
    #expect(begun && result.code == 130, "\(result)")
    #expect(result.error.contains("Interrupted: "), "\(result)")
    let record = try record(folder)
    #expect(record.layers.count >= 1 && record.layers.count < record.planned)
    let text = try folder.text("R/equivalence.md")
    #expect(text.contains("interrupted: \(record.layers.count) of 80 cases"), "\(text.prefix(600))")
    let run = try RunFiles(folder, "R")
    #expect(run.manifest.status == .interrupted)
    run.expectConsistency()
    // It is no run that 'run' could continue.
    let resumed = try Command.run(["run", "--resume", "R"], in: folder)
    #expect(resumed.code == 65 && resumed.error.contains("not that of pointwise run"), "\(resumed)")
  }
}
