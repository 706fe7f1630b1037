extension Packed {
  /// The tile of ``Blocking``. Rows of a layer are shared out evenly, so the tiles that run may be shorter.
  @inlinable
  public static func tile(_ problem: Problem) -> TileChoice? {
    let blocking = Blocking<Target>(problem)
    return TileChoice(
      TileShape(blocking.rows, blocking.vectors), rows: blocking.pixelsAreRows ? .pixels : .channels)
  }
}
