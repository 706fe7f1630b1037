public import Layers

/// What one call of a microkernel reads and writes. Strides are in elements.
@frozen
public struct TileOperands {
  /// The broadcast operand: see ``Microkernel``.
  @usableFromInline var a: UnsafePointer<Float>
  /// From row to row, or from depth to depth, of `a`.
  @usableFromInline var aStride: Int
  /// The vector operand: `depth` rows of vectors, `bStride` apart.
  @usableFromInline var b: UnsafePointer<Float>
  @usableFromInline var bStride: Int
  /// What later tiles will read: at every step of the depth, as many cache lines as a row of `b` has are asked for, and
  /// others `fetchStride` further at the next step. The last of them lies at `fetchLast`, the others from `fetch` on. They
  /// may lie anywhere.
  @usableFromInline var fetch: UnsafePointer<Float>
  @usableFromInline var fetchLast: UnsafePointer<Float>
  @usableFromInline var fetchStride: Int
  /// Terms to sum.
  @usableFromInline var depth: Int
  /// The upper left element of the tile of C; whole vectors are read and written.
  @usableFromInline var c: UnsafeMutablePointer<Float>
  @usableFromInline var cStride: Int
  /// Whether the sum starts from C rather than from the bias.
  @usableFromInline var accumulates: Bool
  /// The bias of the tile's first column or row, or nil. Per column, whole vectors are read.
  @usableFromInline var bias: UnsafePointer<Float>?
  @usableFromInline var biasIsPerRow: Bool
  /// The activation to apply if it is a clamp; `none` while terms are still missing.
  @usableFromInline var activation: Activation

  @inlinable
  init(
    a: UnsafePointer<Float>, aStride: Int, b: UnsafePointer<Float>, bStride: Int, depth: Int,
    c: UnsafeMutablePointer<Float>, cStride: Int, accumulates: Bool, bias: UnsafePointer<Float>?,
    biasIsPerRow: Bool, activation: Activation
  ) {
    self.a = a
    self.aStride = aStride
    self.b = b
    self.bStride = bStride
    fetch = b
    fetchLast = b
    fetchStride = bStride
    self.depth = depth
    self.c = c
    self.cStride = cStride
    self.accumulates = accumulates
    self.bias = bias
    self.biasIsPerRow = biasIsPerRow
    self.activation = activation
  }

  /// Asks for lines from `first` to `first + last` at every step, and for those `stride` further at the next.
  @inlinable @inline(__always)
  mutating func fetch(_ first: UnsafePointer<Float>, last: Int, stride: Int) {
    fetch = first
    fetchLast = first + last
    fetchStride = stride
  }
}

/// The microkernels of every register tile that an ISA's registers hold, chosen at run time.
///
/// A tile shorter than the largest keeps the full speed of the multiply-adds as long as it has 8 accumulators or so, and
/// so rows can be shared out evenly instead of leaving a thin rest.
public enum RegisterTile<Target: VectorISA> {
  /// The most vectors of a tile.
  @inlinable @inline(__always)
  public static var maximumVectors: Int { 4 }

  /// The most rows of a tile of any width.
  @inlinable @inline(__always)
  public static var maximumRows: Int { 28 }

  /// Every tile that has a microkernel.
  @inlinable
  public static var all: [TileShape] {
    (1...maximumVectors).flatMap { vectors in
      (1...min(maximumRows, Target.maximumRows(vectors))).map { TileShape($0, vectors) }
    }
  }

  /// Runs the microkernel of `rows` × `vectors` whose rows of `a` lie apart.
  @inlinable
  static func strided(_ rows: Int, _ vectors: Int, _ tile: TileOperands) {
    switch vectors {
    case 1: run(rows, Extent<1>.self, isPanel: false, tile)
    case 2: run(rows, Extent<2>.self, isPanel: false, tile)
    case 3: run(rows, Extent<3>.self, isPanel: false, tile)
    case 4: run(rows, Extent<4>.self, isPanel: false, tile)
    default: preconditionFailure("a tile of \(vectors) vectors")
    }
  }

  /// Runs the microkernel of `rows` × `vectors` whose `a` is a panel.
  @inlinable
  static func panel(_ rows: Int, _ vectors: Int, _ tile: TileOperands) {
    switch vectors {
    case 1: run(rows, Extent<1>.self, isPanel: true, tile)
    case 2: run(rows, Extent<2>.self, isPanel: true, tile)
    case 3: run(rows, Extent<3>.self, isPanel: true, tile)
    case 4: run(rows, Extent<4>.self, isPanel: true, tile)
    default: preconditionFailure("a tile of \(vectors) vectors")
    }
  }

  // `most` is constant for each V, and removes the microkernels whose sums do not fit the registers.
  @inlinable @inline(__always)
  static func run<let V: Int>(_ rows: Int, _ vectors: Extent<V>.Type, isPanel: Bool, _ tile: TileOperands) {
    let most = Target.maximumRows(V)
    switch rows {
    case 1: call(Microkernel<Target, 1, V>.self, isPanel, tile)
    case 2 where most >= 2: call(Microkernel<Target, 2, V>.self, isPanel, tile)
    case 3 where most >= 3: call(Microkernel<Target, 3, V>.self, isPanel, tile)
    case 4 where most >= 4: call(Microkernel<Target, 4, V>.self, isPanel, tile)
    case 5 where most >= 5: call(Microkernel<Target, 5, V>.self, isPanel, tile)
    case 6 where most >= 6: call(Microkernel<Target, 6, V>.self, isPanel, tile)
    case 7 where most >= 7: call(Microkernel<Target, 7, V>.self, isPanel, tile)
    case 8 where most >= 8: call(Microkernel<Target, 8, V>.self, isPanel, tile)
    case 9 where most >= 9: call(Microkernel<Target, 9, V>.self, isPanel, tile)
    case 10 where most >= 10: call(Microkernel<Target, 10, V>.self, isPanel, tile)
    case 11 where most >= 11: call(Microkernel<Target, 11, V>.self, isPanel, tile)
    case 12 where most >= 12: call(Microkernel<Target, 12, V>.self, isPanel, tile)
    case 13 where most >= 13: call(Microkernel<Target, 13, V>.self, isPanel, tile)
    case 14 where most >= 14: call(Microkernel<Target, 14, V>.self, isPanel, tile)
    case 15 where most >= 15: call(Microkernel<Target, 15, V>.self, isPanel, tile)
    case 16 where most >= 16: call(Microkernel<Target, 16, V>.self, isPanel, tile)
    case 17 where most >= 17: call(Microkernel<Target, 17, V>.self, isPanel, tile)
    case 18 where most >= 18: call(Microkernel<Target, 18, V>.self, isPanel, tile)
    case 19 where most >= 19: call(Microkernel<Target, 19, V>.self, isPanel, tile)
    case 20 where most >= 20: call(Microkernel<Target, 20, V>.self, isPanel, tile)
    case 21 where most >= 21: call(Microkernel<Target, 21, V>.self, isPanel, tile)
    case 22 where most >= 22: call(Microkernel<Target, 22, V>.self, isPanel, tile)
    case 23 where most >= 23: call(Microkernel<Target, 23, V>.self, isPanel, tile)
    case 24 where most >= 24: call(Microkernel<Target, 24, V>.self, isPanel, tile)
    case 25 where most >= 25: call(Microkernel<Target, 25, V>.self, isPanel, tile)
    case 26 where most >= 26: call(Microkernel<Target, 26, V>.self, isPanel, tile)
    case 27 where most >= 27: call(Microkernel<Target, 27, V>.self, isPanel, tile)
    case 28 where most >= 28: call(Microkernel<Target, 28, V>.self, isPanel, tile)
    default: preconditionFailure("a tile of \(rows) rows")
    }
  }

  @inlinable @inline(__always)
  static func call<let R: Int, let V: Int>(
    _ microkernel: Microkernel<Target, R, V>.Type, _ isPanel: Bool, _ tile: TileOperands
  ) {
    if isPanel { microkernel.panel(tile) } else { microkernel.strided(tile) }
  }
}
