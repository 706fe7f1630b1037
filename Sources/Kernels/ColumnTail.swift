public import Layers

/// The last output channels of a layer whose tiles' rows are pixels, where they would fill a vector of channels badly.
///
/// One channel past a multiple costs as much there as a vector of them. In channels-last layouts the terms of a channel
/// are contiguous in the input and in the plain weights, and it is a dot product: the products of a row are summed lane by
/// lane, and the lanes of as many rows as a vector has are then added up together, in a tree whose result is a vector of
/// rows. In NCHW the rows of a tile are contiguous in the copied panel, and are the vector themselves.
@usableFromInline
enum ColumnTail<Target: VectorISA> {
  /// How many of the last channels are computed so.
  ///
  /// In a tile's vector, a row costs half a cycle a term. As a dot product it costs two loads for the terms of a vector, at
  /// two loads a cycle, and about 5 cycles for the end of it; a vector of rows of a panel costs two loads a term. Rows that
  /// do not fill half of a vector are not worth it.
  @inlinable
  static func count(_ problem: Problem, _ blocking: Blocking<Target>) -> Int {
    let rest = problem.n % Target.lanes
    guard blocking.pixelsAreRows, problem.n > rest, problem.m >= Target.lanes / 2 else { return 0 }
    let isWorthIt =
      problem.isChannelsLast
      ? 20 &* rest &* (problem.k &+ 5 &* Target.lanes) < 9 &* problem.k &* Target.lanes
      : 20 &* rest &* Packed<Target>.roundUp(blocking.rows, Target.lanes) < 9 &* blocking.rows &* Target.lanes
    return isWorthIt ? rest : 0
  }

  /// Computes `columns` of `rows`.
  ///
  /// - Requires: `rows` are at most as many as a vector has lanes. `weights` are the rows of plain weights of `columns`, k
  ///   floats each.
  @inlinable @inline(never)
  static func compute(
    _ problem: Problem, _ operands: Operands, _ weights: UnsafePointer<Float>, _ rows: Range<Int>, _ columns: Range<Int>
  ) {
    let last = rows.count &- 1
    let first = operands.input + problem.inputOffset(rows.lowerBound)
    let isEven = problem.endOfRun(from: rows.lowerBound, limit: rows.upperBound) == rows.upperBound
    for n in columns {
      let weights = weights + (n &- columns.lowerBound) &* problem.k
      // Rows after the last are the last one again, and are not stored.
      var result =
        isEven && last &+ 1 == Target.lanes
        ? dots(problem.k, weights) { first + $0 &* problem.inputPixelStride }
        : dots(problem.k, weights) { operands.input + problem.inputOffset(rows.lowerBound &+ min($0, last)) }
      if let bias = operands.bias { result += Target.F32(repeating: bias[n]) }
      result = activate(problem.activation, result)
      let output = operands.output + problem.outputOffset(rows.lowerBound) + n
      for row in 0..<rows.count { output[row &* problem.outputPixelStride] = result[row] }
    }
  }

  /// Computes `columns` of `rows`, which have been copied to `panel`, [k][stride].
  ///
  /// - Requires: `weights` are the rows of plain weights of `columns`, k floats each. `scratch` has room for a vector.
  @inlinable @inline(never)
  static func compute(
    _ problem: Problem, _ operands: Operands, _ weights: UnsafePointer<Float>, panel: UnsafePointer<Float>, stride: Int,
    _ rows: Range<Int>, _ columns: Range<Int>, scratch: UnsafeMutablePointer<Float>
  ) {
    for n in columns {
      let weights = weights + (n &- columns.lowerBound) &* problem.k
      let bias = Target.F32(repeating: operands.bias.map { $0[n] } ?? 0)
      for m in Swift.stride(from: rows.lowerBound, to: rows.upperBound, by: Target.lanes) {
        let sum = sum(problem.k, weights, panel + (m &- rows.lowerBound), stride)
        Target.store(activate(problem.activation, sum + bias), scratch)
        let pixels = m..<min(rows.upperBound, m &+ Target.lanes)
        PixelPanel<Target>.store(problem, operands.output, scratch, pixels, n)
      }
    }
  }

  /// Chains of a sum over a panel's vectors: as many as hide the latency of a multiply-add.
  @inlinable @inline(__always)
  static var panelChains: Int { 4 }

  /// Sums weights × vectors of a panel, in chains that do not wait for each other.
  @inlinable @inline(__always)
  static func sum(
    _ depth: Int, _ weights: UnsafePointer<Float>, _ panel: UnsafePointer<Float>, _ stride: Int
  ) -> Target.F32 {
    var sums = InlineArray<4, Target.F32>(repeating: Target.F32())
    var k = 0
    while k &+ panelChains <= depth {
      for chain in 0..<panelChains {
        sums[chain] = Target.multiplyAdd(
          sums[chain], Target.load(panel + (k &+ chain) &* stride), Target.F32(repeating: weights[k &+ chain]))
      }
      k &+= panelChains
    }
    for chain in 0..<panelChains where k &+ chain < depth {
      sums[chain] = Target.multiplyAdd(
        sums[chain], Target.load(panel + (k &+ chain) &* stride), Target.F32(repeating: weights[k &+ chain]))
    }
    // In the order of the tree of dots with as many lanes.
    return (sums[0] + sums[2]) + (sums[1] + sums[3])
  }

  @inlinable @inline(__always)
  static func activate(_ activation: Activation, _ sums: Target.F32) -> Target.F32 {
    Epilogue<Target>.transcendental(activation, Epilogue<Target>.Clamp(activation)(sums))
  }

  /// One dot product a lane: of each input row with `weights`.
  @inlinable @inline(__always)
  static func dots(
    _ depth: Int, _ weights: UnsafePointer<Float>, row input: (Int) -> UnsafePointer<Float>
  ) -> Target.F32 {
    let inputs = InlineArray<16, UnsafePointer<Float>> { input($0) }
    var sums = InlineArray<16, Target.F32>(repeating: Target.F32())
    var k = 0
    while k &+ Target.lanes <= depth {
      let w = Target.load(weights + k)
      for row in 0..<Target.lanes { sums[row] = Target.multiplyAdd(sums[row], Target.load(inputs[row] + k), w) }
      k &+= Target.lanes
    }
    if k < depth {
      let w = Target.load(weights + k, count: depth &- k)
      for row in 0..<Target.lanes {
        sums[row] = Target.multiplyAdd(sums[row], Target.load(inputs[row] + k, count: depth &- k), w)
      }
    }
    // Rows i and i + half, interleaved: the sum of both halves has the two alternating, and so on, until every lane is a
    // row of its own. Rows half of them apart at every step end up in order.
    var count = Target.lanes
    while count > 1 {
      count /= 2
      for row in 0..<count {
        let pair = Target.interleave(sums[row], sums[row &+ count])
        sums[row] = pair.low + pair.high
      }
    }
    return sums[0]
  }
}
