/// The size of a register tile: rows, whose elements are broadcast, × vectors of columns.
public struct TileShape: Sendable, Hashable, Codable, CustomStringConvertible {
  /// Rows.
  public let rows: Int
  /// Vectors a row.
  public let vectors: Int

  /// A tile of `rows` × `vectors`, each at least 1.
  @inlinable
  public init(_ rows: Int, _ vectors: Int) {
    self.rows = rows
    self.vectors = vectors
  }

  /// Such as `14x2`.
  public var description: String { "\(rows)x\(vectors)" }
}

/// A register tile that is chosen by hand, or by measuring, rather than by a kernel's model.
public struct TileChoice: Sendable, Hashable, Codable, CustomStringConvertible {
  /// What the rows of a tile are; the columns are the other.
  public enum Rows: String, Sendable, Hashable, Codable, CaseIterable {
    /// Output pixels, or batch rows.
    case pixels = "p"
    /// Output channels.
    case channels = "c"
  }

  /// The tile.
  public let shape: TileShape
  /// What its rows are; nil leaves that to the model. Channels-last layouts always have pixels as rows.
  public let rows: Rows?

  /// A tile of `shape`.
  public init(_ shape: TileShape, rows: Rows? = nil) {
    self.shape = shape
    self.rows = rows
  }

  /// Such as `14x2`, `p14x2` or `c8x3`.
  public var description: String { "\(rows?.rawValue ?? "")\(shape)" }
}
