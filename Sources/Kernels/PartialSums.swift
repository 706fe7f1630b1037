/// The second half of a layer whose summed dimension is divided among workers: partial sums become the output.
///
/// Each worker has computed a ``Problem/partial(_:)`` problem into an output-shaped buffer of its own. Adding those up,
/// then the bias, is another order of summation, so the bound of the result is the same.
public enum PartialSums<Target: VectorISA> {
  /// Writes activation(Σₜ partials[t][i] + bias of i's channel) to `output[i]`, for every i of `elements`.
  ///
  /// - Parameters:
  ///   - problem: the whole layer.
  ///   - partials: at least one tensor of the output's size and layout.
  ///   - elements: places in the output tensor.
  @inlinable
  public static func combine(
    _ problem: Problem, _ partials: [UnsafePointer<Float>], bias: UnsafePointer<Float>?,
    into output: UnsafeMutablePointer<Float>, _ elements: Range<Int>
  ) {
    // Runs of elements: of one pixel's channels, or of one channel's pixels.
    let run = problem.isChannelsLast ? problem.n : problem.imagePixels
    let clamp = Epilogue<Target>.Clamp(problem.activation)
    var first = elements.lowerBound
    while first < elements.upperBound {
      let end = min(elements.upperBound, first &- first % run &+ run)
      let channel = problem.isChannelsLast ? first % run : first / run % problem.n
      var i = first
      while i &+ Target.lanes <= end {
        var sum = Target.load(partials[0] + i)
        for t in 1..<partials.count { sum += Target.load(partials[t] + i) }
        if let bias {
          sum +=
            problem.isChannelsLast
            ? Target.load(bias + (channel &+ i &- first)) : Target.F32(repeating: bias[channel])
        }
        Target.store(clamp(sum), output + i)
        i &+= Target.lanes
      }
      while i < end {
        var sum = partials[0][i]
        for t in 1..<partials.count { sum += partials[t][i] }
        if let bias { sum += bias[problem.isChannelsLast ? channel &+ i &- first : channel] }
        output[i] = clamp(Target.F32(repeating: sum))[0]
        i &+= 1
      }
      Epilogue<Target>.finish(
        problem.activation, output + first, rows: 1, columns: end &- first, stride: end &- first)
      first = end
    }
  }
}
