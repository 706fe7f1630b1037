public import Layers

/// The last output channels of a layer whose tiles' rows are pixels, where they would fill a vector of channels badly.
///
/// One channel past a multiple costs as much in a tile as a vector of them. In channels-last layouts the terms of a channel
/// are contiguous, and so a vector can hold `terms` terms of each of `lanes ÷ terms` channels: eight channels by two terms,
/// four by four, down to one channel, a dot product. Weights are packed so, [⌈k ÷ terms⌉][channel][term]; of the input as
/// many terms are loaded and repeated for every channel. What neighbouring lanes have summed is added up at the end, for as
/// many rows at once as a vector has lanes: in a tree whose result are vectors of [row][channel].
///
/// In NCHW the rows of a tile are contiguous in the copied panel, and are the vector themselves.
@usableFromInline
enum ColumnTail<Target: VectorISA> {
  /// How many of the last channels are computed so.
  ///
  /// In a tile's vector, a row costs half a cycle a term. Here it costs little more than half a cycle for every `terms`
  /// terms, and the end of it, counted with 3 cycles. In NCHW a vector of rows of a panel costs two loads a term. Rows that
  /// do not fill half of a vector are not worth it.
  @inlinable
  static func count(_ problem: Problem, _ blocking: Blocking<Target>) -> Int {
    let rest = problem.n % Target.lanes
    guard blocking.pixelsAreRows && problem.m >= Target.lanes / 2 else { return 0 }
    if problem.isChannelsLast {
      let terms = terms(rest)
      return terms > 1 && 11 &* problem.k / terms &+ 60 < 9 &* problem.k ? rest : 0
    }
    let rows = Packed<Target>.roundUp(blocking.rows, Target.lanes)
    return problem.n > rest && 20 &* rest &* rows < 9 &* blocking.rows &* Target.lanes ? rest : 0
  }

  /// The terms of one channel in a vector that holds `columns` channels; 1 if it has room for no more.
  @inlinable @inline(__always)
  static func terms(_ columns: Int) -> Int {
    var channels = 1
    while channels < columns { channels &*= 2 }
    return columns == 0 ? 1 : max(1, Target.lanes / channels)
  }

  /// Partial sums of a channel.
  @inlinable @inline(__always)
  static func chains(_ problem: Problem) -> Int {
    problem.isChannelsLast ? terms(problem.n % Target.lanes) : panelChains
  }

  // MARK: Weights

  /// Whether weights are packed with several channels in a vector; they are copied row by row otherwise.
  @inlinable @inline(__always)
  static func isGrouped(_ problem: Problem) -> Bool {
    problem.isChannelsLast && chains(problem) < Target.lanes
  }

  /// Floats of the packed weights of `columns`.
  @inlinable
  static func packedWeightCount(_ problem: Problem, _ columns: Int) -> Int {
    if columns == 0 || !isGrouped(problem) { return columns &* problem.k }
    let terms = terms(columns)
    return (problem.k &+ terms &- 1) / terms &* Target.lanes
  }

  /// Packs the weights of the last `columns` channels.
  @inlinable
  static func packWeights(
    _ problem: Problem, _ weights: UnsafePointer<Float>, _ columns: Int, into packed: UnsafeMutablePointer<Float>
  ) {
    if columns == 0 { return }
    let first = weights + (problem.n &- columns) &* problem.weightStride
    if !isGrouped(problem) {
      for n in 0..<columns {
        (packed + n &* problem.k).update(from: first + n &* problem.weightStride, count: problem.k)
      }
      return
    }
    let terms = terms(columns)
    for step in 0..<(problem.k &+ terms &- 1) / terms {
      for lane in 0..<Target.lanes {
        let (n, term) = lane.quotientAndRemainder(dividingBy: terms)
        let k = step &* terms &+ term
        packed[step &* Target.lanes &+ lane] = n < columns && k < problem.k ? first[n &* problem.weightStride &+ k] : 0
      }
    }
  }

  // MARK: Channels last

  /// Scratch memory: the bias of every lane, and the sums of as many rows as a vector has lanes.
  @inlinable
  static func scratchCount(_ problem: Problem, _ columns: Int) -> Int {
    columns > 0 && problem.isChannelsLast ? Target.lanes &* (1 &+ Target.lanes) : 0
  }

  /// Writes the bias of the last `columns` channels to `scratch`, as ``compute(_:_:_:_:_:scratch:)`` wants it.
  @inlinable
  static func prepare(
    _ problem: Problem, _ operands: Operands, _ columns: Range<Int>, scratch: UnsafeMutablePointer<Float>
  ) {
    if columns.isEmpty || !isGrouped(problem) { return }
    let terms = chains(problem)
    for lane in 0..<Target.lanes {
      let n = columns.lowerBound &+ lane % (Target.lanes / terms)
      scratch[lane] = n < columns.upperBound ? operands.bias.map { $0[n] } ?? 0 : 0
    }
  }

  /// Computes `columns` of `rows`.
  ///
  /// - Requires: `rows` are at most as many as a vector has lanes. `weights` are those of `columns`, as ``packWeights``
  ///   leaves them. `scratch` has been prepared.
  @inlinable
  static func compute(
    _ problem: Problem, _ operands: Operands, _ weights: UnsafePointer<Float>, _ rows: Range<Int>,
    _ columns: Range<Int>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    switch chains(problem) {
    case 2: grouped(problem, operands, weights, rows, columns, scratch, Extent<2>.self)
    case 4 where Target.lanes > 4: grouped(problem, operands, weights, rows, columns, scratch, Extent<4>.self)
    case 8 where Target.lanes > 8: grouped(problem, operands, weights, rows, columns, scratch, Extent<8>.self)
    default:
      for n in columns {
        dots(problem, operands, weights + (n &- columns.lowerBound) &* problem.k, rows, n, scratch)
      }
    }
  }

  /// Computes `columns`, which share vectors.
  @inlinable @inline(never)
  static func grouped<let T: Int>(
    _ problem: Problem, _ operands: Operands, _ weights: UnsafePointer<Float>, _ rows: Range<Int>,
    _ columns: Range<Int>,
    _ scratch: UnsafeMutablePointer<Float>, _ terms: Extent<T>.Type
  ) {
    let results = scratch + Target.lanes
    let channels = Target.lanes / T
    multiply(problem, operands, weights, rows, bias: Target.load(UnsafePointer(scratch)), results, terms)
    Epilogue<Target>.finish(
      problem.activation, results, rows: 1, columns: rows.count &* channels, stride: Target.lanes)
    let output = operands.output + problem.outputOffset(rows.lowerBound) + columns.lowerBound
    if columns.count == channels {
      // The compiler makes a few wide moves of a row.
      for row in 0..<rows.count {
        let (from, to) = (results + row &* channels, output + row &* problem.outputPixelStride)
        for channel in 0..<channels { to[channel] = from[channel] }
      }
    } else {
      for row in 0..<rows.count {
        let (from, to) = (results + row &* channels, output + row &* problem.outputPixelStride)
        for channel in 0..<columns.count { to[channel] = from[channel] }
      }
    }
  }

  /// Computes channel `n` of `rows`, whose weights are one row.
  @inlinable @inline(never)
  static func dots(
    _ problem: Problem, _ operands: Operands, _ weights: UnsafePointer<Float>, _ rows: Range<Int>, _ n: Int,
    _ scratch: UnsafeMutablePointer<Float>
  ) {
    let results = scratch + Target.lanes
    // Without a bias 0 is added all the same, as in NCHW: −0 becomes 0.
    let bias = Target.F32(repeating: operands.bias.map { $0[n] } ?? 0)
    multiply(problem, operands, weights, rows, bias: bias, results, Extent<16>.self)
    Epilogue<Target>.finish(problem.activation, results, rows: 1, columns: rows.count, stride: Target.lanes)
    let output = operands.output + problem.outputOffset(rows.lowerBound) + n
    for row in 0..<rows.count { output[row &* problem.outputPixelStride] = results[row] }
  }

  // MARK: Products

  /// The sums of `rows` with `weights` and `bias`, clamped, in vectors of [row][channel]: rows after the last are the last
  /// one again. `results` has room for as many vectors as a vector has lanes.
  @inlinable @inline(__always)
  static func multiply<let T: Int>(
    _ problem: Problem, _ operands: Operands, _ weights: UnsafePointer<Float>, _ rows: Range<Int>,
    bias: Target.F32, _ results: UnsafeMutablePointer<Float>, _ terms: Extent<T>.Type
  ) {
    let activation = problem.activation
    let last = rows.count &- 1
    if last &+ 1 == Target.lanes, problem.endOfRun(from: rows.lowerBound, limit: rows.upperBound) == rows.upperBound {
      let first = operands.input + problem.inputOffset(rows.lowerBound)
      multiply(problem.k, first, stride: problem.inputPixelStride, weights, bias, activation, results, terms)
    } else {
      multiply(problem.k, weights, bias, activation, results, terms) {
        operands.input + problem.inputOffset(rows.lowerBound &+ min($0, last))
      }
    }
  }

  /// Sums the products of rows that lie `stride` apart with `weights`, of which a vector has `T` terms for every channel:
  /// first lane by lane, a vector for each row.
  @inlinable @inline(never)
  static func multiply<let T: Int>(
    _ depth: Int, _ input: UnsafePointer<Float>, stride: Int, _ weights: UnsafePointer<Float>, _ bias: Target.F32,
    _ activation: Activation, _ results: UnsafeMutablePointer<Float>, _ terms: Extent<T>.Type
  ) {
    let step = min(T, Target.lanes)
    var sums = InlineArray<16, Target.F32>(repeating: Target.F32())
    var (input, weights, left) = (input, weights, depth)
    while left >= step {
      let w = Target.load(weights)
      for row in 0..<Target.lanes {
        sums[row] = Target.multiplyAdd(sums[row], load(input + row &* stride, repeating: terms), w)
      }
      weights += Target.lanes
      input += step
      left &-= step
    }
    if left > 0 { multiplyRest(&sums, left, of: step, weights, results) { input + $0 &* stride } }
    store(&sums, bias, activation, results, terms)
  }

  /// The same of rows that lie anywhere.
  @inlinable @inline(__always)
  static func multiply<let T: Int>(
    _ depth: Int, _ weights: UnsafePointer<Float>, _ bias: Target.F32, _ activation: Activation,
    _ results: UnsafeMutablePointer<Float>, _ terms: Extent<T>.Type, row input: (Int) -> UnsafePointer<Float>
  ) {
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: Target.lanes) { rows in
      for row in 0..<Target.lanes { rows.initializeElement(at: row, to: input(row)) }
      multiply(
        depth, UnsafePointer(rows.baseAddress.unsafelyUnwrapped), weights, bias, activation, results, terms)
    }
  }

  @inlinable @inline(never)
  static func multiply<let T: Int>(
    _ depth: Int, _ rows: UnsafePointer<UnsafePointer<Float>>, _ weights: UnsafePointer<Float>, _ bias: Target.F32,
    _ activation: Activation, _ results: UnsafeMutablePointer<Float>, _ terms: Extent<T>.Type
  ) {
    let step = min(T, Target.lanes)
    var sums = InlineArray<16, Target.F32>(repeating: Target.F32())
    var weights = weights
    var k = 0
    while k &+ step <= depth {
      let w = Target.load(weights)
      for row in 0..<Target.lanes {
        sums[row] = Target.multiplyAdd(sums[row], load(rows[row] + k, repeating: terms), w)
      }
      weights += Target.lanes
      k &+= step
    }
    if k < depth { multiplyRest(&sums, depth &- k, of: step, weights, results) { rows[$0] + k } }
    store(&sums, bias, activation, results, terms)
  }

  /// Adds the products of the last `count` terms, fewer than a vector has of each channel. Sums go through `results`, for
  /// this is a loop.
  @inlinable @inline(__always)
  static func multiplyRest(
    _ sums: inout InlineArray<16, Target.F32>, _ count: Int, of terms: Int, _ weights: UnsafePointer<Float>,
    _ results: UnsafeMutablePointer<Float>, row input: (Int) -> UnsafePointer<Float>
  ) {
    for row in 0..<Target.lanes { Target.store(sums[row], results + row &* Target.lanes) }
    // A single channel's weights are not filled up.
    let w = terms == Target.lanes ? Target.load(weights, count: count) : Target.load(weights)
    for row in 0..<Target.lanes {
      let p = results + row &* Target.lanes
      let x = terms == Target.lanes ? Target.load(input(row), count: count) : load(input(row), count: count, of: terms)
      Target.store(Target.multiplyAdd(Target.load(UnsafePointer(p)), x, w), p)
    }
    for row in 0..<Target.lanes { sums[row] = Target.load(UnsafePointer(results + row &* Target.lanes)) }
  }

  /// `T` floats, again and again: one instruction.
  @inlinable @inline(__always)
  static func load<let T: Int>(_ p: UnsafePointer<Float>, repeating terms: Extent<T>.Type) -> Target.F32 {
    if T >= Target.lanes { return Target.load(p) }
    var vector = Target.F32()
    for lane in 0..<Target.lanes { vector[lane] = p[lane % T] }
    return vector
  }

  /// The first `count` of `terms` floats and then zeros, again and again.
  @inlinable @inline(never)
  static func load(_ p: UnsafePointer<Float>, count: Int, of terms: Int) -> Target.F32 {
    var vector = Target.F32()
    for lane in 0..<Target.lanes where lane % terms < count { vector[lane] = p[lane % terms] }
    return vector
  }

  /// Adds the `T` neighbouring lanes of every channel of each row up, pairwise, then the bias, and stores vectors of
  /// [row][channel].
  @inlinable @inline(__always)
  static func store<let T: Int>(
    _ sums: inout InlineArray<16, Target.F32>, _ bias: Target.F32, _ activation: Activation,
    _ results: UnsafeMutablePointer<Float>, _ terms: Extent<T>.Type
  ) {
    var count = Target.lanes
    var left = min(T, Target.lanes)
    while left > 1 {
      left /= 2
      count /= 2
      for i in 0..<count {
        let (a, b) = (sums[2 &* i], sums[2 &* i &+ 1])
        sums[i] = Target.evens(a, b) + Target.odds(a, b)
      }
    }
    let clamp = Epilogue<Target>.Clamp(activation)
    for i in 0..<count { Target.store(clamp(sums[i] + bias), results + i &* Target.lanes) }
  }

  // MARK: NCHW

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
    // Neighbours first, as in channels-last layouts.
    return (sums[0] + sums[1]) + (sums[2] + sums[3])
  }

  @inlinable @inline(__always)
  static func activate(_ activation: Activation, _ sums: Target.F32) -> Target.F32 {
    Epilogue<Target>.transcendental(activation, Epilogue<Target>.Clamp(activation)(sums))
  }
}
