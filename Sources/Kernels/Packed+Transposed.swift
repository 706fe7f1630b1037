public import CPlatform

/// Tiles of pixels in NCHW: copied to panels, and stored transposed.
extension Packed {
  /// Floats of the panel of a tile of pixels.
  @inlinable @inline(__always)
  static func pixelPanelCount(_ blocking: Blocking<Target>) -> Int {
    blocking.depth &* roundUp(blocking.rows, Target.lanes)
  }

  @inlinable
  static func transposed(_ plan: PackedPlan<Target>, _ operands: Operands, _ block: Block) {
    let (problem, blocking) = (plan.problem, plan.blocking)
    let width = blocking.width
    let stride = roundUp(blocking.rows, Target.lanes)
    let panelCount = pixelPanelCount(blocking)
    let (columns, tail) = columnsAndTail(plan, block)
    let tailWeights = tailWeights(plan, operands, tail)
    let tiles = EvenTiles(block.rows, upTo: blocking.rows)
    let groups = EvenTiles(0..<tiles.count, upTo: blocking.group)
    for index in 0..<groups.count {
      let group = groups[index]
      for index in group {
        PixelPanel<Target>.copy(
          problem, operands.input, tiles[index], 0..<problem.k,
          to: operands.scratch + (index &- group.lowerBound) &* panelCount, stride: stride)
      }
      let share = problem.k / group.count &* width
      for n in Swift.stride(from: columns.lowerBound, to: columns.upperBound, by: width) {
        let end = min(columns.upperBound, n &+ width)
        for index in group {
          let place = index &- group.lowerBound
          let next = index &+ group.count
          var tile = TileOperands(
            a: UnsafePointer(operands.scratch + place &* panelCount), aStride: stride,
            b: operands.weights + n &* problem.k, bStride: width, depth: problem.k,
            c: operands.scratch + edgeOffset(problem, blocking), cStride: roundUp(end &- n, Target.lanes),
            accumulates: false, bias: operands.bias.map { $0 + n }, biasIsPerRow: false,
            activation: problem.activation)
          // The next group's input, with the last panel; the weights themselves, a little ahead, if they come first; or a share
          // of the next panel.
          if end == columns.upperBound && next < tiles.count {
            tile.fetch(
              operands.input + problem.inputOffset(tiles[next].lowerBound), last: tiles[next].count &- 1,
              stride: problem.inputChannelStride)
          } else if group.count == 1 || n == columns.lowerBound && place == 0 || end == columns.upperBound {
            tile.fetch(tile.b + weightsAhead, last: tile.cStride &- Target.lanes, stride: width)
          } else {
            tile.fetch(
              tile.b + (width &* problem.k &+ place &* share), last: 0, stride: max(Target.lanes, width / group.count))
          }
          transposedTile(problem, blocking, operands, tile, tiles[index], n..<end)
        }
      }
      for index in group {
        ColumnTail<Target>.compute(
          problem, operands, tailWeights,
          panel: UnsafePointer(operands.scratch + (index &- group.lowerBound) &* panelCount), stride: stride,
          tiles[index], tail, scratch: operands.scratch + edgeOffset(problem, blocking))
      }
    }
  }

  /// Computes `tile`, which is `rows` × `columns` in scratch memory, and stores it to the output.
  @inlinable @inline(__always)
  static func transposedTile(
    _ problem: Problem, _ blocking: Blocking<Target>, _ operands: Operands, _ tile: TileOperands, _ rows: Range<Int>,
    _ columns: Range<Int>
  ) {
    // The output's lines, mostly two of a channel, arrive during the multiply-adds.
    let (first, last) = (problem.outputOffset(rows.lowerBound), problem.outputOffset(rows.upperBound &- 1))
    for n in columns {
      let channel = operands.output + n &* problem.outputChannelStride
      platform_prefetch(channel + first)
      platform_prefetch(channel + last)
    }
    var tile = tile
    // The bias of whole vectors is read where it lies.
    if columns.count < tile.cStride {
      tile = edge(problem, blocking, operands, tile, rows: rows.count, columns: columns.count)
    }
    RegisterTile<Target>.panel(rows.count, tile.cStride / Target.lanes, tile)
    Epilogue<Target>.finish(tile.activation, tile.c, rows: rows.count, columns: columns.count, stride: tile.cStride)
    PixelPanel<Target>.storeTransposed(
      problem, operands.output, UnsafePointer(tile.c), stride: tile.cStride, rows, columns)
  }
}
