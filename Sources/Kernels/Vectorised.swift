/// Vectors over the contiguous dimension, nothing packed.
///
/// In channels-last layouts the contiguous dimension of input and weights is the summed one: a tile of pixels × channels
/// is summed in vectors, whose lanes are added up at the end. In NCHW it is the pixels': a vector of pixels is
/// multiplied by one broadcast weight, and is stored as it is.
public enum Vectorised<Target: VectorISA>: KernelFamily {
  /// The kernel's name.
  @inlinable
  public static var name: String { "simd" }
  /// One line on what the kernel does.
  @inlinable
  public static var summary: String { "vectors over the contiguous dimension, nothing packed" }

  // Eight sums at a time hide the latency of the multiply-add: 2 × 4, or 1 × 8.

  /// Channels that are summed together with two pixels, or with two vectors of them.
  @inlinable
  static var channels: Int { 4 }

  /// Blocks end on whole tiles.
  @inlinable
  public static func grain(_ problem: Problem) -> Grain {
    Grain(rows: problem.isChannelsLast ? 2 : Target.lanes, columns: problem.isChannelsLast ? channels : 2 &* channels)
  }

  /// Channels last, a vector of partial sums; in NCHW, one product after the other.
  @inlinable
  public static func summationOrder(_ problem: Problem) -> SummationOrder? {
    SummationOrder(chains: problem.isChannelsLast ? Target.lanes : 1, cut: problem.k)
  }

  /// Computes `block`.
  @inlinable
  public static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    if problem.isChannelsLast {
      channelsLast(problem, operands, block)
    } else {
      channelsFirst(problem, operands, block)
    }
  }

  // MARK: Channels last: dot products

  /// Computes `block` two pixels at a time. A stripe of channels whose weights fit half of the L2 cache is finished for
  /// all pixels before the next one is begun.
  @inlinable
  static func channelsLast(_ problem: Problem, _ operands: Operands, _ block: Block) {
    let fitting = problem.caches.l2 / 2 / MemoryLayout<Float>.size / problem.k
    let width = max(channels, fitting / channels &* channels)
    for n0 in stride(from: block.columns.lowerBound, to: block.columns.upperBound, by: width) {
      let stripe = n0..<min(block.columns.upperBound, n0 &+ width)
      var m = block.rows.lowerBound
      while m < block.rows.upperBound {
        if problem.endOfRun(from: m, limit: block.rows.upperBound) &- m >= 2 {
          dots(problem, operands, m, stripe, Extent<2>.self)
          m &+= 2
        } else {
          dots(problem, operands, m, stripe, Extent<1>.self)
          m &+= 1
        }
      }
    }
  }

  /// Computes `MR` evenly spaced pixels × `columns`.
  @inlinable @inline(__always)
  static func dots<let MR: Int>(
    _ problem: Problem, _ operands: Operands, _ m: Int, _ columns: Range<Int>, _ rows: Extent<MR>.Type
  ) {
    var n = columns.lowerBound
    while n &+ channels <= columns.upperBound {
      dot(problem, operands, m, n, rows, Extent<4>.self)
      n &+= channels
    }
    while n < columns.upperBound {
      dot(problem, operands, m, n, rows, Extent<1>.self)
      n &+= 1
    }
  }

  /// Computes the dot products of `MR` evenly spaced pixels with `NR` channels.
  @inlinable @inline(never)
  static func dot<let MR: Int, let NR: Int>(
    _ problem: Problem, _ operands: Operands, _ m: Int, _ n: Int, _ rows: Extent<MR>.Type, _ columns: Extent<NR>.Type
  ) {
    let depth = problem.k
    let rowStride = problem.inputPixelStride
    let input = operands.input + problem.inputOffset(m)
    let weights = operands.weights + n &* problem.weightStride
    var sums = InlineArray<NR, InlineArray<MR, Target.F32>>(repeating: InlineArray(repeating: Target.F32()))
    var k = 0
    while k &+ Target.lanes <= depth {
      let x = InlineArray<MR, Target.F32> { row in Target.load(input + (row &* rowStride &+ k)) }
      for column in 0..<NR {
        let w = Target.load(weights + (column &* problem.weightStride &+ k))
        for row in 0..<MR { sums[column][row] = Target.multiplyAdd(sums[column][row], x[row], w) }
      }
      k &+= Target.lanes
    }
    let output = operands.output + problem.outputOffset(m) + n
    for column in 0..<NR {
      for row in 0..<MR {
        var sum = Target.sum(sums[column][row])
        for tail in k..<depth {
          sum += input[row &* rowStride &+ tail] * weights[column &* problem.weightStride &+ tail]
        }
        if let bias = operands.bias { sum += bias[n &+ column] }
        output[row &* problem.outputPixelStride &+ column] = Epilogue<Target>.apply(problem.activation, sum)
      }
    }
  }

  // MARK: Channels first: vectors of pixels

  /// Computes `block` image by image, two vectors of pixels at a time, then one. Strided pixels are gathered by scalar
  /// loads: one vector at a time then, so that more channels share them.
  ///
  /// The last vectors of an image are moved back until they end with it, and compute some pixels again: all lanes stay
  /// busy, and no pixel needs code of its own.
  @inlinable
  static func channelsFirst(_ problem: Problem, _ operands: Operands, _ block: Block) {
    withUnsafeTemporaryAllocation(of: Int.self, capacity: 2 &* Target.lanes) { offsets in
      let isStrided = problem.runPixels < problem.imagePixels || problem.inputPixelStride > 1
      var m = block.rows.lowerBound
      while m < block.rows.upperBound {
        let first = m
        let end = min(block.rows.upperBound, m &- m % problem.imagePixels &+ problem.imagePixels)
        while m < end {
          let isPair = !isStrided && end &- m > Target.lanes && end &- first >= 2 &* Target.lanes
          let width = isPair ? 2 &* Target.lanes : Target.lanes
          let start = max(first, min(m, end &- width))
          // Lanes past the image, which only an image smaller than a vector has, repeat its last pixel.
          for lane in 0..<width { offsets[lane] = problem.inputOffset(min(start &+ lane, end &- 1)) }
          let pixels = start..<min(end, start &+ width)
          let inputs = Inputs(offsets: offsets.baseAddress!, areContiguous: !isStrided && pixels.count == width)
          if isPair {
            vectors(problem, operands, pixels, inputs, block.columns, Extent<2>.self, Extent<4>.self)
          } else {
            vectors(problem, operands, pixels, inputs, block.columns, Extent<1>.self, Extent<8>.self)
          }
          m = pixels.upperBound
        }
      }
    }
  }

  /// Where the input of each pixel of some vectors lies.
  @frozen @usableFromInline
  struct Inputs {
    /// One offset a lane.
    @usableFromInline let offsets: UnsafePointer<Int>
    /// Whether the offsets rise by one. It cannot be read off their first and last: lanes that repeat a pixel, and
    /// strided ones, may meet by chance.
    @usableFromInline let areContiguous: Bool

    @inlinable
    init(offsets: UnsafePointer<Int>, areContiguous: Bool) {
      self.offsets = offsets
      self.areContiguous = areContiguous
    }
  }

  /// Computes `NV` vectors of pixels × `columns`, `NR` channels at a time.
  @inlinable @inline(__always)
  static func vectors<let NV: Int, let NR: Int>(
    _ problem: Problem, _ operands: Operands, _ pixels: Range<Int>, _ inputs: Inputs, _ columns: Range<Int>,
    _ vectors: Extent<NV>.Type, _ channels: Extent<NR>.Type
  ) {
    var n = columns.lowerBound
    while n &+ NR <= columns.upperBound {
      broadcast(problem, operands, pixels, inputs, n, vectors, channels)
      n &+= NR
    }
    while n < columns.upperBound {
      broadcast(problem, operands, pixels, inputs, n, vectors, Extent<1>.self)
      n &+= 1
    }
  }

  /// Computes `NV` vectors of pixels × `NR` channels.
  @inlinable @inline(never)
  static func broadcast<let NV: Int, let NR: Int>(
    _ problem: Problem, _ operands: Operands, _ pixels: Range<Int>, _ inputs: Inputs, _ n: Int,
    _ vectors: Extent<NV>.Type, _ columns: Extent<NR>.Type
  ) {
    let width = NV &* Target.lanes
    let first = inputs.offsets[0]
    let sums =
      inputs.areContiguous
      ? sums(problem, operands, n, vectors, columns) { Target.load($0 + (first &+ $1)) }
      : sums(problem, operands, n, vectors, columns) { Target.load($0, offsets: inputs.offsets + $1) }
    let output = operands.output + problem.outputOffset(pixels.lowerBound) + n &* problem.outputChannelStride
    let clamp = Epilogue<Target>.Clamp(problem.activation)
    for column in 0..<NR {
      let row = output + column &* problem.outputChannelStride
      let bias = operands.bias.map { $0[n &+ column] } ?? 0
      for v in 0..<NV {
        let result = clamp(sums[column][v] + bias)
        if pixels.count == width {
          Target.store(result, row + v &* Target.lanes)
        } else {
          Target.store(result, row, count: pixels.count)
        }
      }
    }
    Epilogue<Target>.finish(
      problem.activation, output, rows: NR, columns: pixels.count, stride: problem.outputChannelStride)
  }

  /// Sums `NV` vectors of pixels × `NR` channels; `load(p, i)` loads the vector of pixels from the i-th on of the input
  /// channel at `p`.
  @inlinable @inline(__always)
  static func sums<let NV: Int, let NR: Int>(
    _ problem: Problem, _ operands: Operands, _ n: Int, _ vectors: Extent<NV>.Type, _ columns: Extent<NR>.Type,
    load: (UnsafePointer<Float>, Int) -> Target.F32
  ) -> InlineArray<NR, InlineArray<NV, Target.F32>> {
    let weights = operands.weights + n &* problem.weightStride
    var input = operands.input
    var sums = InlineArray<NR, InlineArray<NV, Target.F32>>(repeating: InlineArray(repeating: Target.F32()))
    for k in 0..<problem.k {
      let x = InlineArray<NV, Target.F32> { v in load(input, v &* Target.lanes) }
      for column in 0..<NR {
        let w = Target.broadcast(weights + (column &* problem.weightStride &+ k))
        for v in 0..<NV { sums[column][v] = Target.multiplyAdd(sums[column][v], x[v], w) }
      }
      input += problem.inputChannelStride
    }
    return sums
  }
}
