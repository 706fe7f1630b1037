extension Packed {
  /// The tile of ``Blocking``; nil where there is none: ``RowProducts``, ``DotProducts`` and ``PairedTerms`` have loops of
  /// their own. Rows of a layer are shared out evenly, so the tiles that run may be shorter.
  @inlinable
  public static func tile(_ problem: Problem) -> TileChoice? {
    let plan = PackedPlan<Target>(problem)
    let blocking = plan.blocking
    switch plan.method {
    case .dots, .row, .pairs: return nil
    case .channelsLast, .transposed, .channelsFirst:
      return TileChoice(
        TileShape(blocking.rows, blocking.vectors), rows: blocking.pixelsAreRows ? .pixels : .channels)
    }
  }
}
