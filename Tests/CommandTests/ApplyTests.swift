import Foundation
import Layers
import Tensors
import Testing

/// `pointwise apply`, and runs on given tensors, as a user meets them.
@Suite struct ApplyTests {
  /// A folder with a convolution's tensors in both layouts, and its result by the definition.
  private final class Layers {
    let folder: TemporaryFolder
    let (mb, ic, oc, ih, iw, oh, ow) = (2, 5, 7, 5, 4, 3, 2)

    init() throws {
      folder = try TemporaryFolder()
      var generator = SeededGenerator(seed: 3)
      func numbers(_ count: Int) -> [Float] {
        (0..<count).map { _ in Float(Int.random(in: -9...9, using: &generator)) / 8 }
      }
      let x = numbers(mb * ic * ih * iw)
      let (w, b) = (numbers(oc * ic), numbers(oc))
      var (xLast, y, yLast) = (x, [Float](repeating: 0, count: mb * oc * oh * ow), [Float]())
      yLast = y
      for image in 0..<mb {
        for c in 0..<ic {
          for p in 0..<ih * iw { xLast[(image * ih * iw + p) * ic + c] = x[(image * ic + c) * ih * iw + p] }
        }
        for o in 0..<oc {
          for (p, (i, j)) in (0..<oh).flatMap({ i in (0..<ow).map { (i, $0) } }).enumerated() {
            var sum = b[o]
            for c in 0..<ic { sum += x[((image * ic + c) * ih + i * 2) * iw + j * 2] * w[o * ic + c] }
            y[(image * oc + o) * oh * ow + p] = max(0, sum)
            yLast[(image * oh * ow + p) * oc + o] = max(0, sum)
          }
        }
      }
      try write("x.npy", x, [mb, ic, ih, iw])
      try write("x-last.npy", xLast, [mb, ih, iw, ic])
      try write("w.npy", w, [oc, ic, 1, 1])
      try write("b.npy", b, [oc])
      try write("y.npy", y, [mb, oc, oh, ow])
      try write("y-last.npy", yLast, [mb, oh, ow, oc])
    }

    func write(_ name: String, _ values: [Float], _ sizes: [Int]) throws {
      let buffer = try FloatBuffer(count: values.count)
      for (i, value) in values.enumerated() { buffer.pointer[i] = value }
      try Data(NpyFile.bytes(buffer, sizes: sizes)).write(to: folder.url.appending(path: name))
    }

    func bytes(_ name: String) throws -> Data { try Data(contentsOf: folder.url.appending(path: name)) }

    func apply(_ line: String) throws -> Command.Result {
      try Command.run(
        ["apply"] + line.split(separator: " ", omittingEmptySubsequences: false).map { $0 == "''" ? "" : String($0) },
        in: folder)
    }

    /// The names in the folder.
    var names: Set<String> { Set((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []) }
  }

  static let flags = "--weights w.npy --bias b.npy --stride 2 --activation relu"

  @Test(arguments: ["", "-last"]) func everyKernelInBothLayouts(suffix: String) throws {
    let layers = try Layers()
    try layers.folder.write("old", to: "out.npy")
    let layout = suffix.isEmpty ? "nchw" : "nhwc"
    let result = try layers.apply(
      "--op conv1x1 --input x\(suffix).npy \(Self.flags) --layout \(layout) --kernel all --threads 1,3 --oversubscribe wrap "
        + "--expect y\(suffix).npy --output out.npy")
    #expect(result.code == 0 && result.error.isEmpty, "\(result)")
    // All sums of these eighths are exact, so the output is the definition's to the last bit.
    #expect(try layers.bytes("out.npy") == (try layers.bytes("y\(suffix).npy")))
    for word in [
      "naive", "tiled", "simd", "packed", "-channels-", "-pixels-", "-none-", "y\(suffix).npy: error against",
      "Output: out.npy",
    ] {
      #expect(result.output.contains(word), "\(word) in \(result)")
    }
  }

  @Test func anExpectedOutputThatIsOutside() throws {
    let layers = try Layers()
    try layers.folder.write("old", to: "out.npy")
    var y = (0..<2 * 7 * 6).map { _ in Float(0) }
    let file = try TensorFile(opening: TensorPath(layers.folder.url.appending(path: "y.npy").path)).read()
    for i in y.indices { y[i] = file.values.pointer[i] }
    y[3] += 1e-3
    y[60] += 0.5
    try layers.write("wrong.npy", y, [2, 7, 3, 2])
    let before = layers.names
    let result = try layers.apply(
      "--op conv1x1 --input x.npy \(Self.flags) --threads 1 --expect wrong.npy --output out.npy")
    #expect(result.code == 1, "\(result)")
    #expect(result.sentence?.contains("wrong.npy: the worst element [1, 3, 0, 0] is ") == true, "\(result)")
    #expect(try layers.folder.text("out.npy") == "old", "an output is replaced only on success")
    #expect(layers.names == before)
  }

  struct Line: Sendable, CustomTestStringConvertible {
    var code: Int32
    var arguments: String
    var words: [String]
    var testDescription: String { arguments }
    init(_ code: Int32, _ arguments: String, _ words: String...) {
      (self.code, self.arguments, self.words) = (code, arguments, words)
    }
  }

  @Test(arguments: [
    Line(64, "--op pool --input x.npy --weights w.npy", "--op", "conv1x1, fc"),
    Line(64, "--op conv1x1 --weights w.npy", "--input"),
    Line(64, "--op conv1x1 --input '' --weights w.npy", "--input", "expected a .npy file"),
    Line(64, "--op conv1x1 --input x.npy --weights w.npy --output ''", "--output"),
    Line(64, "--op conv1x1 --input x.npy --weights w.npy --stride 0", "--stride", "'0'", "at least 1"),
    Line(64, "--op conv1x1 --input x.npy --weights w.npy --stride 1,2,3", "--stride"),
    Line(64, "--op conv1x1 --input x.npy --weights w.npy --layout nc", "--layout", "nchw, nhwc"),
    Line(64, "--op fc --input x.npy --weights w.npy --layout nchw", "--layout", "FC"),
    Line(64, "--op fc --input x.npy --weights w.npy --stride 2", "--stride", "FC"),
    Line(64, "--op conv1x1 --input x.npy --weights w.npy --activation step", "--activation", "relu6"),
    Line(64, "--op conv1x1 --input x.npy --weights w.npy --kernel zzz", "--kernel", "zzz", "packed"),
    Line(64, "--op conv1x1 --input x.npy --weights w.npy --threads 60000", "--threads", "60000"),
    Line(65, "--op fc --input x.npy --weights w.npy", "w.npy", "(7, 5, 1, 1)", "[oc][k]"),
    Line(65, "--op conv1x1 --input w.npy --weights x.npy", "x.npy", "not 1×1"),
    Line(65, "--op conv1x1 --input x.npy --weights w.npy --expect y.npy", "y.npy", "(2, 7, 3, 2)", "(2, 7, 5, 4)"),
    Line(65, "--op conv1x1 --input tiny.yaml --weights w.npy", "tiny.yaml", "NUMPY"),
    Line(74, "--op conv1x1 --input none.npy --weights w.npy", "none.npy", "No such file"),
    Line(74, "--op conv1x1 --input x.npy --weights .", "is a folder"),
    Line(74, "--op conv1x1 --input x.npy --weights /dev/zero", "/dev/zero is a device"),
    Line(74, "--op conv1x1 --input x.npy --weights w.npy --output .", "--output .", "a folder"),
    Line(74, "--op conv1x1 --input x.npy --weights w.npy --output none/y.npy", "--output none/y.npy"),
    Line(74, "--op conv1x1 --input x.npy --weights w.npy --output pipe", "--output pipe is a pipe or a device"),
  ]) func whatIsWrong(line: Line) throws {
    let layers = try Layers()
    // A pipe of the test's own, and no device of the machine: a program that fails the test replaces it.
    #expect(mkfifo(layers.folder.url.appending(path: "pipe").path, 0o600) == 0)
    let before = layers.names
    let output = line.arguments.contains("--output") ? "" : " --output out.npy"
    let result = try layers.apply(line.arguments + output)
    #expect(result.code == line.code, "\(result)")
    let sentence = try #require(result.sentence, "\(result)")
    for word in line.words { #expect(sentence.contains(word), "\(word) in: \(sentence)") }
    #expect(layers.names == before && result.output.isEmpty)
  }

  @Test func aRunOnGivenTensors() throws {
    let layers = try Layers()
    let suite = { (input: String) in
      """
      layers:
        - { descriptor: mb2ic5ih5iw4oc7kh1kw1sh2, activation: relu, tensors: { input: \(input), weights: w.npy, bias: b.npy } }
      """
    }
    try layers.folder.write(suite("x.npy"), to: "mine.yaml")
    let result = try Command.run(
      ["run", "mine.yaml", "--threads", "1", "--max-time", "0.05", "--output", "R"], in: layers.folder)
    #expect(result.code == 0, "\(result)")
    let rows = try layers.folder.text("R/results.csv").split(separator: "\n").dropFirst()
    #expect(rows.count >= 8 && rows.allSatisfy { $0.contains(",ok,") && $0.contains(",true,relu,") }, "\(rows)")

    // A file that cannot be used ends the run before there is a folder.
    var x = [Float](repeating: 0, count: 2 * 5 * 5 * 4)
    x[17] = .nan
    try layers.write("nan.npy", x, [2, 5, 5, 4])
    for (input, code, words) in [
      ("nan.npy", 65, "[0, 0, 4, 1] is NaN"), ("b.npy", 65, "(7,)"), ("none.npy", 74, "none.npy"),
    ] as [(String, Int32, String)] {
      try layers.folder.write(suite(input), to: "mine.yaml")
      let result = try Command.run(["run", "mine.yaml", "--output", "S"], in: layers.folder)
      #expect(result.code == code && result.sentence?.contains("mine.yaml:2: ") == true, "\(result)")
      #expect(result.sentence?.contains(words) == true, "\(result)")
      #expect(!layers.folder.exists("S"))
    }
  }
}
