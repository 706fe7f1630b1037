/// Tiles that share a range out evenly: 25 rows in tiles of at most 14 are 13 + 12, not 14 + 11.
@frozen @usableFromInline
struct EvenTiles {
  /// How many there are.
  @usableFromInline let count: Int
  @usableFromInline let first: Int
  /// The length of the last tiles, and how many before them are longer by one.
  @usableFromInline let length: Int
  @usableFromInline let longer: Int

  /// As few tiles of `range` as are no longer than `most`.
  @inlinable @inline(__always)
  init(_ range: Range<Int>, upTo most: Int) {
    count = (range.count &+ most &- 1) / most
    first = range.lowerBound
    (length, longer) = range.count.quotientAndRemainder(dividingBy: max(1, count))
  }

  @inlinable @inline(__always)
  subscript(index: Int) -> Range<Int> {
    let start = first &+ index &* length &+ min(index, longer)
    return start..<start &+ length &+ (index < longer ? 1 : 0)
  }
}
