/// What a kernel does to compute a block, counted from its loops without computing anything: what a model of its time
/// is made of.
///
/// The counts are exact: they follow from the problem, the block and the kernel's own blocking. What each costs is not
/// the kernel's to know.
public struct KernelWork: Sendable, Hashable {
  /// Where the vectors of a tile come from.
  public enum Source: Sendable, Hashable {
    /// The L1 or L2 cache, in which the blocking keeps them.
    case cache
    /// Where the tensors lie, piece by piece: the next tiles find them in the L2 cache.
    case fetched
    /// Where the tensors lie, in one long stream past every tile.
    case streamed
  }

  /// A call of a microkernel, or of a loop that does the same work.
  public struct Tile: Sendable, Hashable {
    /// Rows, whose elements are broadcast.
    public var rows: Int
    /// Vectors a row, empty lanes included.
    public var vectors: Int
    /// Terms that are summed.
    public var depth: Int
    /// Where the operand of vectors comes from.
    public var source: Source

    /// A call of the microkernel of `rows` × `vectors`.
    public init(rows: Int, vectors: Int, depth: Int, source: Source = .cache) {
      self.rows = rows
      self.vectors = vectors
      self.depth = depth
      self.source = source
    }
  }

  /// How often each microkernel is called.
  public var tiles: [Tile: Int] = [:]
  /// Floats of a vector.
  public var lanes: Int
  /// Vectors of the input that are copied to scratch memory as vectors.
  public var copiedVectors = 0
  /// Elements of the input that are copied to scratch memory one by one.
  public var copiedElements = 0
  /// Runs of contiguous memory that these copies consist of.
  public var copiedRuns = 0
  /// Elements of the output that pass through scratch memory: tiles with edges, and tiles that are stored transposed.
  public var restoredElements = 0
  /// Runs that these consist of.
  public var restoredRuns = 0
  /// Vectors of products whose two operands are both loaded: see ``ColumnTail``.
  public var dotVectors = 0
  /// Vectors of products of which one operand is loaded, and the other serves several.
  public var groupedVectors = 0

  /// No work yet, of vectors of `lanes` floats.
  public init(lanes: Int) { self.lanes = lanes }

  /// Multiply-adds, those in empty lanes included.
  public var multiplyAdds: Double {
    tiles.reduce(Double((dotVectors + groupedVectors) * lanes)) { sum, call in
      sum + Double(call.key.rows * call.key.vectors * lanes) * Double(call.key.depth) * Double(call.value)
    }
  }

  /// Counts `count` more calls of a microkernel.
  mutating func add(_ tile: Tile, _ count: Int) {
    if count > 0 { tiles[tile, default: 0] += count }
  }
}
