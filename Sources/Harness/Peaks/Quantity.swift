import Statistics

/// A measured ceiling: the median of some samples with its 95 % interval; of several visits, those of the best.
public struct Quantity: Sendable, Hashable, Codable {
  /// The median.
  public var median: Double
  /// The lower end of the 95 % interval; nil with fewer than six samples.
  public var low: Double?
  /// The upper end of the 95 % interval; nil with fewer than six samples.
  public var high: Double?
  /// What it is counted in, such as `GFLOP/s`.
  public var unit: String
  /// How many samples there were.
  public var samples: Int

  /// The quantity that `values` are samples of; nil if there are none.
  public init?(_ values: [Double], unit: String) {
    guard let summary = SampleSummary(values) else { return nil }
    median = summary.median
    low = summary.ciLow
    high = summary.ciHigh
    self.unit = unit
    samples = summary.count
  }
}

/// A level of the memory hierarchy.
public enum MemoryLevel: String, Sendable, Hashable, Codable, CaseIterable {
  /// The level 1 data cache of a core.
  case l1 = "L1"
  /// The level 2 cache of a core.
  case l2 = "L2"
  /// The level 3 cache, shared by some cores.
  case l3 = "L3"
  /// Main memory.
  case memory
}
