/// The loops of ``Packed``, counted rather than run: each function mirrors the one that computes.
extension Packed {
  /// The work of computing `block`.
  ///
  /// - Complexity: O(1) in channels-last layouts, else O(pixels of the block ÷ pixels of a tile).
  @inlinable
  public static func work(_ problem: Problem, _ block: Block) -> KernelWork? {
    var work = KernelWork(lanes: Target.lanes)
    if block.isEmpty { return work }
    let blocking = Blocking<Target>(problem)
    if problem.isChannelsLast {
      countChannelsLast(problem, blocking, block, &work)
    } else if blocking.pixelsAreRows {
      countTransposed(problem, blocking, block, &work)
    } else {
      countChannelsFirst(problem, blocking, block, &work)
    }
    return work
  }

  /// Lengths of the tiles that share `count` rows evenly, and how many there are of each.
  @inlinable
  static func tileHeights(_ count: Int, upTo most: Int) -> [(rows: Int, count: Int)] {
    let tiles = (count &+ most &- 1) / most
    let longer = count % tiles
    return [(count / tiles &+ 1, longer), (count / tiles, tiles &- longer)].filter { $0.count > 0 }
  }

  /// The depths between visits of the output, and how many there are of each.
  @inlinable
  static func cuts(_ problem: Problem, _ blocking: Blocking<Target>) -> [(depth: Int, count: Int)] {
    let whole = problem.k / blocking.depth
    return [(blocking.depth, whole), (problem.k % blocking.depth, 1)].filter { $0.depth > 0 && $0.count > 0 }
  }

  @inlinable
  static func countChannelsLast(
    _ problem: Problem, _ blocking: Blocking<Target>, _ block: Block, _ work: inout KernelWork
  ) {
    let width = blocking.width
    let stripeWidth = stripeWidth(problem, blocking)
    let columns = block.columns.count
    let stripes = (columns &+ stripeWidth &- 1) / stripeWidth
    let isCopied = copiesRows(problem)
    let heights = tileHeights(block.rows.count, upTo: blocking.rows)
    // The block begins on a panel of weights, so only its last panel can be narrower.
    let widths = [(width, columns / width), (columns % width, 1)].filter { $0.0 > 0 && $0.1 > 0 }
    for (depth, cuts) in cuts(problem, blocking) {
      for (place, (rows, tiles)) in heights.enumerated() {
        for (columns, panels) in widths {
          let vectors = (columns &+ Target.lanes &- 1) / Target.lanes
          // The first tile of rows fetches the stripe, and the others find it in the L2 cache.
          let anew = place == 0 ? 1 : 0
          var tile = KernelWork.Tile(rows: rows, vectors: vectors, depth: depth)
          work.add(tile, cuts &* panels &* (tiles &- anew))
          tile.source = .fetched
          work.add(tile, cuts &* panels &* anew)
          if columns % Target.lanes != 0 {
            work.restoredElements += cuts &* panels &* tiles &* rows &* columns
            work.restoredRuns += cuts &* panels &* tiles &* rows
          }
        }
        if isCopied {
          let copies = stripes &* cuts &* tiles &* rows
          work.copiedVectors += copies &* ((depth &+ Target.lanes &- 1) / Target.lanes)
          work.copiedRuns += copies
        }
      }
    }
  }

  @inlinable
  static func countTransposed(
    _ problem: Problem, _ blocking: Blocking<Target>, _ block: Block, _ work: inout KernelWork
  ) {
    let width = blocking.width
    let widths = [(width, block.columns.count / width), (block.columns.count % width, 1)]
      .filter { $0.0 > 0 && $0.1 > 0 }
    // Weights that the L2 cache does not hold are fetched for every tile of pixels.
    let isStreamed = block.columns.count &* problem.k &* MemoryLayout<Float>.size > problem.caches.l2
    forEachTile(of: block.rows, upTo: blocking.rows) { rows in
      countCopy(problem, rows, channels: problem.k, &work)
      for (columns, panels) in widths {
        let vectors = (columns &+ Target.lanes &- 1) / Target.lanes
        work.add(
          KernelWork.Tile(
            rows: rows.count, vectors: vectors, depth: problem.k,
            source: isStreamed || rows.lowerBound == block.rows.lowerBound ? .streamed : .cache),
          panels)
        work.restoredElements += panels &* columns &* rows.count
        work.restoredRuns += panels &* columns
      }
    }
  }

  @inlinable
  static func countChannelsFirst(
    _ problem: Problem, _ blocking: Blocking<Target>, _ block: Block, _ work: inout KernelWork
  ) {
    let cuts = cuts(problem, blocking)
    let rows = blocking.rows
    let heights = [(rows, block.columns.count / rows), (block.columns.count % rows, 1)]
      .filter { $0.0 > 0 && $0.1 > 0 }
    forEachPanel(problem, blocking, block.rows) { pixels, width in
      let isEdge = pixels.count < width
      for (depth, count) in cuts {
        for _ in 0..<count { countCopy(problem, pixels, channels: depth, &work) }
        for (height, panels) in heights {
          work.add(KernelWork.Tile(rows: height, vectors: width / Target.lanes, depth: depth), count &* panels)
          if isEdge {
            work.restoredElements += count &* panels &* height &* pixels.count
            work.restoredRuns += count &* panels &* height
          }
        }
      }
    }
  }

  /// The copy of `channels` channels of `pixels`: see ``copyPixels(_:_:_:_:_:)``.
  @inlinable
  static func countCopy(_ problem: Problem, _ pixels: Range<Int>, channels: Int, _ work: inout KernelWork) {
    var m = pixels.lowerBound
    while m < pixels.upperBound {
      let end = problem.endOfRun(from: m, limit: pixels.upperBound)
      let vectors = problem.inputPixelStride == 1 ? (end &- m) / Target.lanes : 0
      work.copiedVectors += channels &* vectors
      work.copiedElements += channels &* (end &- m &- vectors &* Target.lanes)
      work.copiedRuns += channels
      m = end
    }
  }
}
