/// Cache-blocked loops, still scalar code.
///
/// The summed dimension is cut so that a block of weights stays in the L1 cache while all pixels of the block pass by,
/// and 4 pixels × 4 channels are summed at a time, in 16 independent chains that share their loads. Between two cuts of
/// the summed dimension the partial sums wait in the output.
public enum Tiled<Target: VectorISA>: KernelFamily {
  /// The kernel's name.
  @inlinable
  public static var name: String { "tiled" }
  /// One line on what the kernel does.
  @inlinable
  public static var summary: String { "cache-blocked loops, scalar, 4 pixels × 4 channels at a time" }

  /// Pixels, and channels, that are summed together.
  @inlinable
  static var side: Int { 4 }

  /// Blocks end on whole tiles.
  @inlinable
  public static func grain(_ problem: Problem) -> Grain { Grain(rows: side, columns: side) }

  /// Channels whose weights stay in the L1 cache together.
  @inlinable
  static var channels: Int { 64 }

  /// Terms between two cuts: half of the L1 cache for weights, 64 channels × depth. With fewer pixels than a tile nothing
  /// is used twice, and a cut would only interrupt the stream of weights.
  @inlinable
  static func depth(_ problem: Problem) -> Int {
    problem.m < side ? problem.k : max(16, problem.caches.l1d / 2 / MemoryLayout<Float>.size / channels)
  }

  /// One product after the other, and from zero again after every cut.
  @inlinable
  public static func summationOrder(_ problem: Problem) -> SummationOrder? {
    SummationOrder(chains: 1, cut: min(problem.k, depth(problem)))
  }

  /// Computes `block`.
  @inlinable
  public static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    let depth = depth(problem)
    for k0 in stride(from: 0, to: problem.k, by: depth) {
      let terms = k0..<min(problem.k, k0 &+ depth)
      for n0 in stride(from: block.columns.lowerBound, to: block.columns.upperBound, by: channels) {
        let columns = n0..<min(block.columns.upperBound, n0 &+ channels)
        var m = block.rows.lowerBound
        while m < block.rows.upperBound {
          if problem.endOfRun(from: m, limit: block.rows.upperBound) &- m >= side {
            stripe(problem, operands, m, columns, terms, Extent<4>.self)
            m &+= side
          } else {
            stripe(problem, operands, m, columns, terms, Extent<1>.self)
            m &+= 1
          }
        }
      }
    }
  }

  /// Adds `terms` to `MR` evenly spaced pixels × `columns`.
  @inlinable @inline(__always)
  static func stripe<let MR: Int>(
    _ problem: Problem, _ operands: Operands, _ m: Int, _ columns: Range<Int>, _ terms: Range<Int>,
    _ rows: Extent<MR>.Type
  ) {
    var n = columns.lowerBound
    while n &+ side <= columns.upperBound {
      tile(problem, operands, m, n, terms, rows, Extent<4>.self)
      n &+= side
    }
    while n < columns.upperBound {
      tile(problem, operands, m, n, terms, rows, Extent<1>.self)
      n &+= 1
    }
  }

  /// Adds `terms` to `MR` evenly spaced pixels × `NR` channels.
  @inlinable @inline(never)
  static func tile<let MR: Int, let NR: Int>(
    _ problem: Problem, _ operands: Operands, _ m: Int, _ n: Int, _ terms: Range<Int>, _ rows: Extent<MR>.Type,
    _ columns: Extent<NR>.Type
  ) {
    let input = operands.input + problem.inputOffset(m)
    let weights = operands.weights + n &* problem.weightStride
    let output = operands.output + problem.outputOffset(m) + n &* problem.outputChannelStride
    var sums = InlineArray<MR, InlineArray<NR, Float>>(repeating: InlineArray(repeating: 0))
    for k in terms {
      let x = input + k &* problem.inputChannelStride
      let w = weights + k
      for row in 0..<MR {
        for column in 0..<NR {
          sums[row][column] += x[row &* problem.inputPixelStride] * w[column &* problem.weightStride]
        }
      }
    }
    for row in 0..<MR {
      for column in 0..<NR {
        let element = output + row &* problem.outputPixelStride + column &* problem.outputChannelStride
        var sum = sums[row][column]
        if terms.lowerBound > 0 {
          sum += element.pointee
        } else if let bias = operands.bias {
          sum += bias[n &+ column]
        }
        let isLast = terms.upperBound == problem.k
        element.pointee = isLast ? Epilogue<Target>.apply(problem.activation, sum) : sum
      }
    }
  }
}
