public import CPlatform
public import Layers

/// A fully connected layer of a single row, as ``Packed`` computes it: a matrix times a vector.
///
/// The weights are read once, in the order in which they lie, and are all that counts. A tile's four vectors would be four
/// sums at a time that wait for themselves. Panels of eight vectors are eight, so that weights in the L1 and L2 caches are
/// not waited for either, and one stream.
///
/// Measured on one core of a Zen 5, in % of the roofline, with tiles of four vectors and so: 11 and 21 for 10→240, 64 and 69
/// for 48→1152; in three runs 76 and 84 to 88 for 4096→1000, 86 to 89 and 86 to 93 for 4096→4096; on two cores 48 and 82 to 84
/// for 512→512, 86 to 89 and 92 to 98 for 4096→4096. Two panels of four vectors side by side, without asking for lines ahead, were 2 to 3 % faster on one
/// core where the weights come from the L3 cache, and 5 to 10 slower on two; of shorter sums they cost a quarter. Four
/// panels were no better than two.
@usableFromInline
enum RowProducts<Target: VectorISA> {
  /// Vectors of a panel of weights.
  @inlinable @inline(__always)
  static var vectors: Int { 8 }

  /// Whether `problem` is computed so: one row, in layouts whose channels are contiguous, and no tile asked for.
  @inlinable
  static func suit(_ problem: Problem) -> Bool { problem.m == 1 && problem.isChannelsLast && problem.tile == nil }

  /// Computes `block`, whose first column is that of a vector.
  @inlinable
  static func compute(_ plan: PackedPlan<Target>, _ operands: Operands, _ block: Block) {
    let problem = plan.problem
    let width = vectors &* Target.lanes
    for m in block.rows {
      let input = operands.input + problem.inputOffset(m)
      let output = operands.output + problem.outputOffset(m)
      var n = block.columns.lowerBound
      while n < block.columns.upperBound {
        // Workers may share a panel.
        let first = n % width
        let columns = min(width &- first, block.columns.upperBound &- n)
        let row = Row(
          depth: problem.k, input: input, weights: operands.weights + ((n &- first) &* problem.k &+ first),
          bias: operands.bias.map { $0 + n }, output: output + n, columns: columns, activation: problem.activation)
        switch (columns &+ Target.lanes &- 1) / Target.lanes {
        case 1: compute(row, Extent<1>.self)
        case 2: compute(row, Extent<2>.self)
        case 3: compute(row, Extent<3>.self)
        case 4: compute(row, Extent<4>.self)
        case 5: compute(row, Extent<5>.self)
        case 6: compute(row, Extent<6>.self)
        case 7: compute(row, Extent<7>.self)
        default: compute(row, Extent<8>.self)
        }
        n &+= columns
      }
    }
  }

  /// Some columns of one panel, and where they lie.
  @frozen @usableFromInline
  struct Row {
    @usableFromInline let depth: Int
    @usableFromInline let input: UnsafePointer<Float>
    /// [depth][``vectors``], from the first of the columns on.
    @usableFromInline let weights: UnsafePointer<Float>
    @usableFromInline let bias: UnsafePointer<Float>?
    @usableFromInline let output: UnsafeMutablePointer<Float>
    @usableFromInline let columns: Int
    @usableFromInline let activation: Activation

    @inlinable @inline(__always)
    init(
      depth: Int, input: UnsafePointer<Float>, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
      output: UnsafeMutablePointer<Float>, columns: Int, activation: Activation
    ) {
      self.depth = depth
      self.input = input
      self.weights = weights
      self.bias = bias
      self.output = output
      self.columns = columns
      self.activation = activation
    }
  }

  /// Computes `row`, whose columns are `V` vectors, the last of which may be partly empty.
  @inlinable @inline(never)
  static func compute<let V: Int>(_ row: Row, _ count: Extent<V>.Type) {
    let last = (V &- 1) &* Target.lanes
    var sums = InlineArray<V, Target.F32>(repeating: Target.F32())
    if let bias = row.bias {
      for v in 0..<V - 1 { sums[v] = Target.load(bias + v &* Target.lanes) }
      sums[V - 1] = Target.load(bias + last, count: row.columns &- last)
    }
    var weights = row.weights
    let linesVectors = max(1, 64 / (Target.lanes &* MemoryLayout<Float>.size))
    for k in 0..<row.depth {
      let x = Target.broadcast(row.input + k)
      for v in 0..<V {
        let w = weights + v &* Target.lanes
        if v % linesVectors == 0 { platform_prefetch(w + Packed<Target>.weightsAhead) }
        sums[v] = Target.multiplyAdd(sums[v], x, Target.load(w))
      }
      weights += vectors &* Target.lanes
    }
    for v in 0..<V - 1 {
      Target.store(ColumnTail<Target>.activate(row.activation, sums[v]), row.output + v &* Target.lanes)
    }
    let result = ColumnTail<Target>.activate(row.activation, sums[V - 1])
    Target.store(result, row.output + last, count: row.columns &- last)
  }
}
