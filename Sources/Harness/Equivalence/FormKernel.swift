import Kernels
import Layers

/// A kernel on one layer: its packed weights, and every worker's scratch memory and block.
final class FormKernel: Sendable {
  /// How long packing took, in nanoseconds; nil for a kernel that packs nothing.
  let prepareNanoseconds: UInt64?
  /// The order in which the kernel sums; nil if it does not say.
  let summationOrder: SummationOrder?
  private let computation: Computation
  private let blocks: [Block]
  private let packed: Workbench.PackedWeights?
  private let scratch: [SharedBuffer]

  /// Packs `weights`, [n][k], and allocates scratch memory for `threads` workers.
  ///
  /// - Requires: `split` does not divide sums.
  init(
    _ kernel: Kernel, _ layer: Layer, weights: UnsafePointer<Float>, split: Split, threads: Int, caches: CacheSizes
  ) throws(OutOfMemory) {
    let problem = Problem(layer, caches: caches)
    computation = kernel.computation(of: problem)
    blocks = split.division(of: problem, for: kernel, threads: threads).blocks
    packed =
      kernel.packedWeightCount(problem) > 0
      ? try Workbench.PackedWeights(kernel, problem, [0..<problem.k], weights) : nil
    prepareNanoseconds = packed?.nanoseconds
    summationOrder = kernel.summationOrder(problem)
    var scratch: [SharedBuffer] = []
    for _ in 0..<threads { scratch.append(try SharedBuffer(count: kernel.scratchCount(problem))) }
    self.scratch = scratch
  }

  /// Worker `worker`'s part of one execution on these tensors.
  ///
  /// - Requires: the tensors outlive the closure, which keeps this object.
  func body(
    input: UnsafePointer<Float>, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    output: UnsafeMutablePointer<Float>
  ) -> @Sendable (_ worker: Int) -> Void {
    let weights = packed.map { UnsafePointer($0.buffer.pointer) } ?? weights
    let operands = scratch.map {
      Operands(input: input, weights: weights, bias: bias, output: output, scratch: $0.buffer.pointer)
    }
    return { [self] worker in
      if !blocks[worker].isEmpty { computation.compute(operands[worker], blocks[worker]) }
    }
  }

  /// Damage to the guard bands of packed weights and scratch memory, in words; nil if there is none.
  var damage: String? {
    if packed?.buffer.firstDamage() != nil { return "it wrote outside of the packed weights" }
    return scratch.contains { $0.buffer.firstDamage() != nil } ? "it wrote outside of its scratch memory" : nil
  }

  /// The bytes that packed weights and scratch memory take.
  static func memoryBytes(_ kernel: Kernel, _ layer: Layer, threads: Int, caches: CacheSizes) -> Int {
    let problem = Problem(layer, caches: caches)
    return (kernel.packedWeightCount(problem) + threads * kernel.scratchCount(problem)) * layer.dtype.size
  }
}

/// Steps that a team takes one after the other, all workers together: one execution of something that has several.
///
/// - Returns: a body for as many iterations as there are steps, or a multiple of that.
func inTurn(_ steps: [@Sendable (Int) -> Void], workers: Int) -> @Sendable (_ worker: Int) -> Void {
  if steps.count == 1 { return steps[0] }
  let turns = Turns(workers: workers, sets: steps.count)
  return { worker in steps[turns.next(worker)](worker) }
}

/// A worker's share of a rearrangement.
///
/// - Requires: the buffers outlive the closure; `@unchecked Sendable` pointers, of which every worker writes its own rows.
func share(
  of rearrangement: Rearrangement, from source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>,
  workers: Int
) -> @Sendable (_ worker: Int) -> Void {
  let ends = MoveEnds(source: source, target: target)
  return { worker in
    let rows = rearrangement.rowCount
    rearrangement.copy(
      rows: rows * worker / workers..<rows * (worker + 1) / workers, from: ends.source, to: ends.target)
  }
}

/// `@unchecked Sendable`: the source is read only, and every worker writes its own rows of the target.
private struct MoveEnds: @unchecked Sendable {
  let source: UnsafePointer<Float>
  let target: UnsafeMutablePointer<Float>
}
