public import Kernels

/// A register tile and a split that tuning tries.
public struct TuningCandidate: Sendable, Hashable, CustomStringConvertible {
  /// The tile; nil is the one that the kernel's model chooses.
  public var tile: TileChoice?
  /// How the work is divided; `none` on one thread, and for one of several.
  public var split: Split

  /// A candidate.
  public init(_ tile: TileChoice?, _ split: Split) {
    self.tile = tile
    self.split = split
  }

  /// Such as `p14x2, channels`.
  public var description: String {
    (tile.map { "\($0)" } ?? "model") + (split == .none ? "" : ", \(split.rawValue)")
  }

  /// The tiles worth trying for `kernel` on `problem`, of those that `chosen` have.
  ///
  /// - A tile with more rows than the layer has, or more vectors than its columns fill, runs as a smaller one does.
  /// - A tile needs eight sums in flight to keep two units of multiply-adds busy through a latency of four cycles. Where
  ///   the layer has no room for them, half of what it has room for is enough to be tried: then something else limits it.
  /// - The model's own choice is no candidate: it takes part in every contest.
  public static func tiles(of chosen: [TileChoice], for kernel: Kernel, _ problem: Problem) -> [TileChoice] {
    let own = kernel.tile(for: problem)
    var fitting: [TileChoice] = []
    var seen: Set<TileChoice> = []
    for choice in chosen {
      // What a choice leaves to the model counts as what it comes to.
      let tile = kernel.with(choice)
      guard tile.supports(problem), let resolved = tile.tile(for: problem), resolved != own else { continue }
      let isByPixels = resolved.rows != .channels
      let rows = isByPixels ? problem.m : problem.n
      let columns = isByPixels ? problem.n : problem.imagePixels
      if resolved.shape.rows > rows || (resolved.shape.vectors - 1) * kernel.lanes >= columns { continue }
      if seen.insert(resolved).inserted { fitting.append(resolved) }
    }
    let most = fitting.map(\.sums).max() ?? 0
    return fitting.filter { $0.sums >= min(leastSums, most / 2) }
  }

  private static let leastSums = 8

  /// The splits of `chosen` that suit `problem` on several threads, not to divide it among them where ``SplitModel`` asks
  /// for that; on one thread there is nothing to try.
  static func splits(of chosen: [Split], for problem: Problem, threads: Int) -> [Split] {
    if threads == 1 { return [] }
    return chosen.filter {
      switch $0 {
      case .none: SplitModel.mayTakeOne(problem)
      case .auto: false
      case .channels, .pixels, .grid, .reduction: $0.suits(problem, threads: threads)
      }
    }
  }
}

extension TileChoice {
  /// Vectors of sums that stay in registers.
  fileprivate var sums: Int { shape.rows * shape.vectors }
}
