// The worked example of CONTRIBUTING.md, word for word below this header, which ends with the import. In Sources/Kernels
// the same lines are a kernel of the lab: nothing else is needed but a line in the catalog.
import Kernels

/// Two pixels at a time, scalar: a weight that has been loaded serves both.
///
/// The two sums are chains of additions that do not wait for each other, so it is up to twice as fast as the textbook
/// loops.
public enum Example<Target: VectorISA>: KernelFamily {
  /// The kernel's name.
  @inlinable
  public static var name: String { "example" }
  /// One line on what the kernel does.
  @inlinable
  public static var summary: String { "two pixels at a time, scalar" }

  /// Blocks end on whole pairs of pixels.
  @inlinable
  public static func grain(_ problem: Problem) -> Grain { Grain(rows: 2, columns: 1) }

  /// Computes `block`.
  @inlinable
  public static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    for first in stride(from: block.rows.lowerBound, to: block.rows.upperBound, by: 2) {
      // An odd number of rows ends with a pair that is the same pixel twice.
      let second = min(first &+ 1, block.rows.upperBound &- 1)
      let inputs = (operands.input + problem.inputOffset(first), operands.input + problem.inputOffset(second))
      let outputs = (operands.output + problem.outputOffset(first), operands.output + problem.outputOffset(second))
      for n in block.columns {
        let weights = operands.weights + n &* problem.weightStride
        let start = operands.bias.map { $0[n] } ?? 0
        var sums = (start, start)
        for k in 0..<problem.k {
          sums.0 += inputs.0[k &* problem.inputChannelStride] * weights[k]
          sums.1 += inputs.1[k &* problem.inputChannelStride] * weights[k]
        }
        outputs.0[n &* problem.outputChannelStride] = Epilogue<Target>.apply(problem.activation, sums.0)
        outputs.1[n &* problem.outputChannelStride] = Epilogue<Target>.apply(problem.activation, sums.1)
      }
    }
  }
}
