/// The loops of ``Packed`` for one problem as plain values: how rows and pixels are cut, and what the loops come to when
/// they are counted rather than run. Each function that counts mirrors one that computes.
///
/// Counting needs collections, whose code must not be compiled for an ISA: the linker may keep that copy for all. So it is
/// neither generic over the ISA nor inlinable.
@usableFromInline
struct PackedLoops {
  let problem: Problem
  let lanes: Int
  let pixelsAreRows: Bool
  /// The most rows and vectors of a tile, and the most terms that it sums at a time.
  let rows: Int
  let vectors: Int
  let depth: Int
  /// Tiles of pixels that are copied together, where they are stored transposed.
  let group: Int
  let stripeWidth: Int
  let copiesRows: Bool
  /// Whether copied rows serve all stripes.
  let keepsCopies: Bool
  /// Whether the only row is ``RowProducts``.
  let isRow: Bool
  /// How many channels are summed at once if all are ``DotProducts``; 0 if they are not.
  let dotChannels: Int
  /// The most rows of a tile of ``PairedTerms``; 0 if it is none.
  let pairRows: Int
  /// Columns of a ``ColumnTail``.
  let tail: Int
  /// The terms of each of them in a vector, in channels-last layouts.
  let tailTerms: Int

  @usableFromInline
  init(
    problem: Problem, lanes: Int, pixelsAreRows: Bool, rows: Int, vectors: Int, depth: Int, group: Int,
    stripeWidth: Int, copiesRows: Bool, keepsCopies: Bool, isRow: Bool, dotChannels: Int, pairRows: Int, tail: Int,
    tailTerms: Int
  ) {
    self.problem = problem
    self.lanes = lanes
    self.pixelsAreRows = pixelsAreRows
    self.rows = rows
    self.vectors = vectors
    self.depth = depth
    self.group = group
    self.stripeWidth = stripeWidth
    self.copiesRows = copiesRows
    self.keepsCopies = keepsCopies
    self.isRow = isRow
    self.dotChannels = dotChannels
    self.pairRows = pairRows
    self.tail = tail
    self.tailTerms = tailTerms
  }

  /// The tiles of `rows`, each of `most` or fewer: see ``EvenTiles``.
  @inlinable @inline(__always)
  static func forEachTile(of rows: Range<Int>, upTo most: Int, _ body: (Range<Int>) -> Void) {
    let tiles = EvenTiles(rows, upTo: most)
    for index in 0..<tiles.count { body(tiles[index]) }
  }

  /// The panels of `rows`, each of pixels of one image, with their widths in whole vectors, `most` of them or fewer.
  ///
  /// They share the vectors of the image out evenly: 4 vectors are 2 + 2, not 3 + 1.
  @inlinable @inline(__always)
  static func forEachPanel(
    _ problem: Problem, _ rows: Range<Int>, lanes: Int, upTo most: Int, _ body: (Range<Int>, Int) -> Void
  ) {
    var m = rows.lowerBound
    while m < rows.upperBound {
      let imageEnd = min(rows.upperBound, m &- m % problem.imagePixels &+ problem.imagePixels)
      let left = (imageEnd &- m &+ lanes &- 1) / lanes
      let panels = (left &+ most &- 1) / most
      let width = (left &+ panels &- 1) / panels &* lanes
      let m1 = min(imageEnd, m &+ width)
      body(m..<m1, width)
      m = m1
    }
  }

  /// The work of computing `block`.
  ///
  /// - Complexity: O(1) in channels-last layouts, else O(pixels of the block ÷ pixels of a tile).
  @usableFromInline
  func work(_ block: Block) -> KernelWork {
    var work = KernelWork(lanes: lanes)
    if block.isEmpty { return work }
    if dotChannels > 0 {
      countDots(block, &work)
    } else if pairRows > 0 {
      for (rows, count) in tileHeights(block.rows.count, upTo: pairRows) {
        let vectors = problem.n * 2 / lanes
        work.add(KernelWork.Tile(rows: rows, vectors: vectors, depth: problem.k / 2), count)
      }
    } else if isRow {
      countRow(block, &work)
    } else if problem.isChannelsLast {
      countChannelsLast(block, &work)
    } else if pixelsAreRows {
      countTransposed(block, &work)
    } else {
      countChannelsFirst(block, &work)
    }
    return work
  }

  /// Lengths of the tiles that share `count` rows evenly, and how many there are of each.
  private func tileHeights(_ count: Int, upTo most: Int) -> [(rows: Int, count: Int)] {
    let tiles = (count + most - 1) / most
    let longer = count % tiles
    return [(count / tiles + 1, longer), (count / tiles, tiles - longer)].filter { $0.count > 0 }
  }

  /// The depths between visits of the output, and how many there are of each.
  private var cuts: [(depth: Int, count: Int)] {
    let whole = problem.k / depth
    return [(depth, whole), (problem.k % depth, 1)].filter { $0.depth > 0 && $0.count > 0 }
  }

  private func roundedUp(_ count: Int) -> Int { (count + lanes - 1) / lanes * lanes }

  /// Columns of `block` in tiles, and those of a ``ColumnTail``.
  private func columnsAndTail(_ block: Block) -> (Int, Int) {
    let columns = max(0, min(problem.n - tail, block.columns.upperBound) - block.columns.lowerBound)
    return (columns, block.columns.count - columns)
  }

  /// Channels that are summed at once do what the vectors of a tile of one row do.
  private func countDots(_ block: Block, _ work: inout KernelWork) {
    let steps = (problem.k + lanes - 1) / lanes
    for n in stride(from: block.columns.lowerBound, to: block.columns.upperBound, by: dotChannels) {
      let channels = min(dotChannels, block.columns.upperBound - n)
      work.add(
        KernelWork.Tile(rows: 1, vectors: channels, depth: steps, source: .streamed), block.rows.count)
    }
  }

  private func countRow(_ block: Block, _ work: inout KernelWork) {
    let width = vectors * lanes
    var n = block.columns.lowerBound
    while n < block.columns.upperBound {
      let end = min(block.columns.upperBound, n - n % width + width)
      work.add(
        KernelWork.Tile(rows: 1, vectors: (end - n + lanes - 1) / lanes, depth: problem.k, source: .streamed),
        block.rows.count)
      n = end
    }
  }

  private func countChannelsLast(_ block: Block, _ work: inout KernelWork) {
    let width = vectors * lanes
    let (columns, tailColumns) = columnsAndTail(block)
    if tailColumns > 0 {
      // A vector for each row.
      let steps = (problem.k + tailTerms - 1) / tailTerms
      work.groupedVectors += roundedUp(block.rows.count) * steps * (tailTerms == lanes ? tailColumns : 1)
    }
    let stripes = (columns + stripeWidth - 1) / stripeWidth
    let heights = tileHeights(block.rows.count, upTo: rows)
    // The block begins on a panel of weights, so only its last panel can be narrower.
    let widths = [(width, columns / width), (columns % width, 1)].filter { $0.0 > 0 && $0.1 > 0 }
    for (depth, cuts) in cuts {
      for (place, (rows, tiles)) in heights.enumerated() {
        for (columns, panels) in widths {
          let vectors = (columns + lanes - 1) / lanes
          // The first tile of rows fetches the stripe, and the others find it in the L2 cache.
          let anew = place == 0 ? 1 : 0
          var tile = KernelWork.Tile(rows: rows, vectors: vectors, depth: depth)
          work.add(tile, cuts * panels * (tiles - anew))
          tile.source = .fetched
          work.add(tile, cuts * panels * anew)
          if columns % lanes != 0 {
            work.restoredElements += cuts * panels * tiles * rows * columns
            work.restoredRuns += cuts * panels * tiles * rows
          }
        }
        if copiesRows {
          let copies = (keepsCopies ? 1 : stripes) * cuts * tiles * rows
          work.copiedVectors += copies * ((depth + lanes - 1) / lanes)
          work.copiedRuns += copies
        }
      }
    }
  }

  private func countTransposed(_ block: Block, _ work: inout KernelWork) {
    let width = vectors * lanes
    let (columns, tailColumns) = columnsAndTail(block)
    let widths = [(width, columns / width), (columns % width, 1)].filter { $0.0 > 0 && $0.1 > 0 }
    // Weights that the L2 cache does not hold are fetched for every group of tiles.
    let isStreamed = block.columns.count * problem.k * MemoryLayout<Float>.size > problem.caches.l2
    let tiles = EvenTiles(block.rows, upTo: rows)
    let groups = EvenTiles(0..<tiles.count, upTo: group)
    for index in 0..<groups.count {
      let group = groups[index]
      for tile in group {
        let isAnew = tile == group.lowerBound && (isStreamed || index == 0)
        let rows = tiles[tile]
        countCopy(rows, channels: problem.k, &work)
        work.dotVectors += tailColumns * ((rows.count + lanes - 1) / lanes) * problem.k
        for (columns, panels) in widths {
          let vectors = (columns + lanes - 1) / lanes
          work.add(
            KernelWork.Tile(
              rows: rows.count, vectors: vectors, depth: problem.k, source: isAnew ? .streamed : .cache),
            panels)
          work.restoredElements += panels * columns * rows.count
          work.restoredRuns += panels * columns
        }
      }
    }
  }

  private func countChannelsFirst(_ block: Block, _ work: inout KernelWork) {
    let heights = [(rows, block.columns.count / rows), (block.columns.count % rows, 1)]
      .filter { $0.0 > 0 && $0.1 > 0 }
    Self.forEachPanel(problem, block.rows, lanes: lanes, upTo: vectors) { pixels, width in
      let isEdge = pixels.count < width
      for (depth, count) in cuts {
        for _ in 0..<count { countCopy(pixels, channels: depth, &work) }
        for (height, panels) in heights {
          work.add(KernelWork.Tile(rows: height, vectors: width / lanes, depth: depth), count * panels)
          if isEdge {
            work.restoredElements += count * panels * height * pixels.count
            work.restoredRuns += count * panels * height
          }
        }
      }
    }
  }

  /// The copy of `channels` channels of `pixels`: see ``PixelPanel``.
  private func countCopy(_ pixels: Range<Int>, channels: Int, _ work: inout KernelWork) {
    var m = pixels.lowerBound
    while m < pixels.upperBound {
      let end = problem.endOfRun(from: m, limit: pixels.upperBound)
      if problem.inputPixelStride <= 2 {
        work.copiedVectors += channels * ((end - m + lanes - 1) / lanes)
      } else {
        work.copiedElements += channels * (end - m)
      }
      work.copiedRuns += channels
      m = end
    }
  }
}
