import Foundation
import Layers
import Tensors
import Testing

@testable import Harness

/// A folder of tensors, which is removed with the value.
private final class TensorFolder {
  let url = FileManager.default.temporaryDirectory.appending(path: "pointwise-layer-files-\(UUID().uuidString)")

  init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(at: url) }

  /// Writes a tensor whose elements count up from `start`.
  func write(_ name: String, _ sizes: [Int], from start: Float = 1, step: Float = 1) throws -> TensorPath {
    let buffer = try FloatBuffer(count: sizes.reduce(1, *))
    for i in 0..<buffer.count { buffer.pointer[i] = start + Float(i) * step }
    let file = url.appending(path: name)
    try Data(NpyFile.bytes(buffer, sizes: sizes)).write(to: file)
    return TensorPath(file.path)
  }

  func paths(_ input: [Int], _ weights: [Int], bias: [Int]? = nil, layout: Layout = .nchw) throws -> LayerPaths {
    LayerPaths(
      input: try write("x.npy", input), weights: try write("w.npy", weights),
      bias: try bias.map { try write("b.npy", $0) }, layout: layout)
  }
}

@Suite struct LayerFilesTests {
  @Test func layersFollowFromShapes() throws {
    let folder = try TensorFolder()
    let first = try LayerFiles(
      .conv1x1, try folder.paths([2, 3, 5, 7], [4, 3, 1, 1], bias: [4]), sh: 2, sw: 3, activation: .relu)
    #expect(first.layer.shape == .conv1x1(mb: 2, ic: 3, oc: 4, ih: 5, iw: 7, sh: 2, sw: 3))
    #expect(first.layer.layout == .nchw && first.layer.bias && first.layer.activation == .relu)
    let last = try LayerFiles(.conv1x1, try folder.paths([2, 5, 7, 3], [4, 3], layout: .nhwc))
    #expect(last.layer.shape == .conv1x1(mb: 2, ic: 3, oc: 4, ih: 5, iw: 7) && last.layer.layout == .nhwc)
    let fc = try LayerFiles(.fc, try folder.paths([2, 12], [4, 12]))
    #expect(fc.layer.shape == .fc(mb: 2, ic: 12, oc: 4) && fc.layer.layout == .nc)
    let flat = try LayerFiles(.fc, try folder.paths([2, 3, 2, 2], [4, 12]))
    #expect(flat.layer.shape == .fc(mb: 2, ic: 3, oc: 4, ih: 2, iw: 2))
  }

  struct Wrong: Sendable {
    var op: Op
    var input: [Int]
    var weights: [Int]
    var bias: [Int]?
    var words: [String]
  }

  @Test(arguments: [
    Wrong(
      op: .conv1x1, input: [3, 5, 7], weights: [4, 3],
      words: ["x.npy", "(3, 5, 7)", "[mb][c][h][w], also for one image"]),
    Wrong(op: .conv1x1, input: [], weights: [4, 3], words: ["x.npy", "() has rank 0"]),
    Wrong(op: .conv1x1, input: [1, 3, 5, 7], weights: [4, 3, 3, 3], words: ["w.npy", "(4, 3, 3, 3)", "not 1×1"]),
    Wrong(op: .conv1x1, input: [1, 3, 5, 7], weights: [4, 5], words: ["w.npy", "(4, 5)", "(4, 3)", "(4, 3, 1, 1)"]),
    Wrong(op: .conv1x1, input: [1, 3, 5, 7], weights: [4, 3], bias: [3], words: ["b.npy", "(3,)", "(4,)"]),
    Wrong(op: .conv1x1, input: [1, 3, 5, 7], weights: [4, 3], bias: [4, 1], words: ["b.npy", "(4, 1)", "(4,)"]),
    Wrong(op: .fc, input: [3], weights: [4, 3], words: ["x.npy", "(3,)", "[m][k]"]),
    Wrong(op: .fc, input: [2, 3], weights: [4, 3, 1, 1], words: ["w.npy", "[oc][k]"]),
    Wrong(op: .fc, input: [2, 3], weights: [3, 4], words: ["w.npy", "(3, 4)", "(3, 3)"]),
  ]) func shapesThatDoNotFit(wrong: Wrong) throws {
    let folder = try TensorFolder()
    let paths = try folder.paths(wrong.input, wrong.weights, bias: wrong.bias)
    let error = #expect(throws: TensorError.self) { try LayerFiles(wrong.op, paths) }
    for word in wrong.words {
      #expect(error?.description.contains(word) == true, "\(word) in \(String(describing: error))")
    }
  }

  @Test func bothLayoutsHoldTheSameImages() throws {
    let folder = try TensorFolder()
    let files = try LayerFiles(.conv1x1, try folder.paths([2, 3, 2, 5], [4, 3], bias: [4]))
    let (nchw, nhwc) = (try files.tensors(), try files.tensors(as: .nhwc))
    #expect(nhwc.layer.layout == .nhwc && nhwc.origin == nchw.origin && nchw.origin != nil)
    for m in 0..<nchw.layer.m {
      for k in 0..<3 {
        #expect(
          nchw.input.pointer[nchw.layer.inputIndex(m: m, k: k)] == nhwc.input.pointer[nhwc.layer.inputIndex(m: m, k: k)]
        )
      }
    }
    let back = try LayerFiles(.conv1x1, try folder.paths([2, 2, 5, 3], [4, 3], layout: .nhwc)).tensors(as: .nchw)
    #expect((0..<4).map { back.input.pointer[$0] } == [1, 4, 7, 10])
    #expect((0..<12).map { back.weights.pointer[$0] } == (1...12).map { Float($0) })
  }

  /// The yaml of a layer with tensors, loaded from the folder.
  private func suite(_ folder: TensorFolder, _ yaml: String) throws -> Harness.Suite {
    let file = folder.url.appending(path: "s.yaml")
    try Data(yaml.utf8).write(to: file)
    return try Harness.Suite.load(file.path, searching: [])
  }

  @Test func suitesNameTensors() throws {
    let folder = try TensorFolder()
    _ = try folder.paths([1, 3, 4, 4], [5, 3], bias: [5])
    let loaded = try suite(
      folder,
      """
      layers:
        - { descriptor: mb1ic3ih4oc5oh4kh1, tensors: { input: x.npy, weights: w.npy, bias: b.npy } }
        - { descriptor: mb1ic3ih5oc5oh5kh1 }
      """)
    #expect(loaded.entries[0].bias && !loaded.entries[1].bias)
    let files = try #require(try loaded.entries[0].files())
    #expect(files.layer.shape == .conv1x1(ic: 3, oc: 5, ih: 4, iw: 4))
    #expect(try loaded.entries[1].files() == nil)
    let results = try Examples.results(
      CaseGroup(
        suite: "s", entry: loaded.entries[0], layer: try loaded.entries[0].layer(layout: .nhwc),
        cases: try Catalog.current().kernels.map { try Examples.item($0) }))
    #expect(results.count > 3 && results.allSatisfy { $0.measurement != nil })
    // Sums of these numbers reach 800; the random ones stay near 2.
    #expect(results.allSatisfy { ($0.verification?.bound ?? 0) > 1e-5 })
  }

  @Test(arguments: [
    ("{ descriptor: mb1ic3ih4oc5oh4kh1, tensors: { input: x.npy } }", "'input' and 'weights'"),
    ("{ descriptor: mb1ic3ih4oc5oh4kh1, tensors: { input: x.npy, weights: w.npy, layout: nc } }", "nchw or nhwc"),
    (
      "{ descriptor: mb1ic3ih4oc5oh4kh1, tensors: { input: x.npy, weights: w.npy, wieghts: w.npy } }",
      "did you mean 'weights'"
    ),
    (
      "{ descriptor: mb1ic3ih4oc5oh4kh1, bias: true, tensors: { input: x.npy, weights: w.npy } }",
      "for a layer with a bias"
    ),
    (
      "{ descriptor: mb1ic3ih4oc5oh4kh1, bias: false, tensors: { input: x.npy, weights: w.npy, bias: b.npy } }",
      "with a bias only"
    ),
    ("{ file: shapes, tensors: { input: x.npy, weights: w.npy } }", "beside 'descriptor' only"),
    (
      "{ descriptor: mb1ic3ih4oc5oh4kh1, tensors: { input: x.npy, weights: w.npy } }\n  - mb1ic3ih4oc5oh4kh1",
      "with other tensors already"
    ),
  ]) func suitesThatAreWrong(yaml: String, words: String) throws {
    let folder = try TensorFolder()
    let error = #expect(throws: SuiteError.self) { try suite(folder, "layers:\n  - \(yaml)\n") }
    #expect(error?.description.contains(words) == true, "\(String(describing: error))")
  }

  @Test func sumsBeyondSinglePrecisionAreRefused() throws {
    let folder = try TensorFolder()
    let paths = LayerPaths(
      input: try folder.write("x.npy", [2, 4], from: 1e30, step: 0),
      weights: try folder.write("w.npy", [3, 4], from: 1e9, step: 0), bias: nil, layout: .nchw)
    let tensors = try LayerFiles(.fc, paths).tensors()
    let error = #expect(throws: TensorError.self) { try tensors.requireRange(Reference(tensors, seed: 1)) }
    #expect(error?.description.contains("row 0, column 0") == true)
    // Random tensors and large numbers whose sums stay in range are none.
    let fine = try LayerFiles(
      .fc, LayerPaths(input: paths.input, weights: try folder.write("v.npy", [3, 4]), bias: nil, layout: .nchw)
    ).tensors()
    try fine.requireRange(Reference(fine, seed: 1))
  }

  @Test func theReferenceCacheTellsTensorsApart() throws {
    let folder = try TensorFolder()
    let cache = ReferenceCache()
    var values: [[Double]] = []
    for name in ["a.npy", "b.npy"] {
      let paths = LayerPaths(
        input: try folder.write(name, [2, 4], from: name == "a.npy" ? 1 : 5),
        weights: try folder.write("w.npy", [3, 4]),
        bias: nil, layout: .nchw)
      values.append(cache.reference(for: try LayerFiles(.fc, paths).tensors(), seed: 1).0.values)
    }
    let random = try LayerTensors(
      try Layer(op: .fc, shape: .fc(mb: 2, ic: 4, oc: 3), layout: .nc), pattern: .real, seed: 1)
    values.append(cache.reference(for: random, seed: 1).0.values)
    #expect(Set(values).count == 3)
    #expect(values[0][0] == 1 + 4 + 9 + 16)
  }
}
