import Kernels
import Layers
import Teams

/// What all cases of one layer share while they are checked and measured: tensors, packed weights, scratch memory and
/// the output.
///
/// The tensors are exchanged when the data pattern changes; everything else is allocated once.
final class Workbench {
  let layer: Layer
  let problem: Problem
  let output: FloatBuffer
  private(set) var tensors: LayerTensors
  private let seed: UInt64
  private var packed: [String: PackedWeights] = [:]
  private let scratch: [Scratch]

  /// Weights that a kernel has packed.
  final class PackedWeights: Sendable {
    let buffer: FloatBuffer
    /// How long packing took, in nanoseconds.
    let nanoseconds: UInt64

    init(_ kernel: Kernel, _ problem: Problem, _ tensors: LayerTensors) throws(OutOfMemory) {
      buffer = try FloatBuffer(count: kernel.packedWeightCount(problem))
      // Once to touch the pages: a user who packs weights keeps the memory.
      kernel.packWeights(problem, tensors.weights.pointer, buffer.pointer)
      let start = monotonicNanoseconds()
      kernel.packWeights(problem, tensors.weights.pointer, buffer.pointer)
      nanoseconds = monotonicNanoseconds() - start
    }
  }

  /// One worker's scratch memory.
  private final class Scratch: Sendable {
    let buffer: FloatBuffer

    init(count: Int) throws(OutOfMemory) { buffer = try FloatBuffer(count: count) }
  }

  /// Allocates everything for teams of up to `threads` workers running `kernels`, with tensors of `pattern`.
  init(
    _ layer: Layer, caches: CacheSizes, kernels: [Kernel], threads: Int, pattern: DataPattern, seed: UInt64
  ) throws(OutOfMemory) {
    self.layer = layer
    self.seed = seed
    problem = Problem(layer, caches: caches)
    output = try FloatBuffer(count: layer.outputCount)
    tensors = try LayerTensors(layer, pattern: pattern, seed: seed)
    let count = kernels.map { [problem] in $0.scratchCount(problem) }.max() ?? 0
    var scratch: [Scratch] = []
    for _ in 0..<threads { scratch.append(try Scratch(count: count)) }
    self.scratch = scratch
  }

  /// Replaces the tensors, and forgets the weights that were packed from the old ones.
  func use(_ pattern: DataPattern) throws(OutOfMemory) {
    if tensors.pattern == pattern { return }
    packed = [:]
    tensors = try LayerTensors(layer, pattern: pattern, seed: seed)
  }

  /// The weights that `kernel` has packed; nil for a kernel that reads them as they come.
  func packedWeights(_ kernel: Kernel) throws(OutOfMemory) -> PackedWeights? {
    guard kernel.packedWeightCount(problem) > 0 else { return nil }
    let key = "\(kernel.name) \(kernel.isa)"
    if let weights = packed[key] { return weights }
    let weights = try PackedWeights(kernel, problem, tensors)
    packed[key] = weights
    return weights
  }

  /// What each worker of a team does: its block of the output, with its own scratch memory.
  ///
  /// - Parameter activation: replaces the layer's own, for a check that needs a linear result.
  func job(
    _ kernel: Kernel, _ blocks: [Block], activation: Activation? = nil
  ) throws(OutOfMemory) -> @Sendable (Int) -> Void {
    precondition(blocks.count <= scratch.count)
    let problem = activation.map { Problem(layer.with(activation: $0), caches: self.problem.caches) } ?? self.problem
    let weights = try packedWeights(kernel)?.buffer.pointer ?? tensors.weights.pointer
    let parts = zip(blocks, scratch).map { block, scratch in
      (
        block,
        Operands(
          input: tensors.input.pointer, weights: weights, bias: tensors.bias, output: output.pointer,
          scratch: scratch.buffer.pointer)
      )
    }
    // The tensors and packed weights live as long as this object, which outlives every run of the job.
    return { worker in
      let (block, operands) = parts[worker]
      if !block.isEmpty { kernel.compute(problem, operands, block) }
    }
  }

  /// The first damage to a guard band, in words, or nil if all are intact.
  func damage(_ kernel: Kernel) throws(OutOfMemory) -> String? {
    var buffers: [(String, Int?)] = [
      ("the output", output.firstDamage()), ("the input", tensors.input.firstDamage()),
      ("the weights", tensors.weights.firstDamage()),
    ]
    buffers.append(("the packed weights", try packedWeights(kernel)?.buffer.firstDamage()))
    buffers += scratch.map { ("its scratch memory", $0.buffer.firstDamage()) }
    for case (let name, let distance?) in buffers {
      return distance < 0
        ? "it wrote \(-distance) elements before the start of \(name)"
        : "it wrote \(distance) elements past the end of \(name)"
    }
    return nil
  }
}
