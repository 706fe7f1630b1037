/// How ``Packed`` cuts a problem up: which way round the tile lies, its size, and how much is summed at a time. Chosen
/// from the shape and the cache sizes, or around the tile that ``Problem/tile`` asks for.
///
/// The model, in its order:
///
/// 1. **What the rows are.** Pixels in channels-last layouts, for then neither the input nor the output is transposed.
///    In NCHW, output channels; or pixels where the vectors of an image would be filled badly (49 pixels are four vectors
///    of 16, a quarter of them empty) and the sums are long enough to pay for transposing.
/// 2. **The tile**: the ISA's own; of three vectors where two would leave a panel half empty; where fewer rows than it has
///    are computed at a time, as many vectors as fit beside them; a panel of ``RowProducts`` for a single row. Rows of input
///    that lie a multiple of 4 KiB apart compete for one set of the L1 cache: then as many as leave three of its ways to the
///    rest.
/// 3. **The depth** that is summed between two visits of the output: as much as keeps a panel of weights in half of the L2
///    cache, or, where pixels are columns, a panel of pixels in half of the L1 cache. Cuts of the depth are even.
@frozen
public struct Blocking<Target: VectorISA>: Sendable {
  /// Whether rows of the tile are pixels, rather than output channels.
  @usableFromInline let pixelsAreRows: Bool
  /// The most rows of a tile.
  @usableFromInline let rows: Int
  /// The most vectors of a tile.
  @usableFromInline let vectors: Int
  /// Terms that are summed between two visits of the output.
  @usableFromInline let depth: Int
  /// Tiles of pixels that are copied together, before any of them is computed: 1 but where they are stored transposed.
  @usableFromInline let group: Int

  /// Columns of the largest tile: channels where pixels are rows, else pixels.
  @inlinable @inline(__always)
  var width: Int { vectors &* Target.lanes }

  /// Channels of one panel of packed weights.
  @inlinable @inline(__always)
  var weightPanel: Int { pixelsAreRows ? width : rows }

  /// The model's choice for `problem`.
  @inlinable
  init(_ problem: Problem) {
    let pixelsAreRows = Self.pixelsAreRows(problem)
    let tile =
      problem.tile?.shape ?? (pixelsAreRows ? Self.pixelTile(problem) : Target.channelTile)
    self.pixelsAreRows = pixelsAreRows
    rows = tile.rows
    vectors = tile.vectors
    // A transposed tile is stored once. Panels of a group of tiles stay in the L2 cache beside two panels of weights.
    if pixelsAreRows && !problem.isChannelsLast {
      depth = problem.k
      let stride = Packed<Target>.roundUp(tile.rows, Target.lanes)
      let fitting = problem.caches.l2 / 4 / MemoryLayout<Float>.size / (stride &* problem.k)
      let tiles = (problem.m &+ tile.rows &- 1) / tile.rows
      group = max(1, min(tiles, fitting))
      return
    }
    group = 1
    // Channels last: a panel of weights. That rows of input stay in the L1 cache between panels does not matter, for they
    // come from the L2 cache in time: with depths that filled half of the L1 cache, FC 768→768 with 128 rows was at 94
    // instead of 97 % of the roofline, and 4096→4096 with 32 rows at 85 instead of 93. NCHW: a panel of pixels.
    let fitting = (problem.isChannelsLast ? problem.caches.l2 : problem.caches.l1d) / 2 / MemoryLayout<Float>.size
    let most = max(64, fitting / (tile.vectors &* Target.lanes))
    let cuts = (problem.k &+ most &- 1) / most
    depth = (problem.k &+ cuts &- 1) / cuts
  }

  /// The ISA's tile, or a wider one where the rows are shared out among lower tiles: 16 rows are 2 × 8, and with eight
  /// rows there is room for three vectors. At least 16 panels are left for threads to share.
  @inlinable
  static func pixelTile(_ problem: Problem) -> TileShape {
    if RowProducts<Target>.suit(problem) { return TileShape(1, RowProducts<Target>.vectors) }
    var tile = Target.pixelTile
    let most = rowsInPlace(problem)
    if most > 0 && most < tile.rows {
      let vectors = (1...RegisterTile<Target>.maximumVectors).last { Target.maximumRows($0) >= most }
      tile = TileShape(most, vectors ?? 1)
    } else if problem.isChannelsLast && problem.n <= Target.lanes {
      // Of a single vector of weights, loads of the input are the limit, and taller tiles have fewer others.
      tile = TileShape(Target.maximumRows(1), 1)
    } else if problem.isChannelsLast && problem.n % (6 &* Target.lanes) == 3 &* Target.lanes {
      // Three vectors where two would leave a panel half empty: 24→144 on 14×14 went from 88 to 91 % of the roofline on one
      // core of a Zen 5.
      tile = TileShape(Target.maximumRows(3), 3)
    }
    let tiles = (problem.m &+ tile.rows &- 1) / tile.rows
    let height = (problem.m &+ tiles &- 1) / tiles
    for vectors in stride(from: RegisterTile<Target>.maximumVectors, to: tile.vectors, by: -1)
    where Target.maximumRows(vectors) >= height && problem.n > 15 &* vectors &* Target.lanes {
      return TileShape(height, vectors)
    }
    return tile
  }

  /// The most rows of a tile, in channels-last layouts, whose input is read where it lies; with more, it is copied.
  ///
  /// Rows that lie a multiple of 4 KiB apart begin in the same set of the L1 cache, which has as many ways as it has pages:
  /// that is what lets it be indexed before addresses are translated. With 14 rows in 12 ways the multiply-adds ran at half
  /// of their speed. A lower tile in place is faster than a copy: on one core of a Zen 5, in % of the roofline with copied
  /// rows in shallower sums, with ten rows and with nine in place, 84, 94 and 96 for FC 3072→768 with 384 rows, 83, 92 and
  /// 95 for 2048→512 on 16 images of 7×7, 92, 97 and 96 for 1024→256 on 14×14. Strided layers are copied: a run of pixels
  /// ends every few rows.
  @inlinable
  static func rowsInPlace(_ problem: Problem) -> Int {
    if problem.runPixels < problem.m { return 0 }
    let page = 4096
    if problem.inputPixelStride &* MemoryLayout<Float>.size % page != 0 { return .max }
    return max(1, problem.caches.l1d / page &- 3)
  }

  @inlinable
  static func pixelsAreRows(_ problem: Problem) -> Bool {
    if problem.isChannelsLast { return true }
    let rows = problem.tile?.shape.rows ?? Target.pixelTile.rows
    // A tile is stored once, so its whole depth has to be packed.
    guard problem.k &* rows &* MemoryLayout<Float>.size <= problem.caches.l2 / 2 else { return false }
    if let choice = problem.tile?.rows { return choice == .pixels }
    // In multiply-adds of one pixel and vector: what empty lanes cost, and what storing a tile transposed costs, about as
    // much as 10 terms. Measured with 256 output channels on one core of a Zen 5, in GFLOP/s with pixels and with channels
    // as rows: on 14×14, 184 and 206 for 96 terms, 197 and 202 for 144, 202 and 200 for 192; on 7×7, 138 and 149 for 32,
    // 167 and 160 for 64. On two cores both cross at about as many terms.
    let lanes = (problem.imagePixels &+ Target.lanes &- 1) / Target.lanes &* Target.lanes
    let wasted = (lanes &- problem.imagePixels) &* problem.k
    return wasted > 10 &* lanes
  }
}
