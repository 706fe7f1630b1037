/// Which layer is visited next.
///
/// All layers are visited once, then all once more, and so on, so that the visits of one layer are as far apart as can be:
/// neighbours make phases of seconds in which whole levels of the cache are slower, and all rounds of a layer that is
/// measured in one go lie within one. But rows are known only when their layer has had its last visit, and whoever kills
/// the process loses the layers that have not. So layers are taken in blocks: a block is full when the first visits of its
/// layers have taken ``patience``, and all its visits come before those of the next block. A short run is one block.
struct VisitSchedule {
  /// How long the first visits of a block take, in seconds, before it is full: longer than the phases, and short enough to
  /// be lost. First visits are the longest, for they check.
  static let patience = 45.0

  private let layers: Int
  private let visits: Int
  /// The layers of the present block; it grows during the first visits.
  private var block = 0..<0
  private var blockBegan = 0.0
  private var visit = 0
  private var nextLayer = 0

  /// A schedule of `layers`, each visited `visits` times.
  init(layers: Int, visits: Int) {
    precondition(layers >= 0 && visits >= 1)
    self.layers = layers
    self.visits = visits
  }

  /// The next layer and its visit, both from 0; nil when all is done.
  ///
  /// - Parameter seconds: the time, on any clock that goes on steadily.
  mutating func next(seconds: Double) -> (layer: Int, visit: Int)? {
    if visit == 0 {
      if block.isEmpty { blockBegan = seconds }
      let isFull = !block.isEmpty && seconds - blockBegan >= Self.patience
      if block.upperBound < layers && !isFull {
        block = block.lowerBound..<block.upperBound + 1
        return (block.upperBound - 1, 0)
      }
      if block.isEmpty { return nil }
      (visit, nextLayer) = (1, block.lowerBound)
    }
    if nextLayer == block.upperBound { (visit, nextLayer) = (visit + 1, block.lowerBound) }
    if visit >= visits {
      (block, visit) = (block.upperBound..<block.upperBound, 0)
      return next(seconds: seconds)
    }
    nextLayer += 1
    return (nextLayer - 1, visit)
  }
}
