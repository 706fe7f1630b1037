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
  /// The tensors. Nil only while they are exchanged, so that the old ones are released before the new ones are made.
  private var heldTensors: LayerTensors?
  var tensors: LayerTensors {
    guard let heldTensors else { preconditionFailure("tensors are exchanged, not used") }
    return heldTensors
  }
  private let seed: UInt64
  private var packed: [String: PackedWeights] = [:]
  private var sets: [String: [BufferSet]] = [:]
  private let coldBytes: Int
  private var scratch: [String: [SharedBuffer]] = [:]
  private let threads: Int

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

  /// Allocates tensors of `pattern` and the output; packed weights and scratch memory, for teams of up to `threads`
  /// workers, follow when a kernel first needs them.
  ///
  /// - Parameter coldBytes: what copies must fill together so that no cache holds them.
  init(
    _ layer: Layer, caches: CacheSizes, threads: Int, pattern: DataPattern, seed: UInt64, coldBytes: Int = 0
  ) throws(OutOfMemory) {
    self.layer = layer
    self.seed = seed
    self.coldBytes = coldBytes
    problem = Problem(layer, caches: caches)
    output = try FloatBuffer(count: layer.outputCount)
    heldTensors = try LayerTensors(layer, pattern: pattern, seed: seed)
    self.threads = threads
  }

  /// Replaces the tensors, and forgets the weights that were packed from the old ones.
  func use(_ pattern: DataPattern) throws(OutOfMemory) {
    if tensors.pattern == pattern { return }
    packed = [:]
    sets = [:]
    heldTensors = nil
    heldTensors = try LayerTensors(layer, pattern: pattern, seed: seed)
  }

  /// The weights that `kernel` has packed; nil for a kernel that reads them as they come.
  func packedWeights(_ kernel: Kernel) throws(OutOfMemory) -> PackedWeights? {
    guard kernel.packedWeightCount(problem) > 0 else { return nil }
    if let weights = packed[kernel.identifier] { return weights }
    let weights = try PackedWeights(kernel, problem, tensors)
    packed[kernel.identifier] = weights
    return weights
  }

  /// Each worker's scratch memory, exactly as much as `kernel` asks for: memory that were shared with a kernel that
  /// asks for more would hide an overrun.
  private func scratch(_ kernel: Kernel) throws(OutOfMemory) -> [SharedBuffer] {
    if let scratch = scratch[kernel.identifier] { return scratch }
    var all: [SharedBuffer] = []
    for _ in 0..<threads { all.append(try SharedBuffer(count: kernel.scratchCount(problem))) }
    scratch[kernel.identifier] = all
    return all
  }

  /// Executions of `kernel` over `blocks`, one a worker, each with its own scratch memory.
  ///
  /// - Parameters:
  ///   - cache: which buffers executions use; see ``CacheState``.
  ///   - activation: replaces the layer's own, for a check that needs a linear result.
  func execution(
    _ kernel: Kernel, _ blocks: [Block], cache: CacheState = .hot, activation: Activation? = nil
  ) throws(OutOfMemory) -> Execution {
    precondition(blocks.count <= threads)
    let problem = activation.map { Problem(layer.with(activation: $0), caches: self.problem.caches) } ?? self.problem
    let weights = try packedWeights(kernel)?.buffer.pointer ?? tensors.weights.pointer
    let parts = zip(blocks, try scratch(kernel)).map { block, scratch in
      (
        block,
        Operands(
          input: tensors.input.pointer, weights: weights, bias: tensors.bias, output: output.pointer,
          scratch: scratch.buffer.pointer)
      )
    }
    // Tensors, packed weights and scratch memory live as long as this object, which outlives every execution.
    guard let sets = try bufferSets(kernel, cache) else {
      return Execution { worker in
        let (block, operands) = parts[worker]
        if !block.isEmpty { kernel.compute(problem, operands, block) }
      }
    }
    let turns = Turns(workers: blocks.count, sets: sets.count)
    return Execution(sets, turns) { worker in
      let (block, hot) = parts[worker]
      let operands = sets[turns.next(worker)].operands(hot)
      if !block.isEmpty { kernel.compute(problem, operands, block) }
    }
  }

  /// The copies that executions take in turn; nil for hot caches, which need none.
  private func bufferSets(_ kernel: Kernel, _ cache: CacheState) throws(OutOfMemory) -> [BufferSet]? {
    if cache == .hot { return nil }
    let packed = try packedWeights(kernel)
    let key = "\(cache) \(packed == nil ? "" : kernel.identifier)"
    if let sets = sets[key] { return sets }
    let made = try copies(
      cache, of: packed?.buffer.pointer ?? tensors.weights.pointer, count: packed?.buffer.count ?? tensors.weights.count
    )
    sets[key] = made
    return made
  }

  /// Copies of `count` weights, and, for ``CacheState/cold``, of input and output, that fill `coldBytes` together.
  func copies(
    _ cache: CacheState, of weights: UnsafePointer<Float>, count: Int
  ) throws(OutOfMemory) -> [BufferSet] {
    let floats = count + (cache == .cold ? tensors.input.count + output.count : 0)
    var made: [BufferSet] = []
    for _ in 0..<max(1, (coldBytes + floats * 4 - 1) / (floats * 4)) {
      made.append(
        try BufferSet(
          weights: weights, count: count,
          others: cache == .cold ? (UnsafePointer(tensors.input.pointer), tensors.input.count, output.count) : nil))
    }
    return made
  }

  /// The first damage to a guard band, in words, or nil if all are intact.
  ///
  /// The buffers that all kernels share are intact afterwards, so that the next kernel is not blamed. Without a kernel there
  /// are no packed weights and no scratch memory of the lab's.
  func damage(_ kernel: Kernel?, _ execution: Execution) throws(OutOfMemory) -> String? {
    defer {
      output.restoreGuards()
      tensors.input.restoreGuards()
      tensors.weights.restoreGuards()
      tensors.biasBuffer.restoreGuards()
    }
    var buffers: [(String, Int?)] = [
      ("the output", output.firstDamage()), ("the input", tensors.input.firstDamage()),
      ("the weights", tensors.weights.firstDamage()), ("the bias", tensors.biasBuffer.firstDamage()),
    ]
    if let kernel { buffers.append(("the packed weights", try packedWeights(kernel)?.buffer.firstDamage())) }
    buffers += execution.damages.map { ($0, $1) }
    if let kernel { buffers += try scratch(kernel).map { ("its scratch memory", $0.buffer.firstDamage()) } }
    for case (let name, let distance?) in buffers {
      return distance < 0
        ? "it wrote \(-distance) elements before the start of \(name)"
        : "it wrote \(distance) elements past the end of \(name)"
    }
    return nil
  }
}
