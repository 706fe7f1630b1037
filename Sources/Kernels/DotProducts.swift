/// A small layer of few rows, as ``Packed`` computes it: every channel is a dot product.
///
/// A tile of a few rows would sum in as few chains as it has vectors, each waiting for its own last multiply-add, and would
/// leave lanes empty where a layer has fewer channels than a panel. If the weights stay near, up to eight channels are
/// summed at once instead, a vector each: eight chains hide the latency of the multiply-adds. What a vector's lanes have
/// summed is added up at the end in a tree, for all of them together. With sixteen channels at once, out of rows of plain
/// weights, and with a ``PackedPlan`` made for every call, 240→10 took 0.16 µs on a Zen 5 instead of 0.11, and 1152→48 2.2
/// instead of 1.55.
///
/// Weights are packed as they are read, [⌈n ÷ 8⌉][⌈k ÷ lanes⌉][channel][lanes], zeros after the last term: a single stream.
@usableFromInline
enum DotProducts<Target: VectorISA> {
  /// Channels that are summed at once.
  @inlinable @inline(__always)
  static var channels: Int { 8 }

  /// Whether `problem` is computed so: few rows, no tile asked for, weights that fill half of the L2 cache or less, and
  /// fewer cycles. A tile takes four cycles a term at least, the latency of a multiply-add, and some 40 to begin and to end.
  /// Dot products take two loads a cycle, and the end of eight of them about 50 cycles.
  @inlinable
  static func suit(_ problem: Problem, _ blocking: Blocking<Target>) -> Bool {
    guard problem.isChannelsLast, problem.m < Target.lanes / 2, problem.tile == nil else { return false }
    guard problem.n &* problem.k &* MemoryLayout<Float>.size <= problem.caches.l2 / 2 else { return false }
    let panels = (problem.n &+ blocking.width &- 1) / blocking.width
    let groups = (problem.n &+ channels &- 1) / channels
    let cycles = (channels &+ 1) &* steps(problem) / 2 &+ 50
    return problem.m &* groups &* cycles < panels &* (problem.k &* max(4, problem.m &* blocking.vectors / 2) &+ 40)
  }

  /// Vectors that the terms of one channel fill.
  @inlinable @inline(__always)
  static func steps(_ problem: Problem) -> Int { (problem.k &+ Target.lanes &- 1) / Target.lanes }

  /// Floats of packed weights.
  @inlinable
  static func packedWeightCount(_ problem: Problem) -> Int { problem.n &* steps(problem) &* Target.lanes }

  /// Packs [n][k] weights.
  @inlinable
  static func packWeights(
    _ problem: Problem, _ weights: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>
  ) {
    var target = packed
    for n in stride(from: 0, to: problem.n, by: channels) {
      for k in stride(from: 0, to: problem.k, by: Target.lanes) {
        let count = min(Target.lanes, problem.k &- k)
        for channel in n..<min(problem.n, n &+ channels) {
          Target.store(Target.load(weights + (channel &* problem.weightStride &+ k), count: count), target)
          target += Target.lanes
        }
      }
    }
  }

  /// Computes `block`, whose first column is a multiple of ``channels``.
  @inlinable
  static func compute(_ plan: PackedPlan<Target>, _ operands: Operands, _ block: Block) {
    let stride = steps(plan.problem) &* Target.lanes
    for n in Swift.stride(from: block.columns.lowerBound, to: block.columns.upperBound, by: channels) {
      let weights = operands.weights + n &* stride
      switch min(channels, block.columns.upperBound &- n) {
      case 1: compute(plan, operands, weights, block.rows, n, Extent<1>.self)
      case 2: compute(plan, operands, weights, block.rows, n, Extent<2>.self)
      case 3: compute(plan, operands, weights, block.rows, n, Extent<3>.self)
      case 4: compute(plan, operands, weights, block.rows, n, Extent<4>.self)
      case 5: compute(plan, operands, weights, block.rows, n, Extent<5>.self)
      case 6: compute(plan, operands, weights, block.rows, n, Extent<6>.self)
      case 7: compute(plan, operands, weights, block.rows, n, Extent<7>.self)
      default: compute(plan, operands, weights, block.rows, n, Extent<8>.self)
      }
    }
  }

  /// Computes `C` channels from `n` on of `rows`.
  @inlinable @inline(never)
  static func compute<let C: Int>(
    _ plan: PackedPlan<Target>, _ operands: Operands, _ weights: UnsafePointer<Float>, _ rows: Range<Int>, _ n: Int,
    _ columns: Extent<C>.Type
  ) {
    let problem = plan.problem
    for m in rows {
      let sums = sums(problem.k, operands.input + problem.inputOffset(m), weights, columns)
      let output = operands.output + problem.outputOffset(m) + n
      for v in 0..<(C &+ Target.lanes &- 1) / Target.lanes {
        let first = v &* Target.lanes
        let count = min(Target.lanes, C &- first)
        var result = sums[v]
        if let bias = operands.bias { result += Target.load(bias + (n &+ first), count: count) }
        Target.store(ColumnTail<Target>.activate(problem.activation, result), output + first, count: count)
      }
    }
  }

  /// The dot products of `depth` floats of `input` with `C` channels: in the first vectors, one lane a channel.
  @inlinable @inline(__always)
  static func sums<let C: Int>(
    _ depth: Int, _ input: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, _ columns: Extent<C>.Type
  ) -> InlineArray<C, Target.F32> {
    var sums = InlineArray<C, Target.F32>(repeating: Target.F32())
    var (input, weights, left) = (input, weights, depth)
    while left >= Target.lanes {
      let x = Target.load(input)
      for c in 0..<C { sums[c] = Target.multiplyAdd(sums[c], x, Target.load(weights + c &* Target.lanes)) }
      input += Target.lanes
      weights += C &* Target.lanes
      left &-= Target.lanes
    }
    if left > 0 {
      let x = Target.load(input, count: left)
      for c in 0..<C { sums[c] = Target.multiplyAdd(sums[c], x, Target.load(weights + c &* Target.lanes)) }
    }
    // Neighbours first, as in a ``ColumnTail``. A vector without a partner is its own.
    var (count, width) = (C, Target.lanes)
    while width > 1 {
      for pair in 0..<(count &+ 1) / 2 {
        let (a, b) = (sums[2 &* pair], sums[min(2 &* pair &+ 1, count &- 1)])
        sums[pair] = Target.evens(a, b) + Target.odds(a, b)
      }
      count = (count &+ 1) / 2
      width /= 2
    }
    return sums
  }
}
