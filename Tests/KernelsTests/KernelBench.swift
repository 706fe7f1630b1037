import Harness
import Kernels
import Layers
import Testing
import Topology

/// A kernel of the catalog as a test's argument.
struct ListedKernel: Sendable, CustomTestStringConvertible {
  let kernel: Kernel
  var testDescription: String { "\(kernel.name)-\(kernel.isa.rawValue)" }

  /// Every kernel × ISA that this CPU executes.
  static let all = Catalog.current().kernels.map(ListedKernel.init)
}

/// The seed of all data in these tests.
let testSeed: UInt64 = 20

/// One layer's tensors and reference, on which kernels are run block by block, without a team.
final class KernelBench {
  let layer: Layer
  let problem: Problem
  let tensors: LayerTensors
  let reference: Reference

  init(_ layer: Layer, _ pattern: DataPattern, caches: CacheSizes = .assumed) throws {
    self.layer = layer
    problem = Problem(layer, caches: caches)
    tensors = try LayerTensors(layer, pattern: pattern, seed: testSeed)
    reference = Reference(tensors, seed: testSeed)
  }

  /// What one execution left behind.
  struct Result {
    /// The bits of the output: the same bits are the same result, NaNs included.
    var bits: [UInt32]
    /// What comparing with the reference showed.
    var failure: String?
    /// Which buffer was written outside of its ends.
    var damage: String?
  }

  /// The weights as `kernel` wants them, or nil if it reads them as they come.
  func packedWeights(_ kernel: Kernel) throws -> Weights? {
    let count = kernel.packedWeightCount(problem)
    return count == 0 ? nil : try Weights(kernel, problem, tensors, count)
  }

  final class Weights {
    let buffer: FloatBuffer
    init(_ kernel: Kernel, _ problem: Problem, _ tensors: LayerTensors, _ count: Int) throws {
      buffer = try FloatBuffer(count: count)
      kernel.packWeights(problem, tensors.weights.pointer, buffer.pointer)
    }
  }

  private final class Scratch {
    let buffer: FloatBuffer
    init(_ count: Int) throws { buffer = try FloatBuffer(count: count) }
  }

  /// Computes `blocks` one after the other into a poisoned output, each with scratch memory of its own, all of it of
  /// exactly the size that the kernel asks for.
  func run(_ kernel: Kernel, _ blocks: [Block], packed: Weights?, isChecked: Bool) throws -> Result {
    let output = try FloatBuffer(count: layer.outputCount)
    var damage: String?
    for block in blocks where !block.isEmpty {
      let scratch = try Scratch(kernel.scratchCount(problem))
      kernel.compute(
        problem,
        Operands(
          input: tensors.input.pointer, weights: packed?.buffer.pointer ?? tensors.weights.pointer,
          bias: tensors.bias, output: output.pointer, scratch: scratch.buffer.pointer),
        block)
      if let distance = scratch.buffer.firstDamage() { damage = "scratch memory at \(distance)" }
    }
    if let distance = output.firstDamage() { damage = "output at \(distance)" }
    if let distance = tensors.input.firstDamage() { damage = "input at \(distance)" }
    if let distance = tensors.weights.firstDamage() { damage = "weights at \(distance)" }
    if let packed, let distance = packed.buffer.firstDamage() { damage = "packed weights at \(distance)" }
    let bits = (0..<output.count).map { output.pointer[$0].bitPattern }
    let failure = isChecked ? ResultCheck.compare(output, of: layer, with: reference).failure : nil
    return Result(bits: bits, failure: failure, damage: damage)
  }

  /// Divides the summed dimension among `threads` workers, and combines their sums, on as many parts of the output.
  func reduce(_ kernel: Kernel, threads: Int) throws -> Result {
    let division = Split.reduction.division(of: problem, for: kernel, threads: threads)
    let output = try FloatBuffer(count: layer.outputCount)
    var damage: String?
    var partials: [Scratch] = []
    for (block, terms) in zip(division.blocks, division.terms ?? []) {
      let part = problem.partial(terms)
      let scratch = try Scratch(kernel.scratchCount(part))
      let packed = try Scratch(kernel.packedWeightCount(part))
      let partial = try Scratch(layer.outputCount)
      let plain = UnsafePointer(tensors.weights.pointer + terms.lowerBound)
      if packed.buffer.count > 0 { kernel.packWeights(part, plain, packed.buffer.pointer) }
      kernel.compute(
        part,
        Operands(
          input: tensors.input.pointer + terms.lowerBound * problem.inputChannelStride,
          weights: packed.buffer.count > 0 ? UnsafePointer(packed.buffer.pointer) : plain, bias: nil,
          output: partial.buffer.pointer, scratch: scratch.buffer.pointer),
        block)
      for (name, buffer) in [("scratch memory", scratch), ("packed weights", packed), ("partial sums", partial)] {
        if let distance = buffer.buffer.firstDamage() { damage = "\(name) at \(distance)" }
      }
      partials.append(partial)
    }
    let pointers = partials.map { UnsafePointer($0.buffer.pointer) }
    for part in 0..<threads {
      let elements = output.count * part / threads..<output.count * (part + 1) / threads
      kernel.combine(problem, pointers, tensors.bias, output.pointer, elements)
    }
    withExtendedLifetime(partials) {}
    if let distance = output.firstDamage() { damage = "output at \(distance)" }
    let bits = (0..<output.count).map { output.pointer[$0].bitPattern }
    return Result(bits: bits, failure: ResultCheck.compare(output, of: layer, with: reference).failure, damage: damage)
  }

  /// The whole output.
  var whole: Block { Block(rows: 0..<layer.m, columns: 0..<layer.n) }

  /// Ways to divide the output: every split on several numbers of threads, more than there are rows and columns among
  /// them, and borders that no split makes.
  func divisions(_ grain: Grain) -> [(name: String, blocks: [Block])] {
    var divisions: [(String, [Block])] = []
    for split in Split.ofOutput {
      for threads in split == .none ? [3] : [2, 3, 7] {
        let blocks = split.blocks(m: layer.m, n: layer.n, threads: threads, grain: grain)
        divisions.append(("\(split), \(threads) threads", blocks))
      }
    }
    // Rows may begin anywhere, columns on a grain.
    var uneven: [Block] = []
    var n = 0
    while n < layer.n {
      let n1 = min(layer.n, n + grain.columns * (uneven.count % 3 + 1))
      var m = 0
      while m < layer.m {
        let m1 = min(layer.m, m + uneven.count % 5 * 3 + 1)
        uneven.append(Block(rows: m..<m1, columns: n..<n1))
        m = m1
      }
      n = n1
    }
    divisions.append(("uneven blocks", uneven.reversed()))
    return divisions
  }
}

/// Layers of every tile size there may be: 1…17 rows, and up to three vectors of every ISA, whole and one short.
func tileLayers() throws -> [Layer] {
  var layers: [Layer] = []
  for rows in 1...17 {
    for vectors in [4, 8, 12, 16, 24, 32, 48] {
      for width in [vectors - 1, vectors] {
        layers.append(try Layer(op: .fc, shape: .fc(mb: rows, ic: 5, oc: width), layout: .nc, bias: rows % 2 == 0))
        layers.append(
          try Layer(
            op: .conv1x1, shape: .conv1x1(ic: 5, oc: rows, ih: 1, iw: width), layout: .nchw, bias: rows % 2 == 0,
            activation: .relu))
      }
    }
  }
  return layers
}
