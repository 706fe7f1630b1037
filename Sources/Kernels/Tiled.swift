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

  /// Computes `block`.
  @inlinable
  public static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    // Half of the L1 cache for weights: 64 channels × depth.
    let channels = 64
    let depth = max(16, problem.caches.l1d / 2 / MemoryLayout<Float>.size / channels)
    for k0 in stride(from: 0, to: problem.k, by: depth) {
      let k1 = min(problem.k, k0 &+ depth)
      for n0 in stride(from: block.columns.lowerBound, to: block.columns.upperBound, by: channels) {
        let n1 = min(block.columns.upperBound, n0 &+ channels)
        var m = block.rows.lowerBound
        while m < block.rows.upperBound {
          let m1 = min(problem.endOfRun(from: m, limit: block.rows.upperBound), m &+ side)
          for n in stride(from: n0, to: n1, by: side) {
            if m1 &- m == side && n &+ side <= n1 {
              tile(problem, operands, m, n, k0, k1, rows: side, columns: side)
            } else {
              tile(problem, operands, m, n, k0, k1, rows: m1 &- m, columns: min(side, n1 &- n))
            }
          }
          m = m1
        }
      }
    }
  }

  /// Adds the terms k0..<k1 of `rows` evenly spaced pixels × `columns` channels, each at most ``side``.
  @inlinable @inline(__always)
  static func tile(
    _ problem: Problem, _ operands: Operands, _ m: Int, _ n: Int, _ k0: Int, _ k1: Int, rows: Int, columns: Int
  ) {
    let input = operands.input + problem.inputOffset(m)
    let weights = operands.weights + n &* problem.k
    let output = operands.output + problem.outputOffset(m) + n &* problem.outputChannelStride
    var sums = InlineArray<4, InlineArray<4, Float>>(repeating: InlineArray(repeating: 0))
    for k in k0..<k1 {
      let x = input + k &* problem.inputChannelStride
      let w = weights + k
      for row in 0..<rows {
        for column in 0..<columns {
          sums[row][column] += x[row &* problem.inputPixelStride] * w[column &* problem.k]
        }
      }
    }
    for row in 0..<rows {
      for column in 0..<columns {
        let element = output + row &* problem.outputPixelStride + column &* problem.outputChannelStride
        var sum = sums[row][column]
        if k0 > 0 { sum += element.pointee } else if let bias = operands.bias { sum += bias[n &+ column] }
        element.pointee = k1 == problem.k ? Epilogue<Target>.apply(problem.activation, sum) : sum
      }
    }
  }
}
