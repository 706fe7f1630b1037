public import Layers

/// The least time that a layer can take on a team's CPUs, and what sets it.
///
/// Samuel Williams, Andrew Waterman and David Patterson, "Roofline: An Insightful Visual Performance Model for Multicore
/// Architectures", CACM 52 (2009): a layer needs at least the time of its multiply-adds at the peak, and at least the
/// time of its least traffic at the bandwidth of the level that holds its working set.
public struct Roofline: Sendable, Hashable {
  /// The highest possible rate, in GFLOP/s.
  public let gflops: Double
  /// The level that the traffic comes from.
  public let level: MemoryLevel
  /// The read bandwidth of that level, in GB/s: a ceiling, or what the layer's own weights gave beside its samples.
  public let bandwidth: Double
  /// What sets the limit: nil for the multiply-adds, or else the level.
  public let bound: MemoryLevel?

  /// The roofline of `layer` with caches in state `cache`.
  ///
  /// Hot, all traffic comes from the innermost level whose caches together hold input, weights and output. Cold, it
  /// comes from memory; with cold weights, only theirs does, and the rest is not counted.
  ///
  /// - Parameters:
  ///   - peak: multiply-adds, in GFLOP/s.
  ///   - bandwidth: the read bandwidth of a level in GB/s; nil where it was not measured.
  /// - Returns: nil if the bandwidth that it takes is not known.
  public init?(
    _ layer: Layer, _ cache: CacheState, peak: Double, sets: WorkingSets, bandwidth: (MemoryLevel) -> Double?
  ) {
    let bytes: Double
    switch cache {
    case .hot:
      level = sets.level(holding: layer.leastBytes)
      bytes = layer.leastBytes
    case .coldWeights:
      level = .memory
      bytes = Double(layer.weightCount * layer.dtype.size)
    case .cold:
      level = .memory
      bytes = layer.leastBytes
    }
    guard let rate = bandwidth(level) else { return nil }
    self.bandwidth = rate
    let fromMemory = layer.flops / bytes * rate
    gflops = min(peak, fromMemory)
    bound = fromMemory < peak ? level : nil
  }

  /// The name of what sets the limit, as in the results: `compute`, or the level.
  public var boundName: String { bound?.rawValue ?? "compute" }
}
