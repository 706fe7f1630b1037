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
  /// Where the real data comes from; nil if it is random.
  private let files: LayerFiles?
  private var packed: [MemoryKey: PackedWeights] = [:]
  private var sets: [String: [BufferSet]] = [:]
  private let coldBytes: Int
  private var scratch: [MemoryKey: [SharedBuffer]] = [:]
  /// A tensor of partial sums for each worker; none until a division needs them.
  private var partials: [SharedBuffer] = []
  private let threads: Int
  /// What puts pages where they are wanted; nil to leave them where they are.
  private let placer: MemoryPlacer?

  /// Weights that a kernel has packed.
  final class PackedWeights: Sendable {
    let buffer: FloatBuffer
    /// How long packing took, in nanoseconds.
    let nanoseconds: UInt64

    /// Where the weights of each part of the terms begin.
    let offsets: [Int]

    /// Packs the weights of each of `parts` of the terms on its own, as a kernel that sums only those wants them.
    init(
      _ kernel: Kernel, _ problem: Problem, _ parts: [Range<Int>], _ weights: UnsafePointer<Float>
    ) throws(OutOfMemory) {
      let line = FloatBuffer.alignment / MemoryLayout<Float>.stride
      var offsets: [Int] = []
      var count = 0
      for part in parts {
        offsets.append(roundedUp(count, line))
        count = offsets[offsets.count - 1] + kernel.packedWeightCount(problem.partial(part))
      }
      self.offsets = offsets
      buffer = try FloatBuffer(count: count)
      // Once to touch the pages: a user who packs weights keeps the memory.
      var start: UInt64 = 0
      for _ in 0..<2 {
        start = monotonicNanoseconds()
        for (part, offset) in zip(parts, offsets) {
          kernel.packWeights(
            problem.partial(part), weights + part.lowerBound, buffer.pointer + offset)
        }
      }
      nanoseconds = monotonicNanoseconds() - start
    }
  }

  /// Allocates tensors of `pattern` and the output; packed weights and scratch memory, for teams of up to `threads`
  /// workers, follow when a kernel first needs them.
  ///
  /// - Parameters:
  ///   - coldBytes: what copies must fill together so that no cache holds them.
  ///   - files: tensors to use in place of random real ones.
  init(
    _ layer: Layer, caches: CacheSizes, threads: Int, pattern: DataPattern, seed: UInt64, coldBytes: Int = 0,
    placer: MemoryPlacer? = nil, files: LayerFiles? = nil
  ) throws(OutOfMemory) {
    precondition(files == nil || pattern == .integer, "tensors of files are read by `use`")
    self.layer = layer
    self.seed = seed
    self.files = files
    self.coldBytes = coldBytes
    problem = Problem(layer, caches: caches)
    output = try FloatBuffer(count: layer.outputCount)
    heldTensors = try LayerTensors(layer, pattern: pattern, seed: seed)
    self.threads = threads
    self.placer = placer
    placer?.place(output)
    placeTensors()
  }

  /// Why buffers could not be placed; nil if they are where they are wanted.
  var placementFailure: MemoryError? { placer?.failure }

  private func placeTensors() {
    placer?.place(tensors.input)
    placer?.place(tensors.weights)
  }

  /// Where the pages lie that `kernel` reads and writes when caches are hot; nil if nobody has asked for anything.
  func pages(_ kernel: Kernel, _ division: Division) throws(OutOfMemory) -> PageSurvey? {
    if placer == nil { return nil }
    func region(_ buffer: borrowing FloatBuffer) -> (address: UInt, bytes: Int) {
      (UInt(bitPattern: buffer.pointer), buffer.count * MemoryLayout<Float>.stride)
    }
    let packed = try packedWeights(kernel, division)
    return PageSurvey([
      region(tensors.input), region(output), packed.map { region($0.buffer) } ?? region(tensors.weights),
    ])
  }

  /// Takes a user's `tensors`, and allocates the output.
  init(_ tensors: LayerTensors, caches: CacheSizes, threads: Int) throws(OutOfMemory) {
    layer = tensors.layer
    seed = 0
    files = nil
    coldBytes = 0
    problem = Problem(layer, caches: caches)
    output = try FloatBuffer(count: layer.outputCount)
    heldTensors = tensors
    self.threads = threads
    placer = nil
  }

  /// Replaces the tensors, and forgets the weights that were packed from the old ones.
  ///
  /// - Throws: `OutOfMemory`, or `TensorError` if the tensors are a file's.
  func use(_ pattern: DataPattern) throws {
    if tensors.pattern == pattern { return }
    packed = [:]
    sets = [:]
    heldTensors = nil
    if let files, pattern == .real {
      heldTensors = try files.tensors(as: layer.layout)
      return
    }
    heldTensors = try LayerTensors(layer, pattern: pattern, seed: seed)
    placeTensors()
  }

  /// The weights that `kernel` has packed for `division`; nil for a kernel that reads them as they come. Replicas of a
  /// case have their own.
  func packedWeights(
    _ kernel: Kernel, _ division: Division, replica: Int = 1
  ) throws(OutOfMemory) -> PackedWeights? {
    guard kernel.packedWeightCount(problem) > 0 else { return nil }
    let key = Self.key(kernel, division, replica)
    if let weights = packed[key] { return weights }
    let weights = try PackedWeights(kernel, problem, division.terms ?? [0..<problem.k], tensors.weights.pointer)
    placer?.place(weights.buffer)
    packed[key] = weights
    return weights
  }

  /// A plain read of the weights that `kernel` reads in executions with hot caches: those that it has packed, or the
  /// layer's own.
  func weightReading(
    _ kernel: Kernel, _ division: Division, replica: Int = 1, warmUp: Int
  ) throws(OutOfMemory) -> WeightReading {
    if let packed = try packedWeights(kernel, division, replica: replica) {
      return WeightReading(
        packed.buffer.pointer, count: packed.buffer.count, threads: division.threads, warmUp: warmUp)
    }
    return WeightReading(
      tensors.weights.pointer, count: tensors.weights.count, threads: division.threads, warmUp: warmUp)
  }

  /// What packed weights and scratch memory of a kernel depend on.
  private static func key(_ kernel: Kernel, _ division: Division, _ replica: Int) -> MemoryKey {
    MemoryKey(
      kernel: kernel.identifier, replica: replica, parts: division.terms == nil ? 1 : division.threads)
  }

  /// The scratch memory of each worker of `division`, exactly as much as `kernel` asks for its part: memory that were
  /// shared with a kernel that asks for more would hide an overrun. A part of the terms may take more than all of them, for
  /// the kernel may compute it in another way.
  private func scratch(
    _ kernel: Kernel, _ division: Division, _ replica: Int
  ) throws(OutOfMemory) -> [SharedBuffer] {
    let key = Self.key(kernel, division, replica)
    if let scratch = scratch[key] { return scratch }
    var all: [SharedBuffer] = []
    for worker in 0..<(division.terms == nil ? threads : division.threads) {
      all.append(try SharedBuffer(count: kernel.scratchCount(division.part(of: problem, worker: worker))))
    }
    scratch[key] = all
    return all
  }

  /// A tensor for each of `count` workers' partial sums.
  private func partials(_ count: Int) throws(OutOfMemory) -> [SharedBuffer] {
    while partials.count < count { partials.append(try SharedBuffer(count: output.count)) }
    return Array(partials.prefix(count))
  }

  /// Executions of `kernel` over the parts of `division`, one a worker, each with its own scratch memory. Workers of a
  /// larger team have no part.
  ///
  /// - Parameters:
  ///   - cache: which buffers executions use; see ``CacheState``.
  ///   - replica: whose packed weights, scratch memory and copies.
  ///   - activation: replaces the layer's own, for a check that needs a linear result.
  func execution(
    _ kernel: Kernel, _ division: Division, cache: CacheState = .hot, replica: Int = 1, activation: Activation? = nil
  ) throws(OutOfMemory) -> Execution {
    precondition(division.threads <= threads)
    let problem = activation.map { Problem(layer.with(activation: $0), caches: self.problem.caches) } ?? self.problem
    let packed = try packedWeights(kernel, division, replica: replica)
    let hot = Operands(
      input: tensors.input.pointer, weights: packed?.buffer.pointer ?? tensors.weights.pointer, bias: tensors.bias,
      output: output.pointer, scratch: output.pointer)
    let partials = division.terms == nil ? [] : try partials(division.threads)
    let scratch = try scratch(kernel, division, replica)
    let all = division.blocks.indices.map { worker in
      Part(
        kernel, problem, division, worker: worker, scratch: scratch[worker],
        partial: division.terms == nil ? nil : partials[worker],
        packedOffset: packed.map { $0.offsets[division.terms == nil ? 0 : worker] })
    }
    let parts = Parts(all)
    // Tensors, packed weights, scratch memory and partial sums live as long as this object, which outlives every
    // execution.
    let sets = try bufferSets(kernel, division, cache, replica)
    let turns = sets.map { Turns(workers: division.threads, sets: $0.count) }
    let body: @Sendable (Int) -> Void
    if let sets, let turns {
      body = { worker in parts.compute(worker, sets[turns.next(worker)].operands(hot)) }
    } else {
      body = { worker in parts.compute(worker, hot) }
    }
    if division.terms == nil { return Execution(sets, turns, workers: division.threads, body) }

    let sums = PartialTensors(partials)
    let line = FloatBuffer.alignment / MemoryLayout<Float>.stride
    let lines = (output.count + line - 1) / line
    let (count, workers) = (output.count, division.threads)
    return Execution(sets, turns, partials: partials, workers: division.threads, body) { worker in
      let operands = if let sets, let turns { sets[turns.last(worker)].operands(hot) } else { hot }
      let elements =
        min(count, lines * worker / workers * line)..<min(count, lines * (worker + 1) / workers * line)
      kernel.combine(problem, sums.pointers, operands.bias, operands.output, elements)
    }
  }

  /// The copies that executions take in turn; nil for hot caches, which need none.
  private func bufferSets(
    _ kernel: Kernel, _ division: Division, _ cache: CacheState, _ replica: Int
  ) throws(OutOfMemory) -> [BufferSet]? {
    if cache == .hot { return nil }
    let packed = try packedWeights(kernel, division, replica: replica)
    let key = "\(cache) \(packed == nil ? "" : "\(Self.key(kernel, division, replica))")"
    if let sets = sets[key] { return sets }
    let made = try copies(
      cache, of: packed?.buffer.pointer ?? tensors.weights.pointer, count: packed?.buffer.count ?? tensors.weights.count
    )
    if let placer { for set in made { set.place(with: placer) } }
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
  func damage(
    _ kernel: Kernel?, _ division: Division?, _ execution: Execution, replica: Int = 1
  ) throws(OutOfMemory) -> String? {
    defer {
      output.restoreGuards()
      tensors.input.restoreGuards()
      tensors.weights.restoreGuards()
      tensors.biasBuffer.restoreGuards()
      for partial in partials { partial.buffer.restoreGuards() }
    }
    var buffers: [(String, Int?)] = [
      ("the output", output.firstDamage()), ("the input", tensors.input.firstDamage()),
      ("the weights", tensors.weights.firstDamage()), ("the bias", tensors.biasBuffer.firstDamage()),
    ]
    if let kernel, let division {
      buffers.append(
        ("the packed weights", try packedWeights(kernel, division, replica: replica)?.buffer.firstDamage()))
    }
    buffers += execution.damages.map { ($0, $1) }
    buffers += partials.map { ("its partial sums", $0.buffer.firstDamage()) }
    if let kernel, let division {
      buffers += try scratch(kernel, division, replica).map { ("its scratch memory", $0.buffer.firstDamage()) }
    }
    for case (let name, let distance?) in buffers {
      return distance < 0
        ? "it wrote \(-distance) elements before the start of \(name)"
        : "it wrote \(distance) elements past the end of \(name)"
    }
    return nil
  }
}
