/// The textbook loops, scalar: for every pixel and every output channel, a sum over the input channels.
///
/// It is the baseline that other kernels are compared with. One sum is one chain of dependent additions, so it runs at
/// the latency of an addition, whatever the caches do.
public enum Naive<Target: VectorISA>: KernelFamily {
  /// The kernel's name.
  @inlinable
  public static var name: String { "naive" }
  /// One line on what the kernel does.
  @inlinable
  public static var summary: String { "textbook loops, scalar, one dot product at a time" }

  /// One product after the other.
  @inlinable
  public static func summationOrder(_ problem: Problem) -> SummationOrder? {
    SummationOrder(chains: 1, cut: problem.k)
  }

  /// Computes `block`.
  @inlinable
  public static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    for m in block.rows {
      let input = operands.input + problem.inputOffset(m)
      let output = operands.output + problem.outputOffset(m)
      for n in block.columns {
        let weights = operands.weights + n &* problem.weightStride
        var sum: Float = 0
        for k in 0..<problem.k {
          sum += input[k &* problem.inputChannelStride] * weights[k]
        }
        if let bias = operands.bias { sum += bias[n] }
        output[n &* problem.outputChannelStride] = Epilogue<Target>.apply(problem.activation, sum)
      }
    }
  }
}
