/// Pixels of an NCHW input on their way to a microkernel, as a panel [channels][stride]; and tiles of C on their way
/// back, transposed.
@usableFromInline
enum PixelPanel<Target: VectorISA> {
  /// Copies `pixels` of `channels` to `panel`, whose rows are `stride` floats apart. From the last pixel to the
  /// end of its vector there are zeros; further vectors of a row may be left as they are.
  ///
  /// - Requires: `stride` is a multiple of the ISA's lanes, and `pixels.count` at most `stride`.
  @inlinable @inline(never)
  static func copy(
    _ problem: Problem, _ input: UnsafePointer<Float>, _ pixels: Range<Int>, _ channels: Range<Int>,
    to panel: UnsafeMutablePointer<Float>, stride: Int
  ) {
    let input = input + channels.lowerBound &* problem.inputChannelStride
    let isOneRun = problem.endOfRun(from: pixels.lowerBound, limit: pixels.upperBound) == pixels.upperBound
    if !isOneRun && pixels.count < stride {
      clear(panel + pixels.count, stride &- pixels.count, channels.count, stride)
    }
    var m = pixels.lowerBound
    while m < pixels.upperBound {
      let end = problem.endOfRun(from: m, limit: pixels.upperBound)
      let source = input + problem.inputOffset(m)
      let target = panel + (m &- pixels.lowerBound)
      // A run alone in its row ends with a whole vector, and so with zeros.
      let copy = Run(
        count: end &- m, channels: channels.count, sourceStride: problem.inputChannelStride, targetStride: stride,
        endsWhole: isOneRun)
      switch problem.inputPixelStride {
      case 1: copy.contiguous(source, target)
      case 2: copy.everySecond(source, target)
      default: copy.strided(source, problem.inputPixelStride, target)
      }
      m = end
    }
  }

  @inlinable @inline(never)
  static func clear(_ target: UnsafeMutablePointer<Float>, _ count: Int, _ rows: Int, _ stride: Int) {
    for row in 0..<rows { (target + row &* stride).update(repeating: 0, count: count) }
  }

  /// A run of evenly spaced pixels of some channels.
  @frozen @usableFromInline
  struct Run {
    @usableFromInline let count: Int
    @usableFromInline let channels: Int
    @usableFromInline let sourceStride: Int
    @usableFromInline let targetStride: Int
    /// Whether the last pixels are written as a whole vector, the lanes after them zero.
    @usableFromInline let endsWhole: Bool

    @inlinable @inline(__always)
    init(count: Int, channels: Int, sourceStride: Int, targetStride: Int, endsWhole: Bool) {
      self.count = count
      self.channels = channels
      self.sourceStride = sourceStride
      self.targetStride = targetStride
      self.endsWhole = endsWhole
    }

    @inlinable @inline(__always)
    func contiguous(_ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>) {
      copy(source, target, pixelStride: 1) { Target.load($0, count: $1) }
    }

    // A vector's pixels lie in two vectors, without the second one's last element.
    @inlinable @inline(__always)
    func everySecond(_ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>) {
      copy(source, target, pixelStride: 2) { source, pixels in
        let elements = 2 &* pixels &- 1
        return Target.evens(
          Target.load(source, count: min(Target.lanes, elements)),
          Target.load(source + Target.lanes, count: max(0, elements &- Target.lanes)))
      }
    }

    @inlinable @inline(__always)
    func copy(
      _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, pixelStride: Int,
      load: (UnsafePointer<Float>, Int) -> Target.F32
    ) {
      let whole = count / Target.lanes &* Target.lanes
      let rest = count &- whole
      var source = source
      var target = target
      for _ in 0..<channels {
        var pixel = 0
        while pixel < whole {
          Target.store(load(source + pixel &* pixelStride, Target.lanes), target + pixel)
          pixel &+= Target.lanes
        }
        if rest > 0 {
          let last = load(source + pixel &* pixelStride, rest)
          if endsWhole { Target.store(last, target + pixel) } else { Target.store(last, target + pixel, count: rest) }
        }
        source += sourceStride
        target += targetStride
      }
    }

    @inlinable @inline(__always)
    func strided(_ source: UnsafePointer<Float>, _ pixelStride: Int, _ target: UnsafeMutablePointer<Float>) {
      var source = source
      var target = target
      for _ in 0..<channels {
        for pixel in 0..<count { target[pixel] = source[pixel &* pixelStride] }
        for pixel in count..<(endsWhole ? targetStride : count) { target[pixel] = 0 }
        source += sourceStride
        target += targetStride
      }
    }
  }

  /// Stores what was computed for one channel of `pixels`.
  @inlinable @inline(__always)
  static func store(
    _ problem: Problem, _ output: UnsafeMutablePointer<Float>, _ results: UnsafePointer<Float>, _ pixels: Range<Int>,
    _ channel: Int
  ) {
    for m in pixels {
      output[problem.outputOffset(m) &+ channel &* problem.outputChannelStride] = results[m &- pixels.lowerBound]
    }
  }

  /// Stores a tile of C, [rows][columns], rows `stride` apart, to the output in NCHW, channel by channel.
  ///
  /// Squares of one vector's lanes are transposed in registers: loads, shuffles and stores of whole vectors instead of
  /// elements.
  @inlinable @inline(never)
  static func storeTransposed(
    _ problem: Problem, _ output: UnsafeMutablePointer<Float>, _ tile: UnsafePointer<Float>, stride: Int,
    _ rows: Range<Int>, _ columns: Range<Int>
  ) {
    var m = rows.lowerBound
    while m < rows.upperBound {
      // An image's pixels are contiguous in the output.
      let end = min(rows.upperBound, m &- m % problem.imagePixels &+ problem.imagePixels)
      let output = output + problem.outputOffset(m) + columns.lowerBound &* problem.outputChannelStride
      let source = tile + (m &- rows.lowerBound) &* stride
      var row = 0
      while row < end &- m {
        var column = 0
        while column < columns.count {
          transposeSquare(
            source + row &* stride + column, stride, rows: min(Target.lanes, end &- m &- row),
            columns: min(Target.lanes, columns.count &- column),
            to: output + column &* problem.outputChannelStride + row, problem.outputChannelStride)
          column &+= Target.lanes
        }
        row &+= Target.lanes
      }
      m = end
    }
  }

  /// Transposes at most lanes × lanes elements; whole vectors of the source are read.
  ///
  /// Interleaving row i with row i + lanes ÷ 2, log₂ lanes times over, is a transposition.
  @inlinable @inline(__always)
  static func transposeSquare(
    _ source: UnsafePointer<Float>, _ sourceStride: Int, rows: Int, columns: Int,
    to target: UnsafeMutablePointer<Float>, _ targetStride: Int
  ) {
    // Rows after the last are the last one again, and are not stored.
    var vectors = InlineArray<16, Target.F32> { row in
      row < Target.lanes ? Target.load(source + min(row, rows &- 1) &* sourceStride) : Target.F32()
    }
    let half = Target.lanes / 2
    var width = 1
    while width < Target.lanes {
      let before = vectors
      for row in 0..<half {
        let pair = Target.interleave(before[row], before[row &+ half])
        vectors[2 &* row] = pair.low
        vectors[2 &* row &+ 1] = pair.high
      }
      width &*= 2
    }
    for column in 0..<Target.lanes where column < columns {
      Target.store(vectors[column], target + column &* targetStride, count: rows)
    }
  }
}
