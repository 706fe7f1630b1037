import Kernels
import Layers
public import Topology

extension Machine {
  /// More bytes than twice the last-level caches of all eligible CPUs hold: buffers of that size together are not in any
  /// cache when their turn comes again.
  var coldBytes: Int {
    let eligible = eligible
    let used = caches.filter { !$0.cpus.isDisjoint(with: eligible) }
    let last = used.map(\.level).max()
    let size = used.filter { $0.level == last }.reduce(0) { $0 + ($1.size ?? 0) }
    return 2 * max(size, CacheSizes.assumed.l3) + (1 << 20)
  }

  /// Whether what the outer caches give is evidence beside a case: not if its working set lies in the innermost ones.
  func readsCaches(beside item: Case, of layer: Layer) -> Bool {
    item.cache != .hot || WorkingSets(item.placement, self).level(holding: layer.leastBytes) != .l1
  }
}

/// The sizes of a team's caches together, and the buffers that fit one level and not the one before.
public struct WorkingSets: Sendable, Hashable {
  /// Bytes that all of a team's caches of a level hold together; nil for a level that the machine does not have, and for
  /// main memory.
  public let capacities: [MemoryLevel: Int]
  private let threads: Int

  /// The caches of the CPUs of a placement. Caches that workers share count once. A placement that is not pinned is
  /// taken to have the caches of as many first CPUs as it has threads.
  public init(_ placement: Placement, _ machine: Machine) {
    threads = placement.threads
    let pinned = placement.assignments.compactMap(\.cpu)
    let cpus = pinned.isEmpty ? machine.eligiblePUs.prefix(placement.threads).map(\.osIndex) : pinned
    var capacities: [MemoryLevel: Int] = [:]
    for (level, number) in [(MemoryLevel.l1, 1), (.l2, 2), (.l3, 3)] {
      let caches = machine.caches.filter { cache in cache.level == number && cpus.contains { cache.cpus.contains($0) } }
      let size = caches.reduce(0) { $0 + ($1.size ?? 0) }
      if size > 0 { capacities[level] = size }
    }
    self.capacities = capacities
  }

  /// Bytes of each worker's buffer that lies in `level`: half of the worker's share of it, or four times the last cache
  /// for memory. Nil if the machine lacks the level, or if that would fit the level before.
  public func bytesPerWorker(_ level: MemoryLevel) -> Int? {
    if level == .memory { return 4 * (capacities.values.max() ?? 32 << 20) / threads }
    guard let capacity = capacities[level] else { return nil }
    let bytes = capacity / 2 / threads
    let levels = MemoryLevel.allCases
    let inner = levels.prefix { $0 != level }.compactMap { capacities[$0] }.max() ?? 0
    return bytes * threads > inner ? bytes : nil
  }

  /// Bytes of each worker's buffer that meets in `level` what a hot working set of `bytes` meets: as many together, for a
  /// part of it may lie in the caches before, but no more than ``bytesPerWorker(_:)`` for memory. FC with 64 MiB of weights
  /// reached 109 % of what two cores with 32 MiB of cache read from a buffer of 128 MiB.
  ///
  /// - Returns: nil if the machine lacks the level.
  public func bytesPerWorker(_ level: MemoryLevel, hot bytes: Double) -> Int? {
    let share = max(1 << 12, Int(bytes) / threads)
    if level == .memory { return bytesPerWorker(.memory).map { min($0, share) } }
    return capacities[level] == nil ? nil : share
  }

  /// The innermost level whose caches together hold `bytes`.
  public func level(holding bytes: Double) -> MemoryLevel {
    MemoryLevel.allCases.first { Double(capacities[$0] ?? 0) >= bytes } ?? .memory
  }
}
