import Kernels
import Layers
import Topology

extension Layer {
  /// The least part of a layer's least traffic that its weights are where they stand for all of it.
  static let streamedPart = 0.9

  /// Whether a hot layer streams its weights past caches that hold `inner` bytes together: they are nine tenths of its least
  /// traffic or more, and do not fit. So they come from beyond each time, and a plain read of them takes as long as the
  /// layer takes at least, within a tenth.
  func streamsWeights(past inner: Int) -> Bool {
    let bytes = Double(weightCount * dtype.size)
    return bytes >= Self.streamedPart * leastBytes && bytes > Double(inner)
  }
}

extension Machine {
  /// The level that a case streams its weights from, if it does: that is, if the bandwidth it is compared with is that of a
  /// plain read of them beside its samples, and not a ceiling. The caches that they must not fit are the L2 caches of all its
  /// threads together.
  ///
  /// - Returns: nil if it does not; so it is where caches are cold. There, executions take copies in turn, and a reading would
  ///   have to take a turn as well: the copies of the others would then be evicted less.
  func levelOfStreamedWeights(in item: Case, of layer: Layer) -> MemoryLevel? {
    let sets = WorkingSets(item.placement, self)
    let inner = sets.capacities[.l2] ?? item.threads * CacheSizes.assumed.l2
    guard item.cache == .hot, layer.streamsWeights(past: inner) else { return nil }
    return sets.level(holding: layer.leastBytes)
  }
}
