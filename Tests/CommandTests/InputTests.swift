import Foundation
import Testing

/// Files that users get wrong: one sentence with file, line, what was found and what was expected, and exit code 65.
@Suite struct InputTests {
  struct File: CustomTestStringConvertible, Sendable {
    var name: String
    var content: String
    var words: [String]
    var testDescription: String { "\(name): \(content.debugDescription.prefix(60))" }

    init(_ name: String, _ content: String, _ words: String...) {
      self.name = name
      self.content = content
      self.words = words
    }
  }

  static let files = [
    File("s.yaml", "", "s.yaml", "empty"),
    File("s.yaml", "- 1\n", "s.yaml:1", "mapping"),
    File("s.yaml", "name: x\nlayers:\n  - [\n", "s.yaml:", "not YAML"),
    File("s.yaml", "name: x\nlayers: []\n", "s.yaml:2", "layers", "at least one"),
    File("s.yaml", "name: x\nlayerz: [mb1ic4oc4]\n", "s.yaml:2", "layerz", "layers"),
    File("s.yaml", "name: a/b\nlayers: [mb1ic4oc4]\n", "s.yaml:1", "a/b", "ASCII"),
    File("s.yaml", "layers:\n  - mb1ic0oc4\n", "s.yaml:2", "ic is 0", "at least 1"),
    File("s.yaml", "layers:\n  - mb1ic-4oc4\n", "s.yaml:2", "ic", "whole number"),
    File("s.yaml", "layers:\n  - mb1icoc4\n", "s.yaml:2", "ic", "whole number"),
    File("s.yaml", "layers:\n  - mb1ic4\n", "s.yaml:2", "oc is missing"),
    File("s.yaml", "layers:\n  - mb1ic99999999999999999999oc4\n", "s.yaml:2", "99999999999999999999", "at most"),
    File("s.yaml", "layers:\n  - mb4000000000ic4000000000oc4\n", "s.yaml:2", "input"),
    File("s.yaml", "layers:\n  - mb1ic700000oc700000\n", "s.yaml:2", "mb1ic700000oc700000", "MiB", "free"),
    File("s.yaml", "layers: [mb1ic4oc4]\naxes: { kernel: [zzz] }\n", "s.yaml:2", "kernel", "zzz", "naive"),
    File("s.yaml", "layers: [mb1ic4oc4]\naxes: { threads: [0] }\n", "s.yaml:2", "'0'"),
    File("s.yaml", "layers: [mb1ic4oc4]\naxes: { split: [rows] }\n", "s.yaml:2", "split", "rows", "channels"),
    File("s.yaml", "layers: [mb1ic4oc4]\naxes: { team: [rows] }\n", "s.yaml:2", "team", "rows", "dispatch"),
    File("s.yaml", "layers: [mb1ic4oc4]\nsettings: { max-time: -1 }\n", "s.yaml:2", "max-time", "-1"),
    File("s.yaml", "layers: [mb1ic4oc4]\nsettings: { precision: nan }\n", "s.yaml:2", "precision", "nan"),
    File("shapes", "mb1ic4oc4\nmb1ic4oc4zz9\n", "shapes:2", "zz9", "expected one of"),
    File("shapes", "mb1ic64ih7oc64oh9kh1ph0\n", "shapes:1", "oh is 9"),
    File("shapes", "mb1ic4oc4n\"name\n", "shapes:1", "quotation mark"),
    File("shapes", "--batch=nosuch\n", "shapes:1", "nosuch", "does not exist"),
    File("shapes", "--batch=shapes\n", "shapes:1", "reads itself"),
    File("shapes", "mb1ic3ih224oc64oh112kh7sh2ph3\n", "shapes", "no layer"),
    File("shapes", "# nothing\n", "shapes", "no descriptors"),
    File(
      "s.yaml",
      "layers:\n  - { layers: &a [\(String(repeating: "mb1ic4oc4, ", count: 400))mb1ic4oc4] }\n"
        + String(repeating: "  - { layers: *a }\n", count: 300), "s.yaml:2", "more than 100000 layers"),
    File(
      "shapes",
      "--mb=\(String(repeating: "1,", count: 400))1\n" + String(repeating: "ic4oc4\n", count: 300), "shapes:2",
      "more than 100000 layers"),
  ]

  @Test(arguments: files) func wrongFiles(file: File) throws {
    let folder = try TemporaryFolder()
    try folder.write(file.content, to: file.name)
    let result = try Command.run(["run", "./\(file.name)", "--output", "R"], in: folder)
    #expect(result.code == 65, "\(result)")
    let sentence = try #require(result.sentence, "\(result)")
    for word in file.words { #expect(sentence.contains(word), "\(word) in: \(sentence)") }
    #expect(!folder.exists("R"))
  }

  @Test func filesThatAreNone() throws {
    let folder = try TemporaryFolder()
    for (argument, words) in [
      ("nosuch", "nosuch' is neither a suite nor a file"), ("quik", "did you mean 'quick'"),
      ("./nosuch.yaml", "./nosuch.yaml: does not exist"), ("/", "is a folder"), ("", "the text is empty"),
      ("/dev/zero", "more than 16 MiB"),
    ] {
      let result = try Command.run(["run", argument], in: folder)
      #expect(result.code == 65 && result.sentence?.contains(words) == true, "\(argument): \(result)")
    }
    let twice = try Command.run(["run", "tiny.yaml", "./tiny.yaml"], in: folder)
    #expect(twice.code == 65 && twice.sentence?.contains("tiny") == true, "\(twice)")
  }

  /// A pipe that nobody writes to is not waited for, and one that somebody writes to is read.
  @Test func pipesAreReadOrRefused() throws {
    let folder = try TemporaryFolder()
    let arguments: [(line: String, words: String)] = [
      ("run ./pipe", "./pipe: gave nothing for 10 s"), ("topology --topology ./pipe", "'./pipe' cannot be read"),
      ("report .", "run.json"), ("run --resume .", "results.csv"),
    ]
    for (line, words) in arguments {
      let result = try Command.shell(
        "mkfifo pipe run.json results.csv 2>/dev/null; exec timeout -s KILL 60 \"$P\" \(line)", in: folder)
      #expect([65, 74].contains(result.code) && result.sentence?.contains(words) == true, "\(line): \(result)")
    }
    let fed = try Command.shell(
      "mkfifo fed.yaml; { sleep 1; cat tiny.yaml; } > fed.yaml & exec \"$P\" list layers ./fed.yaml", in: folder)
    #expect(fed.code == 0 && fed.output.contains("mb2ic32oc10"), "\(fed)")
  }

  @Test func theBenchmarksFolderMayBeMissing() throws {
    let folder = try TemporaryFolder()
    for (value, arguments, words) in [
      ("/nonexistent", ["run"], "POINTWISE_BENCHMARKS is '/nonexistent'"),
      ("/nonexistent", ["list", "suites"], "POINTWISE_BENCHMARKS is '/nonexistent'"),
      ("/proc/self/fd", ["run", "quick"], "set POINTWISE_BENCHMARKS"),
      ("/proc/self/fd", ["list", "suites"], "no suite"),
    ] {
      let result = try Command.run(arguments, in: folder, environment: ["POINTWISE_BENCHMARKS": value])
      #expect(result.code == 65 && result.sentence?.contains(words) == true, "\(arguments): \(result)")
    }
  }

  /// What benchdnn's own files hold: comments, blank lines, options, names with counts and odd characters, kernels
  /// larger than 1×1, dilation, 1d and 3d shapes, and lines that end as on Windows.
  @Test(arguments: ["\n", "\r\n"]) func benchdnnFilesRunAsTheyAre(lineEnd: String) throws {
    let folder = try TemporaryFolder()
    let lines = [
      "# shapes of a network", "", "--reset", "--conv", "--dir=FWD_B", "--skip-impl=ref", "--mb=2",
      #"ic3ih24oc16oh12kh7sh2ph3n"conv_1""#, #"ic16ih7iw7oc24oh7ow7kh1kw1ph0pw0n"res:conv_2*2""#,
      #"mb1_ic16oc8_ih7oh4kh1sh2dh0ph0_n"strided 1x1""#, "  ic8ih5oc8oh5kh1ph0   # trailing words",
      "id7ic4oc4od7kd1pd0ih7oh7kh1ph0", "g8ic8ih5oc8oh5kh1ph0", "--ip", #"ic8ih2oc16n"fc:1""#, "ic32oc10",
    ]
    let bom = lineEnd == "\n" ? "" : "\u{FEFF}"
    try folder.write(bom + lines.joined(separator: lineEnd) + lineEnd, to: "shapes_net")
    let result = try Command.run(
      ["run", "shapes_net", "--kernel", "naive", "--threads", "1", "--max-time", "0.001", "--output", "R"], in: folder)
    #expect(result.code == 0, "\(result)")
    let run = try RunFiles(folder, "R")
    #expect(
      Set(run.rows.map(\.layer)) == [
        "mb2ic16ih7oc24oh7kh1ph0", "mb2ic16ih7oc8oh4kh1sh2ph0", "mb2ic8ih5oc8oh5kh1ph0", "mb2ic8ih2oc16",
        "mb2ic32oc10",
      ])
    #expect(run.rows.allSatisfy { $0.bias })
    #expect(run.rows.filter { $0.layer == "mb2ic16ih7oc24oh7kh1ph0" }.allSatisfy { $0.count == 2 })
    let skipped = run.manifest.skippedEntries
    #expect(skipped.map(\.line) == [8, 12, 13], "\(skipped)")
    #expect(result.error.contains("3 descriptors"), "\(result)")
  }

  @Test func suiteFilesMayComeFromWindows() throws {
    let folder = try TemporaryFolder()
    try folder.write("\u{FEFF}name: crlf\r\nlayers:\r\n  - mb1ic4oc4n\"a\"\r\n  - mb1ic8oc4\r\n", to: "s.yaml")
    let result = try Command.run(["list", "layers", "s.yaml"], in: folder)
    #expect(result.code == 0 && result.output.contains("mb1ic8oc4") && !result.output.contains("\r"), "\(result)")
    try folder.write("name: crlf\r\nlayers:\r\n  - mb1ic0oc4\r\n", to: "s.yaml")
    let wrong = try Command.run(["run", "s.yaml"], in: folder)
    #expect(wrong.sentence?.contains("s.yaml:3") == true, "\(wrong)")
  }
}
