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
    self.depth = depth
    self.c = c
    self.cStride = cStride
    self.accumulates = accumulates
    self.bias = bias
    self.biasIsPerRow = biasIsPerRow
    self.activation = activation
  }
}

/// The largest register tile of an ISA, and the microkernels of all smaller ones.
///
/// A tile shorter than the largest keeps the full speed of the multiply-adds as long as it has 8 accumulators or so, and
/// so rows can be shared out evenly instead of leaving a thin rest.
public protocol RegisterTile: Sendable {
  /// Rows of the largest tile.
  static var rows: Int { get }
  /// Vectors a row of the largest tile.
  static var vectors: Int { get }
  /// Runs `Microkernel.strided(_:)` of `rows` × `vectors`.
  static func strided(_ rows: Int, _ vectors: Int, _ tile: TileOperands)
  /// Runs `Microkernel.panel(_:)` of `rows` × `vectors`.
  static func panel(_ rows: Int, _ vectors: Int, _ tile: TileOperands)
}

/// A register tile of `MR` rows × `NV` vectors, at most 14 × 3.
public enum Tile<Target: VectorISA, let MR: Int, let NV: Int>: RegisterTile {
  /// Rows of the largest tile.
  @inlinable @inline(__always)
  public static var rows: Int { MR }
  /// Vectors a row of the largest tile.
  @inlinable @inline(__always)
  public static var vectors: Int { NV }

  /// Runs the microkernel whose rows of `a` lie apart.
  @inlinable
  public static func strided(_ rows: Int, _ vectors: Int, _ tile: TileOperands) {
    switch vectors {
    case 1: run(rows, Extent<1>.self, isPanel: false, tile)
    case 2 where NV >= 2: run(rows, Extent<2>.self, isPanel: false, tile)
    case 3 where NV >= 3: run(rows, Extent<3>.self, isPanel: false, tile)
    default: preconditionFailure("a tile of \(vectors) vectors")
    }
  }

  /// Runs the microkernel whose `a` is a panel.
  @inlinable
  public static func panel(_ rows: Int, _ vectors: Int, _ tile: TileOperands) {
    switch vectors {
    case 1: run(rows, Extent<1>.self, isPanel: true, tile)
    case 2 where NV >= 2: run(rows, Extent<2>.self, isPanel: true, tile)
    case 3 where NV >= 3: run(rows, Extent<3>.self, isPanel: true, tile)
    default: preconditionFailure("a tile of \(vectors) vectors")
    }
  }

  // The comparisons with MR are constant, and remove the microkernels that the tile cannot need.
  @inlinable @inline(__always)
  static func run<let V: Int>(_ rows: Int, _ vectors: Extent<V>.Type, isPanel: Bool, _ tile: TileOperands) {
    switch rows {
    case 1: call(Microkernel<Target, 1, V>.self, isPanel, tile)
    case 2 where MR >= 2: call(Microkernel<Target, 2, V>.self, isPanel, tile)
    case 3 where MR >= 3: call(Microkernel<Target, 3, V>.self, isPanel, tile)
    case 4 where MR >= 4: call(Microkernel<Target, 4, V>.self, isPanel, tile)
    case 5 where MR >= 5: call(Microkernel<Target, 5, V>.self, isPanel, tile)
    case 6 where MR >= 6: call(Microkernel<Target, 6, V>.self, isPanel, tile)
    case 7 where MR >= 7: call(Microkernel<Target, 7, V>.self, isPanel, tile)
    case 8 where MR >= 8: call(Microkernel<Target, 8, V>.self, isPanel, tile)
    case 9 where MR >= 9: call(Microkernel<Target, 9, V>.self, isPanel, tile)
    case 10 where MR >= 10: call(Microkernel<Target, 10, V>.self, isPanel, tile)
    case 11 where MR >= 11: call(Microkernel<Target, 11, V>.self, isPanel, tile)
    case 12 where MR >= 12: call(Microkernel<Target, 12, V>.self, isPanel, tile)
    case 13 where MR >= 13: call(Microkernel<Target, 13, V>.self, isPanel, tile)
    case 14 where MR >= 14: call(Microkernel<Target, 14, V>.self, isPanel, tile)
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
