extension Packed {
  /// The tile of ``Blocking``; nil where there is none, for ``RowProducts`` and ``DotProducts`` have no microkernel. Rows of a
  /// layer are shared out evenly, so the tiles that run may be shorter.
  @inlinable
  public static func tile(_ problem: Problem) -> TileChoice? {
    let plan = PackedPlan<Target>(problem)
    let blocking = plan.blocking
    switch plan.method {
    case .dots, .row: return nil
    case .channelsLast, .transposed, .channelsFirst:
      return TileChoice(
        TileShape(blocking.rows, blocking.vectors), rows: blocking.pixelsAreRows ? .pixels : .channels)
    }
  }
}
