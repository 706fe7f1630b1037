import Foundation
import Harness
import Kernels
import Layers
import Testing

/// Random layers with random tiles, caches and blocks, all operands of which lie between pages that may not be touched.
/// `POINTWISE_FUZZ` says how many there are of each kernel.
@Suite struct FencedMemoryTests {
  static let count = ProcessInfo.processInfo.environment["POINTWISE_FUZZ"].flatMap { Int($0) } ?? 150

  /// In a process of its own, which dies of an access outside of an operand, and notes before each layer what it is.
  @Test(arguments: ListedKernel.all) func accessesNothingButItsOperands(listed: ListedKernel) async throws {
    let identifier = listed.kernel.identifier
    let notes = FileManager.default.temporaryDirectory.appending(path: "\(identifier)-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: notes) }
    let result = await #expect(processExitsWith: .success) {
      [identifier = identifier as String, notes = notes as URL] in
      let kernels = ListedKernel.all.map(\.kernel)
      let kernel = try #require(kernels.first { $0.identifier == identifier })
      let textbook = try #require(kernels.first { $0.name == "naive" && $0.isa == kernel.isa })
      var fuzz = KernelFuzz(kernel, seed: testSeed) { try Data($0.utf8).write(to: notes) }
      for _ in 0..<FencedMemoryTests.count {
        try fuzz.checkOneLayer()
        try fuzz.checkSpecialValues(against: textbook)
      }
    }
    if result == nil {
      Issue.record("the last was \(try String(contentsOf: notes, encoding: .utf8)), seed \(testSeed)")
    }
  }
}

/// Runs one kernel on random layers.
struct KernelFuzz {
  private let kernel: Kernel
  private let note: (String) throws -> Void
  private var random: SeededGenerator
  private let fenced = (0..<6).map { _ in FencedMemory(capacity: 1 << 19) }
  private var input: FencedMemory { fenced[0] }
  private var weights: FencedMemory { fenced[1] }
  private var bias: FencedMemory { fenced[2] }
  private var output: FencedMemory { fenced[3] }
  private var scratch: FencedMemory { fenced[4] }
  private var packed: FencedMemory { fenced[5] }

  /// A fuzzer of `kernel` that says what it is about to run to `note`.
  init(_ kernel: Kernel, seed: UInt64, note: @escaping (String) throws -> Void) {
    self.kernel = kernel
    self.note = note
    random = SeededGenerator(seed: seed)
  }

  /// Checks a random layer: its results in every layout, whatever the tile, the caches, the blocks and the terms, are
  /// right; and the same to the last bit where the kernel promises the same order of summation.
  mutating func checkOneLayer() throws {
    let layers = try randomLayers(activation: Activation.allCases.randomElement(using: &random)!)
    let pattern = DataPattern.allCases.randomElement(using: &random)!
    let reference = Reference(try LayerTensors(layers[0], pattern: pattern, seed: testSeed), seed: testSeed)
    var results: [SummationOrder: (bits: [UInt32], what: String)] = [:]
    for layer in layers + layers {
      let tensors = try LayerTensors(layer, pattern: pattern, seed: testSeed)
      let problem = Problem(layer, caches: randomCaches())
      let kernel = randomTile(problem)
      let what = "\(kernel.name), \(pattern) data, \(problem.caches), \(layer)"
      try note(what)
      let whole = [Block(rows: 0..<layer.m, columns: 0..<layer.n)]
      var bits: [[UInt32]] = []
      for blocks in [whole, randomBlocks(problem, kernel.grain(problem))] {
        let result = compute(kernel, problem, tensors, blocks)
        bits.append(logicalBits(result, layer))
        let failure = ResultCheck.compare(UnsafePointer(result), of: layer, with: reference).failure
        try #require(failure == nil, "\(blocks.count) blocks, \(what)")
      }
      try #require(bits[0] == bits[1], "blocks have other bits, \(what)")
      if let order = kernel.summationOrder(problem) {
        if let other = results[order] {
          try #require(other.bits == bits[0], "other bits than \(other.what): \(what)")
        }
        results[order] = (bits[0], what)
      }
      if layer.k > 1 {
        let sum = computeInParts(kernel, problem, tensors)
        let failure = ResultCheck.compare(UnsafePointer(sum), of: layer, with: reference).failure
        try #require(failure == nil, "terms are divided, \(what)")
      }
    }
  }

  /// Infinities and NaN in input and weights reach the results of their row and column, as they do in the textbook loops,
  /// and no others.
  mutating func checkSpecialValues(against textbook: Kernel) throws {
    let special: [Float] = [.nan, .infinity, -.infinity, .leastNonzeroMagnitude, -0.0]
    for layer in try randomLayers(activation: Activation.none) {
      let tensors = try LayerTensors(layer, pattern: .integer, seed: testSeed)
      for _ in 0..<any(1...3) {
        tensors.input.pointer[any(0...layer.inputCount - 1)] = special.randomElement(using: &random)!
        tensors.weights.pointer[any(0...layer.weightCount - 1)] = special.randomElement(using: &random)!
      }
      let problem = Problem(layer, caches: randomCaches())
      let kernel = randomTile(problem)
      try note("\(kernel.name), special values, \(problem.caches), \(layer)")
      var results: [[UInt32]] = []
      for kernel in [textbook, kernel] {
        let result = compute(kernel, problem, tensors, randomBlocks(problem, kernel.grain(problem)))
        results.append(
          (0..<layer.outputCount).map { (result[$0].isFinite ? 0 : result[$0].isNaN ? .nan : result[$0]).bitPattern })
      }
      try #require(results[0] == results[1], "\(kernel.name), \(problem.caches), \(layer)")
    }
  }

  // MARK: Random choices

  private mutating func any(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

  /// Sizes of all magnitudes up to `most`, and often next to a vector.
  private mutating func size(_ most: Int) -> Int {
    let vectors = [4, 6, 8, 12, 16, 24, 32, 48, 64, 128, 256].randomElement(using: &random)!
    let size = any(0...2) == 0 ? vectors + any(-1...1) : any(1...most)
    return max(1, min(most, any(0...2) == 0 ? any(1...size) : size))
  }

  /// One shape in every layout that it has.
  private mutating func randomLayers(activation: Activation) throws -> [Layer] {
    let isFC = any(0...2) == 0
    var shape: Shape
    repeat {
      let k = any(0...9) == 0 ? [512, 1024, 1031, 2048].randomElement(using: &random)! : size(200)
      shape =
        isFC
        ? .fc(mb: any(0...1) == 0 ? any(1...8) : size(70), ic: k, oc: size(300))
        : .conv1x1(
          mb: any(0...2) == 0 ? any(2...4) : 1, ic: k, oc: size(100), ih: size(20), iw: size(20), sh: any(1...3),
          sw: any(1...3))
    } while shape.mb * shape.oh * shape.ow * shape.ic * shape.oc > 1_000_000 || shape.ic * (shape.oc + 128) > 1 << 19
      || shape.mb * shape.ih * shape.iw * shape.ic > 300_000
    let op = isFC ? Op.fc : .conv1x1
    let bias = any(0...1) == 0
    return try Layout.applicable(to: op).map {
      try Layer(op: op, shape: shape, layout: $0, bias: bias, activation: activation)
    }
  }

  private mutating func randomCaches() -> CacheSizes {
    let l1d = 1 << any(9...16)
    return CacheSizes(l1d: l1d, l2: l1d << any(1...6), l3: 8 << 20)
  }

  private mutating func randomTile(_ problem: Problem) -> Kernel {
    guard any(0...3) > 0, let shape = kernel.tiles.randomElement(using: &random) else { return kernel }
    let rows: [TileChoice.Rows?] = [nil, .pixels, .channels]
    return rows.map { kernel.with(TileChoice(shape, rows: $0)) }.filter { $0.supports(problem) }
      .randomElement(using: &random)!
  }

  /// A division into blocks whose rows begin anywhere, and whose columns begin on a grain.
  private mutating func randomBlocks(_ problem: Problem, _ grain: Grain) -> [Block] {
    var blocks: [Block] = []
    var n = 0
    while n < problem.n {
      let n1 = min(problem.n, n + grain.columns * any(1...3))
      var m = 0
      while m < problem.m {
        let m1 = min(problem.m, m + max(any(1...40), problem.m / 8))
        blocks.append(Block(rows: m..<m1, columns: n..<n1))
        m = m1
      }
      n = n1
    }
    return blocks.shuffled(using: &random)
  }

  private mutating func end() -> FencedMemory.End { .allCases.randomElement(using: &random)! }

  // MARK: Computing

  private mutating func compute(
    _ kernel: Kernel, _ problem: Problem, _ tensors: LayerTensors, _ blocks: [Block]
  ) -> UnsafeMutablePointer<Float> {
    let results = output.floats(tensors.layer.outputCount, at: end())
    compute(kernel, problem, tensors, 0, blocks, bias: tensors.bias, into: results)
    return results
  }

  /// Computes `blocks` of a problem whose terms begin at `first`, on operands that end and begin at fences.
  private mutating func compute(
    _ kernel: Kernel, _ problem: Problem, _ tensors: LayerTensors, _ first: Int, _ blocks: [Block],
    bias biases: UnsafePointer<Float>?, into results: UnsafeMutablePointer<Float>
  ) {
    let layer = tensors.layer
    let plain = weights.constant(tensors.weights.pointer, layer.weightCount, at: end()) + first
    let packedCount = kernel.packedWeightCount(problem)
    var used = plain
    if packedCount > 0 {
      let floats = packed.floats(packedCount, at: end())
      kernel.packWeights(problem, plain, floats)
      packed.protect()
      // The packed weights are all that is read.
      weights.forbid()
      used = UnsafePointer(floats)
    }
    let source = input.constant(tensors.input.pointer, layer.inputCount, at: end())
    let constantBias = biases.map { bias.constant($0, layer.n, at: end()) }
    for block in blocks {
      kernel.compute(
        problem,
        Operands(
          input: source + first * problem.inputChannelStride, weights: used, bias: constantBias, output: results,
          scratch: scratch.floats(kernel.scratchCount(problem), at: end())),
        block)
    }
  }

  /// Divides the terms anywhere, computes the parts, and combines them.
  private mutating func computeInParts(
    _ kernel: Kernel, _ problem: Problem, _ tensors: LayerTensors
  ) -> UnsafeMutablePointer<Float> {
    let layer = tensors.layer
    let cut = any(1...layer.k - 1)
    var partials: [FencedMemory] = []
    var pointers: [UnsafePointer<Float>] = []
    for terms in [0..<cut, cut..<layer.k] {
      let partial = FencedMemory(capacity: layer.outputCount)
      let sums = partial.floats(layer.outputCount, at: end())
      var part = problem.partial(terms)
      // The kernel may have another tile for it, and other weights.
      part.tile = problem.tile
      let kernel = kernel.supports(part) ? kernel : self.kernel
      compute(
        kernel, part, tensors, terms.lowerBound, randomBlocks(part, kernel.grain(part)), bias: nil, into: sums)
      partial.protect()
      partials.append(partial)
      pointers.append(UnsafePointer(sums))
    }
    let results = output.floats(layer.outputCount, at: end())
    let constantBias = tensors.bias.map { bias.constant($0, layer.n, at: end()) }
    let border = any(0...layer.outputCount)
    for elements in [0..<border, border..<layer.outputCount] {
      kernel.combine(problem, pointers, constantBias, results, elements)
    }
    withExtendedLifetime(partials) {}
    return results
  }

  /// The bits of an output, [m][n], whatever its layout.
  private func logicalBits(_ output: UnsafePointer<Float>, _ layer: Layer) -> [UInt32] {
    (0..<layer.m).flatMap { m in (0..<layer.n).map { output[layer.outputIndex(m: m, n: $0)].bitPattern } }
  }
}
