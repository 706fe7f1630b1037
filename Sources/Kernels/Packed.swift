public import Layers

/// A register-blocked microkernel over weights that are packed once, ahead of time.
///
/// **Pixels as rows.** Rows of the tile are pixels, columns are output channels. Weights are packed in panels of
/// NR = vectors × lanes channels, [⌈n/NR⌉][k][NR], filled up with zeros. Channels-last layouts (NHWC, NC) are computed
/// so, and small images in NCHW.
///
/// In channels-last layouts the input is read where it lies, by broadcast. Only the rows of strided layers, where a run of
/// pixels ends every few rows, are copied to scratch memory first, and those of a tile that was asked for and has more rows
/// than the L1 cache has room for; see ``Blocking``.
///
///     for a stripe of panels whose weights fill half of the L2 cache
///       for a cut of the depth
///         for tiles of rows, for the stripe's panels: microkernel
///
/// Weights that the next stripe or cut needs are fetched meanwhile: each tile of rows asks for its share of them, so that
/// the traffic is spread over all of the time. With 16 rows and weights in memory, that alone took FC from 58 to 92 % of
/// the roofline on one core of a Zen 5. What the first tile reads is asked for a little ahead of its use. The first panel of a
/// tile asks for the input rows of the next tile besides: 256→64 on 56×56 went from 94 to 96 %, 1024→256 on 16 images of 14×14
/// from 84 to 96.
///
/// The last channels of a layer that would leave most of a vector empty are a ``ColumnTail``, and all channels of a small layer
/// of few rows are ``DotProducts``. A single row has loops of its own, ``RowProducts``, and so have layers of 24 channels with
/// vectors of 16, ``PairedTerms``.
///
/// In NCHW the pixels of a tile are copied to a panel, [k][rows], and tiles of C are transposed in registers and stored.
///
///     for groups of tiles of rows whose panels fill a quarter of the L2 cache: copy their panels
///       for panels of weights, for the group's tiles: microkernel, transpose
///
/// So several tiles use a panel of weights while it is near, and write the two halves of a line of the output one soon after
/// the other. Meanwhile each asks for its share of the next panel of weights, with the last panel for the input of the next
/// group, and always for the lines of the output that it is about to write. In % of the roofline on one core of a Zen 5, from
/// tiles that were copied one by one and asked for their own weights alone: with 16 images from 75 to 90 for 1024→256 on
/// 14×14, from 74 to 86 for 256→1024, from 86 to 92 for 2048→512 on 7×7, from 86 to 91 for 512→2048; with one image, up to 1
/// more.
///
/// What part did what, with 16 images of 14×14, 256→1024 and 1024→256, from 70 and 75: asking for the output alone 78 and 77;
/// groups of four tiles alone 72 and 76; groups of 2, 4, 8 and 14 and all that is asked for 81, 83, 84, 87 and 88, 89, 87, 87;
/// reading the bias where it lies rather than a copy for each tile, 87 instead of 82 and 89 instead of 88. In vain: asking for
/// the input in bursts before every tile rather than among the multiply-adds of the last panel, 80 and 80 instead of 82 and
/// 88. Without groups, stripes of weights that stay in the L2 cache gained 2 to 4 % for 256→1024 and 512→2048 with one image,
/// and cost 3 to 13 for 1024→256 and 2048→512, whose panels are copied for every stripe.
///
/// **Pixels as columns.** Rows are output channels, columns are pixels: NCHW, unless the vectors of an image would be
/// filled badly (49 pixels are four vectors of 16, a quarter of them empty) and the sums are long enough to pay for
/// transposing. Weights are packed in panels of MR channels, [⌈n/MR⌉][k][MR]. Pixels of one image are copied to a panel
/// of NR pixels, [depth][NR], in scratch memory: whole vectors where they are contiguous.
///
///     for panels of pixels, for a cut of the depth: copy the panel
///       for panels of channels: microkernel
///
/// Between two cuts of the depth, partial sums wait in the output. A vector that would reach past the block's last
/// column is computed in scratch memory, and only its valid part is copied to the output.
public enum Packed<Target: VectorISA>: KernelFamily {
  /// The kernel's name.
  @inlinable
  public static var name: String { "packed" }
  /// One line on what the kernel does.
  @inlinable
  public static var summary: String { "register-blocked microkernel over prepacked weights" }

  /// Every tile whose sums stay in registers.
  @inlinable
  public static var tiles: [TileShape] { RegisterTile<Target>.all }

  /// Every problem, unless the tile asked for lies the other way round: channels-last layouts have pixels as rows, and
  /// NCHW has them only as long as a tile's input fits half of the L2 cache.
  @inlinable
  public static func supports(_ problem: Problem) -> Bool {
    guard let rows = problem.tile?.rows else { return true }
    return Blocking<Target>(problem).pixelsAreRows == (rows == .pixels)
  }

  // MARK: Weights

  /// Blocks begin on whole panels of weights, and, where pixels are columns, on whole vectors of them.
  @inlinable
  public static func grain(_ problem: Problem) -> Grain {
    let plan = PackedPlan<Target>(problem)
    let blocking = plan.blocking
    switch plan.method {
    case .dots: return Grain(rows: 1, columns: DotProducts<Target>.channels)
    // Half of a panel, for there may be fewer panels than threads.
    case .row: return Grain(rows: 1, columns: blocking.width / 2)
    case .pairs: return Grain(rows: 1, columns: problem.n)
    case .channelsLast, .transposed, .channelsFirst: break
    }
    return Grain(rows: blocking.pixelsAreRows ? 1 : Target.lanes, columns: blocking.weightPanel)
  }

  /// Whole panels of weights, and those of a ``ColumnTail``.
  @inlinable
  public static func packedWeightCount(_ problem: Problem) -> Int {
    let plan = PackedPlan<Target>(problem)
    if plan.method == .dots { return DotProducts<Target>.packedWeightCount(problem) }
    if plan.method == .pairs { return problem.n &* problem.k }
    return roundUp(problem.n &- plan.tail, plan.blocking.weightPanel) &* problem.k
      &+ ColumnTail<Target>.packedWeightCount(problem, plan.tail)
  }

  /// Packs [n][k] weights into panels, [⌈n/width⌉][k][width], zeros after the last channel; those of a
  /// ``ColumnTail`` follow.
  @inlinable
  public static func packWeights(
    _ problem: Problem, _ weights: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>
  ) {
    let plan = PackedPlan<Target>(problem)
    if plan.method == .dots { return DotProducts<Target>.packWeights(problem, weights, into: packed) }
    if plan.method == .pairs { return PairedTerms<Target>.packWeights(problem, weights, into: packed) }
    let width = plan.blocking.weightPanel
    let end = problem.n &- plan.tail
    for n0 in stride(from: 0, to: end, by: width) {
      let panel = packed + n0 &* problem.k
      for column in 0..<width {
        let source = weights + (n0 &+ column) &* problem.weightStride
        let isPadding = n0 &+ column >= end
        for k in 0..<problem.k { panel[k &* width &+ column] = isPadding ? 0 : source[k] }
      }
    }
    ColumnTail<Target>.packWeights(problem, weights, plan.tail, into: packed + roundUp(end, width) &* problem.k)
  }

  // MARK: Scratch memory

  /// From row to row of copied input rows: one vector more than needed, so that rows do not alias.
  @inlinable @inline(__always)
  static func copiedRowStride(_ blocking: Blocking<Target>) -> Int {
    roundUp(blocking.depth, Target.lanes) &+ Target.lanes
  }

  /// Whether copied rows are kept for all stripes of weights: there are several, and the rows of the whole layer are not
  /// cut, and fill a quarter of the L2 cache or less.
  ///
  /// On one core of a Zen 5, 1024→2048 on 7×7 with stride 2 went from 91 to 95 % of the roofline, 512→1024 from 93 to 95. Of a
  /// single stripe the copies of one tile are nearer: with all of them kept, 64→128 went from 89 to 87.
  @inlinable @inline(__always)
  static func keepsCopies(_ problem: Problem, _ blocking: Blocking<Target>) -> Bool {
    copiesRows(problem, blocking) && blocking.depth == problem.k
      && problem.n &* problem.k &* MemoryLayout<Float>.size > problem.caches.l2 / 2
      && problem.m &* copiedRowStride(blocking) &* MemoryLayout<Float>.size <= problem.caches.l2 / 4
  }

  /// Copied input, then an edge tile, then an edge tile's bias, then what a ``ColumnTail`` needs.
  @inlinable
  public static func scratchCount(_ problem: Problem) -> Int {
    let plan = PackedPlan<Target>(problem)
    if plan.method == .dots || plan.method == .row { return 0 }
    if plan.method == .pairs { return PairedTerms<Target>.rows &* problem.n }
    return tailOffset(problem, plan.blocking) &+ ColumnTail<Target>.scratchCount(problem, plan.tail)
  }

  @inlinable @inline(__always)
  static func edgeOffset(_ problem: Problem, _ blocking: Blocking<Target>) -> Int {
    if problem.isChannelsLast {
      return max(blocking.rows, keepsCopies(problem, blocking) ? problem.m : 0) &* copiedRowStride(blocking)
    }
    return blocking.pixelsAreRows ? blocking.group &* pixelPanelCount(blocking) : blocking.depth &* blocking.width
  }

  @inlinable @inline(__always)
  static func biasOffset(_ problem: Problem, _ blocking: Blocking<Target>) -> Int {
    edgeOffset(problem, blocking) &+ blocking.rows &* blocking.width
  }

  @inlinable @inline(__always)
  static func tailOffset(_ problem: Problem, _ blocking: Blocking<Target>) -> Int {
    biasOffset(problem, blocking) &+ blocking.width
  }

  @inlinable @inline(__always)
  static func roundUp(_ count: Int, _ multiple: Int) -> Int { (count &+ multiple &- 1) / multiple &* multiple }

  // MARK: Work

  /// Counted by ``PackedLoops``, in code that is not compiled for the ISA.
  @inlinable
  public static func work(_ problem: Problem, _ block: Block) -> KernelWork? {
    let plan = PackedPlan<Target>(problem)
    let blocking = plan.blocking
    return PackedLoops(
      problem: problem, lanes: Target.lanes, pixelsAreRows: blocking.pixelsAreRows, rows: blocking.rows,
      vectors: blocking.vectors, depth: blocking.depth, group: blocking.group, stripeWidth: plan.stripeWidth,
      copiesRows: copiesRows(problem, blocking), keepsCopies: keepsCopies(problem, blocking),
      isRow: plan.method == .row,
      dotChannels: plan.method == .dots ? DotProducts<Target>.channels : 0,
      pairRows: plan.method == .pairs ? PairedTerms<Target>.rows : 0, tail: plan.tail,
      tailTerms: ColumnTail<Target>.chains(problem)
    ).work(block)
  }

  // MARK: Computing

  /// One product after the other, from the bias on. A cut of the depth goes on with the partial sum, and changes nothing;
  /// neither does it which way round the tile lies. A ``ColumnTail`` has chains of its own.
  @inlinable
  public static func summationOrder(_ problem: Problem) -> SummationOrder? {
    let plan = PackedPlan<Target>(problem)
    if plan.method == .dots { return SummationOrder(chains: Target.lanes, cut: problem.k) }
    if plan.method == .pairs { return SummationOrder(chains: 2, cut: problem.k) }
    let chains = ColumnTail<Target>.chains(problem)
    return SummationOrder(
      chains: 1, cut: problem.k, tail: plan.tail > 0 ? SummationOrder.Tail(columns: plan.tail, chains: chains) : nil)
  }

  /// See ``PackedPlan``.
  @inlinable
  public static func plan(_ problem: Problem) -> PackedPlan<Target> { PackedPlan(problem) }

  /// Computes `block`.
  ///
  /// - Requires: `block.columns` begins on a panel of weights.
  @inlinable
  public static func compute(_ plan: PackedPlan<Target>, _ operands: Operands, _ block: Block) {
    switch plan.method {
    case .dots: DotProducts<Target>.compute(plan, operands, block)
    case .row: RowProducts<Target>.compute(plan, operands, block)
    case .pairs: PairedTerms<Target>.compute(plan, operands, block)
    case .channelsLast: channelsLast(plan, operands, block)
    case .transposed: transposed(plan, operands, block)
    case .channelsFirst: channelsFirst(plan, operands, block)
    }
  }

  /// Whether the input rows of a tile are copied, in channels-last layouts.
  @inlinable @inline(__always)
  static func copiesRows(_ problem: Problem, _ blocking: Blocking<Target>) -> Bool {
    blocking.rows > Blocking<Target>.rowsInPlace(problem)
  }

  @inlinable
  static func channelsLast(_ plan: PackedPlan<Target>, _ operands: Operands, _ block: Block) {
    let (problem, blocking) = (plan.problem, plan.blocking)
    let width = blocking.width
    let depth = blocking.depth
    let stripeWidth = plan.stripeWidth
    let isCopied = copiesRows(problem, blocking)
    let isKept = keepsCopies(problem, blocking)
    let inputIsContiguous = !isCopied && problem.inputPixelStride == problem.k && depth == problem.k
    let (columns, tail) = columnsAndTail(plan, block)
    let tailWeights = tailWeights(plan, operands, tail)
    let tailScratch = operands.scratch + tailOffset(problem, blocking)
    ColumnTail<Target>.prepare(problem, operands, tail, scratch: tailScratch)
    var tailRows = block.rows

    let tiles = (block.rows.count &+ blocking.rows &- 1) / blocking.rows
    for stripe in stride(from: columns.lowerBound, to: columns.upperBound, by: stripeWidth) {
      let stripeEnd = min(columns.upperBound, stripe &+ stripeWidth)
      for k0 in stride(from: 0, to: problem.k, by: depth) {
        let k1 = min(problem.k, k0 &+ depth)
        let isFirst = stripe == columns.lowerBound && k0 == 0
        let isLast = stripeEnd == columns.upperBound && k1 == problem.k
        let weights = operands.weights + (stripe &* problem.k &+ k0 &* width)
        // Of the weights that come next, a tile of rows asks for its share of each panel.
        let next = operands.weights + (k1 < problem.k ? stripe &* problem.k &+ k1 &* width : stripeEnd &* problem.k)
        let share = (k1 &- k0) / max(1, tiles) &* width
        let shareStride = max(Target.lanes, width / max(1, tiles))
        var index = 0
        PackedLoops.forEachTile(of: block.rows, upTo: blocking.rows) { rows in
          var a = operands.input + problem.inputOffset(rows.lowerBound) + k0
          var aStride = problem.inputPixelStride
          if isCopied {
            aStride = copiedRowStride(blocking)
            let copies = operands.scratch + (isKept ? (rows.lowerBound &- block.rows.lowerBound) &* aStride : 0)
            if isFirst || !isKept {
              for m in rows {
                (copies + (m &- rows.lowerBound) &* aStride)
                  .update(from: operands.input + problem.inputOffset(m) + k0, count: k1 &- k0)
              }
            }
            a = UnsafePointer(copies)
          }
          var tile = TileOperands(
            a: a, aStride: aStride, b: weights, bStride: width, depth: k1 &- k0,
            c: operands.output + problem.outputOffset(rows.lowerBound) + stripe, cStride: problem.outputPixelStride,
            accumulates: k0 > 0, bias: operands.bias.map { $0 + stripe }, biasIsPerRow: false,
            activation: k1 == problem.k ? problem.activation : .none)
          let isAhead = tiles == 1 || index == 0 && isFirst || isLast
          var fetch = isAhead ? weights + weightsAhead : next + index &* share
          // Several tiles share the weights out: half of a row at every step at most, and the last line is free.
          let last = isAhead ? width &- Target.lanes : 0
          tile.fetch(fetch, last: last, stride: isAhead ? width : shareStride)
          // The first panel of a tile asks for the input rows of the next.
          if inputIsContiguous && rows.upperBound < block.rows.upperBound {
            let input = a + rows.count &* aStride
            if isLast {
              tile.fetch(input, last: min(width, stripeEnd &- stripe) &- 1, stride: rows.count)
            } else {
              tile.fetchLast = input
            }
          }
          var n = stripe
          while n < stripeEnd {
            let columns = min(width, stripeEnd &- n)
            let vectors = (columns &+ Target.lanes &- 1) / Target.lanes
            if columns == vectors &* Target.lanes {
              RegisterTile<Target>.strided(rows.count, vectors, tile)
              Epilogue<Target>.finish(
                tile.activation, tile.c, rows: rows.count, columns: columns, stride: tile.cStride)
            } else {
              let edge = edge(problem, blocking, operands, tile, rows: rows.count, columns: columns)
              RegisterTile<Target>.strided(rows.count, vectors, edge)
              finish(edge, copyingTo: tile, rows: rows.count, columns: columns)
            }
            n &+= width
            tile.b += width &* problem.k
            tile.c += width
            if let bias = tile.bias { tile.bias = bias + width }
            fetch += width &* problem.k
            tile.fetch(fetch, last: last, stride: isAhead ? width : shareStride)
          }
          index &+= 1
          if isLast {
            computeTail(
              problem, operands, tailWeights, &tailRows, upTo: rows.upperBound, of: block, tail, scratch: tailScratch)
          }
        }
      }
    }
    computeTail(
      problem, operands, tailWeights, &tailRows, upTo: block.rows.upperBound, of: block, tail, scratch: tailScratch)
  }

  /// The columns of `block` that are computed in tiles, and those of its ``ColumnTail``.
  @inlinable
  static func columnsAndTail(
    _ plan: PackedPlan<Target>, _ block: Block
  ) -> (columns: Range<Int>, tail: Range<Int>) {
    let end = plan.problem.n &- plan.tail
    return (
      min(end, block.columns.lowerBound)..<min(end, block.columns.upperBound),
      max(end, block.columns.lowerBound)..<max(end, block.columns.upperBound)
    )
  }

  /// Where the weights of the channels `tail` begin. Of channels that share vectors, a block has none, or the
  /// first ones.
  @inlinable
  static func tailWeights(
    _ plan: PackedPlan<Target>, _ operands: Operands, _ tail: Range<Int>
  ) -> UnsafePointer<Float> {
    let end = plan.problem.n &- plan.tail
    return operands.weights + (roundUp(end, plan.blocking.width) &+ tail.lowerBound &- end) &* plan.problem.k
  }

  /// Computes the columns `tail` of the first of `rows`, as many vectors of rows as end by `end`, while their input is near;
  /// the rest of a vector where the block ends.
  @inlinable @inline(__always)
  static func computeTail(
    _ problem: Problem, _ operands: Operands, _ weights: UnsafePointer<Float>, _ rows: inout Range<Int>,
    upTo end: Int, of block: Block, _ tail: Range<Int>, scratch: UnsafeMutablePointer<Float>
  ) {
    if tail.isEmpty { return }
    while rows.lowerBound < end && (end &- rows.lowerBound >= Target.lanes || end == block.rows.upperBound) {
      let vector = rows.lowerBound..<min(end, rows.lowerBound &+ Target.lanes)
      ColumnTail<Target>.compute(problem, operands, weights, vector, tail, scratch: scratch)
      rows = vector.upperBound..<rows.upperBound
    }
  }

  /// How far ahead of its use a stream of weights is asked for, in floats: 8 KiB, what arrives in some 100 ns.
  ///
  /// Measured on one core of a Zen 5, in % of the roofline without and with: 70 and 87 for 1024→2048 on 7×7, 85 and 91 for
  /// 512→2048 on 7×7, 72 and 82 for FC 2048→1000 of one row. From 4 to 16 KiB it is all much the same. In channels-last
  /// layouts, asking for the output's lines, to write them, gained nothing; asking for the next tile's rows of input, in
  /// bursts between the tiles, lost 1 to 5 % on most layers.
  @inlinable @inline(__always)
  static var weightsAhead: Int { 2048 }

  @inlinable
  static func channelsFirst(_ plan: PackedPlan<Target>, _ operands: Operands, _ block: Block) {
    let (problem, blocking) = (plan.problem, plan.blocking)
    let rows = blocking.rows
    let depth = blocking.depth
    // An input that stays in the L2 cache is near enough: asking for it cost 128→512 on 28×28 four percent.
    // In vain, on a Zen 5: asking for the lines of the output lost 1 to 3 % with one image of 144→24 on 56×56, 144→32 and
    // 192→32 on 28×28, and with 16 images of 512→128 on 28×28 and 64→256 on 56×56 gained now 1 and now nothing; asking for
    // each channel's share of the input before every tile lost up to 10; tiles of 12 × 2 lost 1 to 6 on the narrow layers.
    let isFetched = block.rows.count &* problem.k &* MemoryLayout<Float>.size > problem.caches.l2 / 2
    PackedLoops.forEachPanel(problem, block.rows, lanes: Target.lanes, upTo: blocking.vectors) { pixels, width in
      let (m, m1) = (pixels.lowerBound, pixels.upperBound)
      let vectors = width / Target.lanes
      for k0 in stride(from: 0, to: problem.k, by: depth) {
        let k1 = min(problem.k, k0 &+ depth)
        PixelPanel<Target>.copy(problem, operands.input, m..<m1, k0..<k1, to: operands.scratch, stride: width)
        // The next panel: of the same pixels, or of the next ones.
        let (next, first) = k1 < problem.k ? (m..<m1, k1) : (m1..<min(block.rows.upperBound, m1 &+ width), 0)
        for n in stride(from: block.columns.lowerBound, to: block.columns.upperBound, by: rows) {
          let count = min(rows, block.columns.upperBound &- n)
          var tile = TileOperands(
            a: operands.weights + (n &* problem.k &+ k0 &* rows), aStride: rows,
            b: UnsafePointer(operands.scratch), bStride: width, depth: k1 &- k0,
            c: operands.output + problem.outputOffset(m) + n &* problem.outputChannelStride,
            cStride: problem.outputChannelStride, accumulates: k0 > 0, bias: operands.bias.map { $0 + n },
            biasIsPerRow: true, activation: k1 == problem.k ? problem.activation : .none)
          // The pixels of one channel are a few lines, and the next channel's lie far away: no hardware prefetcher sees
          // them coming.
          if isFetched && n == block.columns.lowerBound && !next.isEmpty {
            tile.fetch(
              operands.input + (problem.inputOffset(next.lowerBound) &+ first &* problem.inputChannelStride),
              last: (vectors &- 1) &* Target.lanes, stride: problem.inputChannelStride)
          }
          if m1 &- m == width {
            RegisterTile<Target>.panel(count, vectors, tile)
            Epilogue<Target>.finish(tile.activation, tile.c, rows: count, columns: width, stride: tile.cStride)
          } else {
            let edge = edge(problem, blocking, operands, tile, rows: count, columns: m1 &- m)
            RegisterTile<Target>.panel(count, vectors, edge)
            finish(edge, copyingTo: tile, rows: count, columns: m1 &- m)
          }
        }
      }
    }
  }

  // MARK: Edges

  /// `tile`, of which `rows` × `columns` are valid, moved to scratch memory, where whole vectors can be written; with
  /// the partial sums that it continues, and a bias that can be read in whole vectors.
  @inlinable
  static func edge(
    _ problem: Problem, _ blocking: Blocking<Target>, _ operands: Operands, _ tile: TileOperands, rows: Int,
    columns: Int
  ) -> TileOperands {
    var edge = tile
    edge.c = operands.scratch + edgeOffset(problem, blocking)
    edge.cStride = roundUp(columns, Target.lanes)
    if !tile.biasIsPerRow, let bias = tile.bias {
      let padded = operands.scratch + biasOffset(problem, blocking)
      for column in 0..<edge.cStride { padded[column] = column < columns ? bias[column] : 0 }
      edge.bias = UnsafePointer(padded)
    }
    if tile.accumulates {
      for row in 0..<rows {
        for column in 0..<edge.cStride {
          edge.c[row &* edge.cStride &+ column] = column < columns ? tile.c[row &* tile.cStride &+ column] : 0
        }
      }
    }
    return edge
  }

  /// Applies the activation to the valid part of a tile in scratch memory, and copies it to where it belongs.
  @inlinable
  static func finish(_ edge: TileOperands, copyingTo tile: TileOperands, rows: Int, columns: Int) {
    Epilogue<Target>.finish(edge.activation, edge.c, rows: rows, columns: columns, stride: edge.cStride)
    for row in 0..<rows {
      for column in 0..<columns {
        tile.c[row &* tile.cStride &+ column] = edge.c[row &* edge.cStride &+ column]
      }
    }
  }
}
