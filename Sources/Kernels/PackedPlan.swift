/// What ``Packed`` works out of a problem once, however often it is computed: a dozen integer divisions take as long as a
/// small fully connected layer. A class, for so does copying it.
public final class PackedPlan<Target: VectorISA>: Sendable {
  @usableFromInline let problem: Problem
  @usableFromInline let blocking: Blocking<Target>
  /// Which loops compute it.
  @usableFromInline let method: Method
  /// The last columns, which are a ``ColumnTail``.
  @usableFromInline let tail: Int
  /// Columns whose weights of one cut of the depth fill half of the L2 cache, in whole panels.
  @usableFromInline let stripeWidth: Int

  /// The loops of ``Packed``.
  @frozen @usableFromInline
  enum Method: Sendable {
    /// Few rows of a small layer: ``DotProducts``.
    case dots
    /// A single row: ``RowProducts``.
    case row
    /// Three half vectors of channels: ``PairedTerms``.
    case pairs
    /// Tiles of pixels in channels-last layouts.
    case channelsLast
    /// Tiles of pixels in NCHW.
    case transposed
    /// Tiles of channels in NCHW.
    case channelsFirst
  }

  @inlinable
  init(_ problem: Problem) {
    self.problem = problem
    blocking = Blocking(problem)
    if DotProducts<Target>.suit(problem, blocking) {
      method = .dots
    } else if RowProducts<Target>.suit(problem) {
      method = .row
    } else if PairedTerms<Target>.suit(problem) {
      method = .pairs
    } else if problem.isChannelsLast {
      method = .channelsLast
    } else {
      method = blocking.pixelsAreRows ? .transposed : .channelsFirst
    }
    tail = method == .dots || method == .pairs ? 0 : ColumnTail<Target>.count(problem, blocking)
    let fitting = problem.caches.l2 / 2 / MemoryLayout<Float>.size / blocking.depth
    stripeWidth = max(blocking.width, fitting / blocking.width &* blocking.width)
  }
}
