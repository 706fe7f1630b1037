public import CPlatform
public import Layers

/// Layers of three half vectors of output channels, in channels-last layouts, as ``Packed`` computes them: 24 channels with
/// vectors of 16 floats.
///
/// Tiles of whole vectors leave a quarter of their lanes empty there. A ``ColumnTail`` beside a narrow tile does not, but
/// both are limited by loads: of a single vector of weights, every broadcast serves one multiply-add. Here a vector has two
/// terms of each of half as many channels, and so all three vectors of a tile are full; of the input two terms are
/// broadcast at once. What two neighbouring lanes have summed is added up at the end.
///
/// On one core of a Zen 5, 144→24 on 56×56 went from 79 to 91 % of the roofline, 96→24 from 78 to 88, 32→24 on 28×28 from
/// 62 to 75. Five half vectors in tiles of five rows lost: 144→40 on 28×28 went from 90 to 82.
///
/// Weights are packed as they are read, [k ÷ 2][channel][2].
@usableFromInline
enum PairedTerms<Target: VectorISA> {
  /// Channels of a vector.
  @inlinable @inline(__always)
  static var channels: Int { Target.lanes / 2 }

  /// Vectors of weights for two terms.
  @inlinable @inline(__always)
  static var vectors: Int { 3 }

  /// The most rows of a tile. Nine would leave room for three vectors and a broadcast among 32 registers, but with eight and
  /// nine the compiler keeps one or two sums on the stack.
  @inlinable @inline(__always)
  static var rows: Int { 7 }

  /// Whether `problem` is computed so: three half vectors of channels, no tile asked for, evenly spaced rows enough for
  /// some tiles, an even number of terms, and weights that fill half of the L1 cache or less.
  @inlinable
  static func suit(_ problem: Problem) -> Bool {
    guard Target.maximumRows(vectors) >= rows, problem.n == vectors &* channels else { return false }
    guard problem.isChannelsLast, problem.tile == nil, problem.runPixels == problem.m, problem.k % 2 == 0 else {
      return false
    }
    return problem.m >= Target.lanes && problem.n &* problem.k &* MemoryLayout<Float>.size <= problem.caches.l1d / 2
  }

  /// Packs [n][k] weights.
  @inlinable
  static func packWeights(
    _ problem: Problem, _ weights: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>
  ) {
    for n in 0..<problem.n {
      let channel = weights + n &* problem.weightStride
      for k in 0..<problem.k { packed[(k / 2 &* problem.n &+ n) &* 2 &+ k % 2] = channel[k] }
    }
  }

  /// Computes `block`, which begins with the first column. Of fewer than all columns, a tile is computed in scratch memory.
  @inlinable
  static func compute(_ plan: PackedPlan<Target>, _ operands: Operands, _ block: Block) {
    let problem = plan.problem
    let isWhole = block.columns.count == problem.n
    PackedLoops.forEachTile(of: block.rows, upTo: rows) { rows in
      let output = operands.output + problem.outputOffset(rows.lowerBound)
      let tile = Tile(
        input: operands.input + problem.inputOffset(rows.lowerBound), inputStride: problem.inputPixelStride,
        weights: operands.weights, steps: problem.k / 2, bias: operands.bias,
        output: isWhole ? output : operands.scratch, outputStride: isWhole ? problem.outputPixelStride : problem.n,
        activation: problem.activation)
      switch rows.count {
      case 1: multiply(tile, Extent<1>.self)
      case 2: multiply(tile, Extent<2>.self)
      case 3: multiply(tile, Extent<3>.self)
      case 4: multiply(tile, Extent<4>.self)
      case 5: multiply(tile, Extent<5>.self)
      case 6: multiply(tile, Extent<6>.self)
      default: multiply(tile, Extent<7>.self)
      }
      Epilogue<Target>.finish(
        problem.activation, tile.output, rows: rows.count, columns: problem.n, stride: tile.outputStride)
      if isWhole { return }
      for row in 0..<rows.count {
        (output + row &* problem.outputPixelStride).update(
          from: tile.output + row &* tile.outputStride, count: block.columns.count)
      }
    }
  }

  /// What one call reads and writes.
  @frozen @usableFromInline
  struct Tile {
    @usableFromInline let input: UnsafePointer<Float>
    @usableFromInline let inputStride: Int
    @usableFromInline let weights: UnsafePointer<Float>
    @usableFromInline let steps: Int
    @usableFromInline let bias: UnsafePointer<Float>?
    @usableFromInline let output: UnsafeMutablePointer<Float>
    @usableFromInline let outputStride: Int
    @usableFromInline let activation: Activation

    @inlinable @inline(__always)
    init(
      input: UnsafePointer<Float>, inputStride: Int, weights: UnsafePointer<Float>, steps: Int,
      bias: UnsafePointer<Float>?, output: UnsafeMutablePointer<Float>, outputStride: Int, activation: Activation
    ) {
      self.input = input
      self.inputStride = inputStride
      self.weights = weights
      self.steps = steps
      self.bias = bias
      self.output = output
      self.outputStride = outputStride
      self.activation = activation
    }
  }

  /// Computes a tile of `R` rows. The next rows of input are asked for meanwhile.
  @inlinable @inline(never)
  static func multiply<let R: Int>(_ tile: Tile, _ rows: Extent<R>.Type) {
    var sums = InlineArray<3, InlineArray<R, Target.F32>>(
      repeating: InlineArray<R, Target.F32>(repeating: Target.F32()))
    var (input, weights) = (tile.input, tile.weights)
    var next = input + R &* tile.inputStride
    for _ in 0..<tile.steps {
      let w = InlineArray<3, Target.F32> { v in Target.load(weights + v &* Target.lanes) }
      platform_prefetch(next)
      platform_prefetch(next + (2 &* R &- 1))
      for row in 0..<R {
        let x = ColumnTail<Target>.load(input + row &* tile.inputStride, repeating: Extent<2>.self)
        for v in 0..<vectors { sums[v][row] = Target.multiplyAdd(sums[v][row], x, w[v]) }
      }
      input += 2
      next += 2 &* R
      weights += vectors &* Target.lanes
    }
    // Not a loop for each clamp, as in ``Microkernel``: with nine rows and three such loops the compiler kept most sums on the
    // stack, and 144→24 went to 48 % of the roofline.
    let clamp = Epilogue<Target>.Clamp(tile.activation)
    for row in 0..<R {
      let output = tile.output + row &* tile.outputStride
      let (a, b, c) = (sums[0][row], sums[1][row], sums[2][row])
      Target.store(clamp(add(a, b) + bias(tile, 0, count: Target.lanes)), output)
      Target.store(clamp(add(c, c) + bias(tile, Target.lanes, count: channels)), output + Target.lanes, count: channels)
    }
  }

  /// Adds neighbouring lanes up.
  @inlinable @inline(__always)
  static func add(_ a: Target.F32, _ b: Target.F32) -> Target.F32 { Target.evens(a, b) + Target.odds(a, b) }

  /// Without a bias 0 is added all the same, as in a ``ColumnTail``: −0 becomes 0.
  @inlinable @inline(__always)
  static func bias(_ tile: Tile, _ first: Int, count: Int) -> Target.F32 {
    tile.bias.map { Target.load($0 + first, count: count) } ?? Target.F32()
  }
}
