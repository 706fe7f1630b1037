public import Kernels

/// A layer as matrix products of plain matrices: what users of a BLAS write.
///
/// In channels-last layouts a block of the output is one product, Y[rows × columns] = X·Wᵀ. In NCHW every image is one,
/// Y[columns × pixels] = W·X. Pixels that a stride picks are gathered first. Bias and activation are a pass over the
/// result. All of it belongs to the layer, and is timed.
///
/// A class, so that its closures lie where they never change, and are called without counting references: as the lab's own
/// kernels are.
public final class LayerProduct: Sendable {
  /// C ← op(A)·op(B) for row-major matrices: m, n, k, A, its leading dimension, whether B is transposed, B, its leading
  /// dimension, C, its leading dimension.
  public typealias Multiply =
    @Sendable (
      Int, Int, Int, UnsafePointer<Float>, Int, Bool, UnsafePointer<Float>, Int, UnsafeMutablePointer<Float>, Int
    ) -> Void

  private let multiply: Multiply
  private let epilogues: EpilogueSet

  /// Products by `multiply`, with the pass of `epilogues` after them.
  public init(_ epilogues: EpilogueSet, multiply: @escaping Multiply) {
    self.epilogues = epilogues
    self.multiply = multiply
  }

  /// Floats that ``compute(_:_:_:)`` needs for the pixels that it gathers: those of the whole layer, or of an image.
  public static func scratchCount(_ problem: Problem) -> Int {
    if isContiguous(problem) { return 0 }
    return (problem.isChannelsLast ? problem.m : problem.imagePixels) * problem.k
  }

  /// Whether the pixels of the input can be read where they are: all of them, or an image's.
  static func isContiguous(_ problem: Problem) -> Bool {
    problem.isChannelsLast
      ? problem.inputPixelStride == problem.k && problem.runPixels == problem.m
      : problem.inputPixelStride == 1 && problem.runPixels == problem.imagePixels
  }

  /// Computes a block of the output, bias and activation included.
  public func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    if problem.isChannelsLast {
      computeChannelsLast(problem, operands, block)
    } else {
      var row = block.rows.lowerBound
      while row < block.rows.upperBound {
        let end = min(block.rows.upperBound, (row / problem.imagePixels + 1) * problem.imagePixels)
        computeImage(problem, operands, Block(rows: row..<end, columns: block.columns))
        row = end
      }
    }
  }

  private func computeChannelsLast(_ problem: Problem, _ operands: Operands, _ block: Block) {
    let k = problem.k
    var input = operands.input + problem.inputOffset(block.rows.lowerBound)
    if !Self.isContiguous(problem) {
      for (index, row) in block.rows.enumerated() {
        (operands.scratch + index * k).update(from: operands.input + problem.inputOffset(row), count: k)
      }
      input = UnsafePointer(operands.scratch)
    }
    let first = block.columns.lowerBound
    let output = operands.output + problem.outputOffset(block.rows.lowerBound) + first
    multiply(
      block.rows.count, block.columns.count, k, input, k, true, operands.weights + first * k, k, output, problem.n)
    epilogues.columnBias(
      problem.activation, operands.bias.map { $0 + first }, output, block.rows.count, block.columns.count, problem.n)
  }

  /// A block within one image, channels first.
  private func computeImage(_ problem: Problem, _ operands: Operands, _ block: Block) {
    let (k, pixels) = (problem.k, block.rows.count)
    var input = operands.input + problem.inputOffset(block.rows.lowerBound)
    var stride = problem.inputChannelStride
    if !Self.isContiguous(problem) {
      gather(problem, operands, block.rows)
      (input, stride) = (UnsafePointer(operands.scratch), pixels)
    }
    let first = block.columns.lowerBound
    let output =
      operands.output + problem.outputOffset(block.rows.lowerBound) + first * problem.outputChannelStride
    multiply(
      block.columns.count, pixels, k, operands.weights + first * k, k, false, input, stride, output,
      problem.outputChannelStride)
    epilogues.rowBias(
      problem.activation, operands.bias.map { $0 + first }, output, block.columns.count, pixels,
      problem.outputChannelStride)
  }

  /// Copies the pixels of `rows`, which belong to one image, to scratch[k][pixel].
  private func gather(_ problem: Problem, _ operands: Operands, _ rows: Range<Int>) {
    var row = rows.lowerBound
    while row < rows.upperBound {
      let end = problem.endOfRun(from: row, limit: rows.upperBound)
      let source = operands.input + problem.inputOffset(row)
      for channel in 0..<problem.k {
        let line = source + channel * problem.inputChannelStride
        let target = operands.scratch + channel * rows.count + (row - rows.lowerBound)
        for pixel in 0..<(end - row) { target[pixel] = line[pixel * problem.inputPixelStride] }
      }
      row = end
    }
  }
}
