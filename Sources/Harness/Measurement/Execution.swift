import Kernels
import Layers
import Teams

/// What a team executes, step by step, and where the last result is.
final class Execution: Sendable {
  /// One worker's part of one execution.
  let body: @Sendable (_ worker: Int) -> Void
  /// What each worker does when all have ended ``body``; nil if nothing is left to do.
  let combine: (@Sendable (_ worker: Int) -> Void)?
  /// Tensors of partial sums that executions write to; empty where there are none.
  let partials: [SharedBuffer]
  /// How many workers of a team have a part; nil for all.
  private let workers: Int?
  private let sets: [BufferSet]
  private let turns: Turns?

  /// An execution that uses `sets` in turn, or the same buffers every time if there are none.
  init(
    _ sets: [BufferSet]?, _ turns: Turns?, partials: [SharedBuffer] = [], workers: Int? = nil,
    _ body: @escaping @Sendable (Int) -> Void, combine: (@Sendable (Int) -> Void)? = nil
  ) {
    self.body = body
    self.combine = combine
    self.partials = partials
    self.workers = workers
    self.sets = sets ?? []
    self.turns = turns
  }

  /// Executions as a team's work.
  func work(warmUp: Int, iterations: Int) -> TeamWork {
    TeamWork(warmUp: warmUp, iterations: iterations, combine: combine, workers: workers, job: body)
  }

  /// How many executions it takes until every set of buffers has been used.
  var setCount: Int { max(1, sets.count) }

  /// The output that the last execution wrote, unless it is the one that all share.
  var lastOutput: SharedBuffer? { turns.flatMap { sets[$0.last(0)].output } }

  /// Damage to guard bands of the sets, as tensor and distance.
  var damages: [(String, Int)] { sets.compactMap(\.firstDamage) }

  /// Outputs of its own that executions write to; empty if they share one.
  var outputs: [SharedBuffer] { sets.compactMap(\.output) }

  /// What tells one of the `first` outputs from the last one that was written, in words; nil if nothing does.
  ///
  /// All sets hold the same numbers, so all outputs must be the same, bit by bit.
  func differing(first: Int) -> String? {
    guard let last = lastOutput else { return nil }
    for output in outputs.prefix(first) {
      for i in 0..<last.buffer.count
      where output.buffer.pointer[i].bitPattern != last.buffer.pointer[i].bitPattern {
        return
          "element \(i) is \(output.buffer.pointer[i]) with one set of buffers and \(last.buffer.pointer[i]) with another"
      }
    }
    return nil
  }
}

/// One worker's part of an execution.
///
/// `@unchecked Sendable`: the pointers are to this worker's own scratch memory and partial sums.
final class Part: @unchecked Sendable {
  private let computation: Computation
  private let block: Block
  private let scratch: UnsafeMutablePointer<Float>
  private let partial: UnsafeMutablePointer<Float>?
  private let inputOffset: Int
  private let weightOffset: Int

  /// `worker`'s part of `division` of `problem`, as `kernel` computes it. Sums of some of the terms go to `partial`.
  ///
  /// - Parameter packedOffset: where its packed weights begin; nil for plain weights.
  init(
    _ kernel: Kernel, _ problem: Problem, _ division: Division, worker: Int, scratch: SharedBuffer,
    partial: SharedBuffer?, packedOffset: Int?
  ) {
    let terms = division.terms?[worker]
    computation = kernel.computation(of: division.part(of: problem, worker: worker))
    block = division.blocks[worker]
    self.scratch = scratch.buffer.pointer
    self.partial = partial?.buffer.pointer
    inputOffset = (terms?.lowerBound ?? 0) * problem.inputChannelStride
    weightOffset = packedOffset ?? terms?.lowerBound ?? 0
  }

  /// Computes it; `whole` are the layer's operands.
  func compute(_ whole: Operands) {
    if block.isEmpty { return }
    var operands = whole
    operands.scratch = scratch
    operands.weights += weightOffset
    if let partial {
      operands.input += inputOffset
      operands.output = partial
      operands.bias = nil
    }
    computation.compute(operands, block)
  }
}

/// The workers' parts of an execution, computed without counting references to them, as a team calls its work.
struct Parts: Sendable {
  private let owned: [Part]
  private let parts: [Unmanaged<Part>]

  init(_ parts: [Part]) {
    owned = parts
    self.parts = parts.map(Unmanaged.passUnretained)
  }

  /// Computes worker `worker`'s part; `whole` are the layer's operands.
  @inline(__always)
  func compute(_ worker: Int, _ whole: Operands) { parts[worker]._withUnsafeGuaranteedRef { $0.compute(whole) } }
}

/// Tensors of partial sums that workers read.
///
/// `@unchecked Sendable`: nobody writes while they are read.
struct PartialTensors: @unchecked Sendable {
  let pointers: [UnsafePointer<Float>]
  init(_ buffers: [SharedBuffer]) { pointers = buffers.map { UnsafePointer($0.buffer.pointer) } }
}

/// Copies of a layer's buffers that one execution uses in place of the shared ones.
final class BufferSet: Sendable {
  private let weights: SharedBuffer
  private let input: SharedBuffer?
  /// The output; nil if the shared one is used.
  let output: SharedBuffer?

  /// Copies the weights, and, if `others` says so, the input, with an output of the same size as the shared one.
  init(
    weights: UnsafePointer<Float>, count: Int, others: (input: UnsafePointer<Float>, count: Int, outputCount: Int)?
  ) throws(OutOfMemory) {
    self.weights = try SharedBuffer(copying: weights, count: count)
    if let others {
      input = try SharedBuffer(copying: others.input, count: others.count)
      output = try SharedBuffer(count: others.outputCount)
    } else {
      input = nil
      output = nil
    }
  }

  /// Has `placer` place every copy.
  func place(with placer: MemoryPlacer) {
    placer.place(weights.buffer)
    if let input { placer.place(input.buffer) }
    if let output { placer.place(output.buffer) }
  }

  /// `shared` with the copies in place of what they are copies of.
  func operands(_ shared: Operands) -> Operands {
    var operands = shared
    operands.weights = UnsafePointer(weights.buffer.pointer)
    if let input { operands.input = UnsafePointer(input.buffer.pointer) }
    if let output { operands.output = output.buffer.pointer }
    return operands
  }

  /// The first damage to a guard band of the copies, as `FloatBuffer.firstDamage()` counts, with the tensor's name.
  var firstDamage: (String, Int)? {
    for (name, buffer) in [("the weights", weights), ("the input", input), ("the output", output)] {
      if let distance = buffer?.buffer.firstDamage() { return (name, distance) }
    }
    return nil
  }
}

/// Which set of buffers each worker's next execution uses. All workers execute the same number of times, so they agree.
///
/// `@unchecked Sendable`: every worker has a counter of its own, on cache lines of its own; others read it only when the
/// team rests.
final class Turns: @unchecked Sendable {
  private let counters: UnsafeMutablePointer<Int>
  private let sets: Int
  private static let stride = 16

  /// Counters for `workers`, all at the first of `sets` sets.
  init(workers: Int, sets: Int) {
    self.sets = sets
    counters = .allocate(capacity: workers * Self.stride)
    counters.initialize(repeating: 0, count: workers * Self.stride)
  }

  deinit { counters.deallocate() }

  /// The set of the worker's present execution; the next one gets the next.
  @inline(__always)
  func next(_ worker: Int) -> Int {
    let set = counters[worker * Self.stride]
    counters[worker * Self.stride] = set + 1 == sets ? 0 : set + 1
    return set
  }

  /// The set of a worker's last execution.
  func last(_ worker: Int) -> Int { (counters[worker * Self.stride] + sets - 1) % sets }
}
