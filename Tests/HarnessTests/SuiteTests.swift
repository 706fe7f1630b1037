import Foundation
import Harness
import Layers
import Testing

@Testing.Suite struct SuiteTests {
  typealias Entry = Harness.Suite.Entry

  // MARK: - What a suite file says

  @Test func everyKey() throws {
    let folder = try TemporaryFolder(["shapes/shapes_net": "# net\n\nmb1ic8oc4n\"file*2\"\n"])
    let suite = try folder.suite(
      """
      name: my-suite
      description: A sentence.
      network: Net
      defaults: { op: fc, bias: true, activation: gelu }
      layers:
        - mb1ic8ih2oc16n"plain*3"
        - { descriptor: mb1ic64ih56oc256kh1, op: conv1x1, bias: false, activation: relu, network: Other }
        - file: shapes/shapes_net
          activation: none
        - network: Group
          activation: silu
          layers:
            - mb1ic8oc32
            - { descriptor: mb1ic8oc64, activation: tanh }
      axes:
        layout: [nhwc]
        threads: [1, all]
        kernel: "simd*"
        skip-kernel: [naive]
        isa: [avx2]
        split: [none, channels]
        team: [dispatch]
        cache: [hot]
        places: [cores]
        bind: [close, spread]
      settings: { precision: 2.5, max-time: 1 }
      """)
    let file = "\(folder.path)/test.yaml"
    let shapes = "\(folder.path)/shapes/shapes_net"
    #expect(suite.name == "my-suite")
    #expect(suite.description == "A sentence.")
    #expect(suite.file == file)
    #expect(
      suite.entries == [
        entry(.fc, .fc(ic: 8, oc: 16, ih: 2, iw: 2), "Net", "plain", 3, true, .gelu, file, 6),
        entry(.conv1x1, .conv1x1(ic: 64, oc: 256, ih: 56, iw: 56), "Other", nil, 1, false, .relu, file, 7),
        entry(.fc, .fc(ic: 8, oc: 4), "Net", "file", 2, true, .none, shapes, 3),
        entry(.fc, .fc(ic: 8, oc: 32), "Group", nil, 1, true, .silu, file, 13),
        entry(.fc, .fc(ic: 8, oc: 64), "Group", nil, 1, true, .tanh, file, 14),
      ])
    #expect(suite.axes.layout?.values == [.nhwc])
    #expect(suite.axes.threads?.values == ["1", "all"])
    #expect(suite.axes.threads?.location == Harness.SourceLocation(file: file, line: 17))
    #expect(suite.axes.kernel?.values == ["simd*"])
    #expect(suite.axes.skipKernel?.values == ["naive"])
    #expect(suite.axes.isa?.values == ["avx2"])
    #expect(suite.axes.split?.values == ["none", "channels"])
    #expect(suite.axes.team?.values == ["dispatch"])
    #expect(suite.axes.cache?.values == ["hot"])
    #expect(suite.axes.places?.values == ["cores"])
    #expect(suite.axes.bind?.values == ["close", "spread"])
    #expect(suite.precision == 2.5)
    #expect(suite.maxTime == 1)
  }

  private func entry(
    _ op: Op, _ shape: Shape, _ network: String, _ name: String?, _ count: Int, _ bias: Bool, _ activation: Activation,
    _ file: String, _ line: Int
  ) -> Entry {
    Entry(
      op: op, shape: shape, network: network, name: name, count: count, bias: bias, activation: activation,
      location: Harness.SourceLocation(file: file, line: line))
  }

  /// The example of Benchmarks/README.md is a suite.
  @Test func documentedExampleLoads() throws {
    let readme = try String(contentsOfFile: "\(shippedSuites)/README.md", encoding: .utf8)
    let example = try #require(readme.split(separator: "```yaml\n").dropFirst().first?.split(separator: "```").first)
    let folder = try TemporaryFolder(["shapes_my_network": "mb1ic8oc4"])
    let suite = try folder.suite(String(example))
    #expect(suite.name == "my-network")
    #expect(suite.entries.count == 5)
    #expect(suite.axes.kernel?.values == ["simd*", "packed"])
  }

  @Test func defaults() throws {
    let suite = try TemporaryFolder().suite("layers: [ic8oc4]", named: "small one.yml")
    #expect(suite.name == "small-one")
    #expect(suite.description == nil)
    #expect(suite.entries.map(\.network) == ["small-one"])
    #expect(suite.entries.map(\.shape.mb) == [2])
    #expect(suite.entries.map(\.bias) == [false])
    #expect(suite.entries.map(\.activation) == [.none])
    #expect(suite.axes == Harness.Suite.Axes())
    #expect(suite.precision == nil && suite.maxTime == nil)
  }

  @Test func equalLayersOfANetworkAreOne() throws {
    let suite = try TemporaryFolder().suite(
      """
      layers:
        - mb1ic8oc4n"a*2"
        - mb1ic8oc5
        - mb1ic8_oc4n"b*3"
        - { descriptor: mb1ic8oc4, network: other }
        - { descriptor: mb1ic8oc4, activation: relu }
        - { descriptor: mb1ic8oc4, bias: true }
      """)
    #expect(suite.entries.map(\.count) == [5, 1, 1, 1, 1])
    #expect(suite.entries.map(\.name) == ["a", nil, nil, nil, nil])
    #expect(suite.entries[0].location.line == 2)
  }

  @Test func otherProblemsAreSkippedAloud() throws {
    let folder = try TemporaryFolder()
    let suite = try folder.suite("layers:\n  - mb1ic8ih4oc8kh3\n  - mb1ic8ih4oc8kh1\n")
    #expect(suite.entries.count == 1)
    let file = "\(folder.path)/test.yaml"
    #expect(suite.skipped.map(\.description) == ["\(file):2: mb1ic8ih4oc8kh3 is skipped: its kernel is 3×3"])
  }

  // MARK: - Files of benchdnn descriptors

  @Test func shapesFileIsASuite() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      """
      # a network
      g1mb1ic3ih224iw224oc64oh112ow112kh7kw7sh2sw2ph3pw3n"net:conv1"
      mb1ic64ih56oc256oh56kh1ph0n"net:2a*4"   # trailing, with an odd " mark
      # mb1ic1oc1 is a comment

      \tmb1ic64ih56oc64oh56kh1ph0n"net:2b" _mb1ic256ih56iw56oc128oh28ow28kh1kw1sh2sw2ph0pw0n"net:3a"\r
      mb1ic2048oc1000n"net:fc 1000"
      """, to: "shapes_net")
    let suite = try Harness.Suite.load(path, searching: [])
    #expect(suite.name == "shapes_net")
    #expect(
      suite.entries.map(\.descriptor) == [
        "mb1ic64ih56oc256oh56kh1ph0", "mb1ic64ih56oc64oh56kh1ph0", "mb1ic256ih56oc128oh28kh1sh2ph0",
        "mb1ic2048oc1000",
      ])
    #expect(suite.entries.map(\.name) == ["net:2a", "net:2b", "net:3a", "net:fc 1000"])
    #expect(suite.entries.map(\.count) == [4, 1, 1, 1])
    #expect(suite.entries.map(\.location.line) == [3, 6, 6, 7])
    #expect(suite.entries.allSatisfy { $0.bias && $0.network == "shapes_net" })
    #expect(suite.skipped.map(\.location.line) == [2])
    #expect(suite.notes.isEmpty)
  }

  @Test func optionsBetweenDescriptors() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      """
      --reset --dir=FWD_D --cfg=f32
      --mb=16
      ic8oc1
      --mb=1,4 mb9ic8oc2
      --mb=0 mb9ic8oc3
      --dir=BWD_D,BWD_WB
      mb1ic8oc4
      --dir=BWD_D,fwd_b mb1ic8oc5
      --cfg=bf16 --reset --matmul
      mb1ic8oc6
      --conv mb1ic8ih2oc7kh1
      --ip mb1ic8ih2oc8
      """, to: "shapes_options")
    let suite = try Harness.Suite.load(path, searching: [])
    #expect(
      suite.entries.map(\.descriptor) == [
        "mb16ic8oc1", "mb1ic8oc2", "mb4ic8oc2", "mb9ic8oc3", "mb1ic8oc5", "mb1ic8ih2oc7oh2kh1ph0", "mb1ic8ih2oc8",
      ])
    #expect(suite.entries.map(\.bias) == [false, false, false, false, true, true, true])
    #expect(suite.skipped.map(\.descriptor) == ["mb1ic8oc4", "mb1ic8oc6"])
    #expect(
      suite.skipped.map(\.reason) == [
        "--dir=BWD_D,BWD_WB is not a forward pass", "--matmul is not convolution or inner product",
      ])
    #expect(suite.notes.map(\.description) == ["\(path):1: benchdnn option --cfg, used 2 times, has no effect here"])
  }

  @Test func batchesAndJoinedLines() throws {
    let folder = try TemporaryFolder([
      "shapes_all": "--batch=more/shapes_a\n--batch=shapes_b",
      "more/shapes_a": "--batch=shapes_c\nmb1\\\nic8oc1\n",
      "more/shapes_c": "mb1ic8oc2",
      "shapes_b": "mb1ic8oc3",
    ])
    let suite = try Harness.Suite.load("\(folder.path)/shapes_all", searching: [])
    #expect(suite.entries.map(\.descriptor) == ["mb1ic8oc2", "mb1ic8oc1", "mb1ic8oc3"])
    #expect(
      suite.entries.map(\.location.file).map { $0.dropFirst(folder.path.count) } == [
        "/more/shapes_c", "/more/shapes_a", "/shapes_b",
      ])
  }

  @Test func endlessBatchesEnd() throws {
    let folder = try TemporaryFolder(["a": "--batch=b", "b": "--batch=a", "wide0": "mb1ic1oc1"])
    expect(loading: "\(folder.path)/a", failsWith: "\(folder.path)/b:1: '\(folder.path)/a' reads itself by --batch")
    for level in 1...12 {
      try folder.write("--batch=wide\(level - 1)\n--batch=wide\(level - 1)", to: "wide\(level)")
    }
    expect(loading: "\(folder.path)/wide12", failsWith: "--batch reads more than 256 files")
  }

  @Test func biasBesideAFileWinsOverDir() throws {
    let folder = try TemporaryFolder(["s": "mb1ic1oc1 --dir=FWD_D mb1ic1oc2 --dir=FWD_B mb1ic1oc3"])
    func biases(_ text: String) throws -> [Bool] { try folder.suite(text).entries.map(\.bias) }
    #expect(try biases("layers: [{ file: s }]") == [false, false, true])
    #expect(try biases("defaults: { bias: true }\nlayers: [{ file: s }]") == [true, false, true])
    #expect(try biases("layers: [{ file: s, bias: true }]") == [true, true, true])
  }

  // MARK: - Errors

  @Test(
    arguments: [
      ("layers: [mb1ic8]", 1, "descriptor 'mb1ic8', column 7: oc is missing"),
      ("layers:\n  - mb1ic8oc8\n  - mb1ic8ocx", 3, "a whole number was expected after oc, but 'x' follows"),
      ("layers:\n  - {descriptor: mb1ic8ih4oc8kh1, op: fc}", 2, "kh belongs to convolutions"),
      ("name: x", 1, "the suite has no 'layers'"),
      ("layers: []", 1, "'layers' of the suite was expected to be a list with at least one element"),
      ("layers: ic1oc1", 1, "'layers' of the suite was expected to be a list"),
      ("- ic1oc1", 1, "the suite was expected to be a mapping of name, description"),
      ("just text", 1, "the suite was expected to be a mapping"),
      ("layers: [ic1oc1]\nlayer: 1", 2, "'layer' is not a key of the suite, did you mean 'layers'?"),
      ("layers: [ic1oc1]\nzzz: 1", 2, "'zzz' is not a key of the suite; expected name, description, network"),
      ("layers: [ic1oc1]\n[a]: 1", 2, "a key that is not text is not a key of the suite"),
      ("layers: [{descriptor: ic1oc1, bais: true}]", 1, "'bais' is not a key of a layer"),
      ("layers: [[ic1oc1]]", 1, "a layer was expected to be a mapping"),
      ("layers: [~]", 1, "a layer's descriptor was expected to be text"),
      ("layers:\n  - bias: true", 2, "a layer was expected to have exactly one of descriptor, file and layers"),
      ("layers:\n  - {descriptor: ic1oc1, file: x}", 2, "exactly one of"),
      ("layers:\n  - layers:\n    - layers: [ic1oc1]", 3, "'layers' is not a key of a layer of a group"),
      (
        "layers:\n  - {descriptor: ic1oc1, bias: perhaps}", 2, "is 'perhaps', but true or false was expected"
      ),
      ("layers:\n  - {descriptor: ic1oc1,\n     activation: swish}", 3, "is 'swish'; expected none, relu, relu6"),
      ("layers: [ic1oc1]\ndefaults: {op: conv}", 2, "is 'conv'; expected conv1x1 or fc"),
      ("layers: [ic1oc1]\ndefaults: 1", 2, "'defaults' of the suite was expected to be a mapping"),
      ("layers: [ic1oc1]\naxes: {layout: [nhcw]}", 2, "is 'nhcw'; expected nchw, nhwc or nc"),
      ("layers: [ic1oc1]\naxes:\n  threads: []", 3, "a list with at least one element"),
      ("layers: [ic1oc1]\naxes: {threads: [1, [2]]}", 2, "each value of 'threads' of 'axes' of the suite"),
      ("layers: [ic1oc1]\naxes: {threads: [1, 1]}", 2, "has '1' twice"),
      ("layers: [ic1oc1]\naxes: {thread: [1]}", 2, "did you mean 'threads'?"),
      ("layers: [ic1oc1]\nsettings: {precision: 0}", 2, "a number of percent greater than 0"),
      ("layers: [ic1oc1]\nsettings: {precision: 2%}", 2, "'2%'"),
      ("layers: [ic1oc1]\nsettings: {max-time: .inf}", 2, "a number of seconds greater than 0"),
      ("layers: [ic1oc1]\nsettings: {max-time: 1e999}", 2, "a number of seconds greater than 0"),
      ("layers: [ic1oc1]\nname: a/b", 2, "'name' of the suite is 'a/b', but ASCII letters"),
      ("layers: [ic1oc1]\nname: ..", 2, "ASCII letters"),
      ("layers: [ic1oc1]\nname:", 2, "'name' of the suite was expected to be text"),
      ("layers: [ic1oc1]\nname: [a]", 2, "'name' of the suite was expected to be text"),
      ("name: a\nlayers: [ic1oc1]\nname: b", nil, "'name' is given twice"),
      ("name: \"a", nil, "is not YAML"),
      ("a: b: c", 1, "is not YAML"),
      ("layers: *nothing", 1, "is not YAML"),
      ("# only a comment", nil, "has no content"),
      ("layers:\n  - file: missing", 2, "/missing' does not exist"),
      ("layers:\n  - file: .", 2, "is a folder"),
      ("layers:\n  - file: \"a\\0b\"", 2, "is not a path"),
      ("layers: ['mb1ic1oc1n\"*9223372036854775807\"', mb1ic1oc1]", 1, "the counts of equal layers"),
    ] as [(String, Int?, String)])
  func errorsNameTheLine(text: String, line: Int?, part: String) throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: SuiteError.self) { try folder.suite(text) }
    #expect(error?.location?.file == "\(folder.path)/test.yaml")
    if let line { #expect(error?.location?.line == line) }
    #expect(error?.message.contains(part) == true, "\(error?.description ?? "no error")")
    #expect(error?.description.contains("\n") == false)
  }

  @Test(
    arguments: [
      ("mb1ic1oc1\nmb1ic1oc1 bogus", 2, "'bogus' is not a key"),
      ("mb1ic1oc1n\"a", 1, "a quotation mark after"),
      ("\n--mb=x mb1ic1oc1", 2, "option '--mb=x' was expected to give whole numbers"),
      ("--mb=1,,2", 1, "whole numbers"),
      ("--mb=-1", 1, "whole numbers"),
      ("--mb=99999999999999999999", 1, "whole numbers"),
      ("--mb=4000000000000 ic1oc1", 1, "has more than 2^40 elements"),
      ("--batch=gone", 1, "/gone' does not exist"),
      ("# nothing but words\n--reset", nil, "has no descriptors"),
    ] as [(String, Int?, String)])
  func errorsInShapesNameTheLine(text: String, line: Int?, part: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(text, to: "shapes_x")
    let error = #expect(throws: SuiteError.self) { try Harness.Suite.load(path, searching: []) }
    #expect(error?.location == Harness.SourceLocation(file: path, line: line))
    #expect(error?.message.contains(part) == true, "\(error?.description ?? "no error")")
  }

  private func expect(
    loading name: String, searching folders: [String] = [], failsWith part: String,
    sourceLocation: Testing.SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: SuiteError.self, sourceLocation: sourceLocation) {
      try Harness.Suite.load(name, searching: folders)
    }
    #expect(
      error?.description.contains(part) == true, "\(error?.description ?? "no error")", sourceLocation: sourceLocation)
    #expect(error?.description.contains("\n") == false, sourceLocation: sourceLocation)
  }

  @Test func filesThatAreNoText() throws {
    let folder = try TemporaryFolder()
    for name in ["a.yaml", "shapes_a"] {
      expect(loading: try folder.write(Data([0x6C, 0xFF, 0xFE]), to: name), failsWith: "\(name): is not UTF-8")
      expect(loading: try folder.write("", to: name), failsWith: "\(name): is empty")
      expect(loading: try folder.write(" \n\n", to: name), failsWith: "\(name): is empty")
    }
    #expect(try folder.suite("\u{FEFF}layers: [ic1oc1]").entries.count == 1)
    #expect(try folder.suite("\u{FEFF}ic1oc1", named: "shapes_bom").entries.count == 1)
    expect(loading: folder.path, failsWith: "\(folder.path): is a folder")
    expect(loading: "\(folder.path)/gone.yaml", failsWith: "gone.yaml: does not exist")
    expect(loading: "\(folder.path)/gone", failsWith: "gone: does not exist")
    expect(loading: "/dev/zero", failsWith: "/dev/zero: has more than 16 MiB")
    try folder.write("layers: [ic1oc1]", to: "folder.yaml/x")
    expect(loading: "\(folder.path)/folder.yaml", failsWith: "is a folder")
  }

  @Test(.enabled("root may read everything") { getuid() != 0 })
  func unreadableFile() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("layers: [ic1oc1]", to: "secret.yaml")
    try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: path)
    expect(loading: path, failsWith: "secret.yaml: cannot be read: permission denied")
  }

  // MARK: - Finding suites

  @Test func recordsNameAShippedSuiteByItsPlaceInThePackage() throws {
    let folder = try TemporaryFolder([
      "Shipped/one.yaml": "layers: [{ file: more/list }]", "Shipped/more/list": "ic1oc1",
    ])
    for path in ["\(folder.path)/Shipped", "\(folder.path)/Shipped/", "\(folder.path)/Shipped/../Shipped/."] {
      let suite = try Harness.Suite.load("one", searching: [path])
      #expect(suite.place == "Shipped/one.yaml", "\(path)")
      #expect(suite.place(of: try #require(suite.entries.first).location.file) == "Shipped/more/list", "\(path)")
      #expect(suite.place(of: "/elsewhere/list") == "/elsewhere/list")
    }
    let file = "\(folder.path)/Shipped/one.yaml"
    let given = try Harness.Suite.load(file, searching: ["\(folder.path)/Shipped"])
    #expect(given.place == file && given.place(of: "\(folder.path)/Shipped/more/list").hasPrefix(folder.path))
  }

  @Test func namesGoBeforeFiles() throws {
    let folder = try TemporaryFolder([
      "one.yaml": "layers: [ic1oc1]\ndescription: first", "two.yml": "layers: [ic1oc1]", "broken.yaml": "layers: 1",
      ".hidden.yaml": "layers: [ic1oc1]", "README.md": "text",
    ])
    #expect(try Harness.Suite.load("one", searching: ["/nowhere", folder.path]).description == "first")
    #expect(try Harness.Suite.load("two", searching: [folder.path]).name == "two")
    expect(loading: "", searching: [folder.path], failsWith: "the text is empty")
    expect(
      loading: "onw", searching: [folder.path],
      failsWith: "'onw' is neither a suite nor a file; did you mean 'one'? the suites are broken, one and two")
    expect(loading: "zebra", searching: [folder.path], failsWith: "nor a file; the suites are broken, one and two")
    expect(loading: "zebra", failsWith: "no Benchmarks folder with suites was found; set POINTWISE_BENCHMARKS")

    // A path is looked for in the folder that is given, if it is there, and a name is not.
    let origin = try TemporaryFolder(["one": "ic1oc1\n", "three.yaml": "layers: [ic1oc1]"])
    #expect(try Harness.Suite.load("one", searching: [folder.path], from: origin.path).description == "first")
    #expect(try Harness.Suite.load("one", searching: [], from: origin.path).file == "\(origin.path)/one")
    #expect(try Harness.Suite.load("three.yaml", searching: [], from: origin.path).name == "three")
    #expect(try Harness.Suite.load("\(folder.path)/one.yaml", searching: [], from: origin.path).name == "one")

    let listings = Harness.Suite.available(in: folder.path)
    #expect(listings.map(\.name) == ["broken", "one", "two"])
    #expect((try? listings[1].suite.get())?.description == "first")
    #expect(throws: SuiteError.self) { try listings[0].suite.get() }
    #expect(Harness.Suite.available(in: "/nowhere").isEmpty)
  }

  // MARK: - Anything at all

  @Test(arguments: [21, 22, 23] as [UInt64])
  func mutationsNeverCrash(seed: UInt64) throws {
    let folder = try TemporaryFolder(["shapes_x": "mb1ic8oc4n\"file*2\"\n"])
    let yaml = Array(
      """
      name: my-suite
      defaults: { op: fc, bias: true, activation: gelu }
      layers:
        - mb1ic8ih2oc16n"plain*3"
        - { descriptor: mb1ic64ih56oc256kh1, op: conv1x1, bias: false, network: Other }
        - file: shapes_x
        - activation: silu
          layers: [mb1ic8oc32, { descriptor: mb1ic8oc64, activation: tanh }]
      axes: { layout: [nhwc], threads: [1, all], bind: [close, spread] }
      settings: { precision: 2.5, max-time: 1 }
      """.utf8)
    let shapes = Array("--mb=1,4 mb1ic8oc4n\"a*2\" # x\n--dir=FWD_D ic1\\\noc2\n--batch=shapes_x\n".utf8)
    let pieces = [
      "\n", "  ", "- ", ": ", "[", "]", "{", "}", "&a ", "*a", "!!", "!!int ", "|", ">", "'", "\"", "#", "%", "@", "~",
      "\t", "\u{0}", "é", "---\n", "...", "<<: ", "0", "99999999999999999999", "\\", "--mb=", "--batch=", "layers:",
    ].map { Array($0.utf8) }
    var random = SplitMix(seed: seed)
    var outcomes: Set<String> = []
    for trial in 0..<1000 {
      let isYAML = trial % 4 != 0
      var bytes = isYAML ? yaml : shapes
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let position = Int.random(in: 0...bytes.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0, 1: bytes.insert(contentsOf: pieces.randomElement(using: &random) ?? [], at: position)
        case 2 where position < bytes.count: bytes[position] = UInt8.random(in: 0...255, using: &random)
        case 3: bytes.removeSubrange(position..<min(bytes.count, position + Int.random(in: 0...40, using: &random)))
        default: bytes.removeSubrange(position..<min(bytes.count, position + 1))
        }
      }
      let path = try folder.write(Data(bytes), to: isYAML ? "m.yaml" : "m")
      do throws(SuiteError) {
        _ = try Harness.Suite.load(path, searching: [])
        outcomes.insert("suite")
      } catch {
        outcomes.insert("error")
        #expect(
          error.description.unicodeScalars.allSatisfy { $0.value >= 0x20 },
          "seed \(seed), trial \(trial): \(error.description)")
      }
    }
    #expect(outcomes == ["suite", "error"], "seed \(seed)")
  }

  @Test func deepNestingIsAnError() throws {
    let folder = try TemporaryFolder()
    let deep = String(repeating: "[", count: 100_000)
    #expect(throws: SuiteError.self) { try folder.suite("layers: " + deep) }
    let closed = String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
    #expect(throws: SuiteError.self) { try folder.suite("layers: " + closed) }
  }
}

/// Vigna's SplitMix64, so that random tests repeat themselves.
private struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
