import Layers

/// The times that speedups are measured against, from rows whose status is ok.
public struct Baselines: Sendable {
  private struct OneThread: Hashable {
    var layer: LayerKey
    var layout: Layout
    var cache: String
    var kernel: String
    var isa: String
  }

  private struct Naive: Hashable {
    var layer: LayerKey
    var layout: Layout
    var cache: String
    var threads: Int
    var places: String
    var bind: String
  }

  /// The kernel that is the baseline of the others.
  public static let naiveKernel = "naive"

  private var oneThread: [OneThread: Double] = [:]
  private var naive: [Naive: Double] = [:]

  /// Collects the baselines of `rows`.
  ///
  /// - Complexity: O(*n*)
  public init(_ rows: [Row]) {
    for row in rows where row.status == .ok {
      guard let time = row.timeMedian, time > 0 else { continue }
      if row.threads == 1 { oneThread[Self.oneThreadKey(row), default: time].lower(to: time) }
      if row.kernel == Self.naiveKernel { naive[Self.naiveKey(row), default: time].lower(to: time) }
    }
  }

  /// The speedup of `row` over one thread: the shortest median of the same kernel, ISA, layer, layout and cache state on
  /// one thread, under any split and team, ÷ the median of `row`. nil if either was not measured.
  public func speedupOverOneThread(_ row: Row) -> Double? {
    Self.ratio(oneThread[Self.oneThreadKey(row)], row)
  }

  /// The speedup of `row` over the textbook loops: the shortest median of any `naive` variant on the same layer, layout,
  /// cache state, number of threads and placement ÷ the median of `row`. nil if either was not measured.
  public func speedupOverNaive(_ row: Row) -> Double? {
    Self.ratio(naive[Self.naiveKey(row)], row)
  }

  private static func ratio(_ baseline: Double?, _ row: Row) -> Double? {
    guard row.status == .ok, let time = row.timeMedian, time > 0, let baseline else { return nil }
    return baseline / time
  }

  private static func oneThreadKey(_ row: Row) -> OneThread {
    OneThread(layer: row.layerKey, layout: row.layout, cache: row.cache, kernel: row.kernel, isa: row.isa)
  }

  private static func naiveKey(_ row: Row) -> Naive {
    Naive(
      layer: row.layerKey, layout: row.layout, cache: row.cache, threads: row.threads, places: row.places,
      bind: row.bind)
  }
}

extension Double {
  fileprivate mutating func lower(to other: Double) { self = min(self, other) }
}
