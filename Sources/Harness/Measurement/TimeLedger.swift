public import Teams

/// Where the wall time of a run goes.
///
/// One thread keeps it: the one that measures. What is spent inside of something else counts there, and not twice.
public final class TimeLedger {
  /// What time is spent on.
  public enum Part: String, Sendable, Hashable, Codable, CaseIterable {
    /// The timed regions of samples.
    case timed
    /// Executions before a sample's clock starts, those that choose how often a sample repeats the layer, and the first
    /// ones of a visit.
    case warmUp
    /// Checking results, with the references.
    case verification
    /// Making tensors, packed weights and teams.
    case preparation
    /// Ceilings, before the run and beside layers.
    case ceilings
    /// What is observed beside samples: bursts, caches, counters.
    case observation
    /// Summaries and stop rules.
    case statistics
    /// Writing the folder, and reports.
    case writing
    /// Everything else.
    case other
  }

  private var spent: [Part: UInt64] = [:]
  private var open: [Part] = []
  private var last: UInt64
  private let clock: () -> UInt64

  /// A ledger that begins now, by `clock` in nanoseconds.
  public init(clock: @escaping () -> UInt64 = monotonicNanoseconds) {
    self.clock = clock
    last = clock()
  }

  /// Does something that counts as `part`.
  public func spend<Result, Failure>(
    on part: Part, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    settle()
    open.append(part)
    defer {
      settle()
      open.removeLast()
    }
    return try body()
  }

  /// Says that `nanoseconds` of what was spent on `part` so far were spent on `other`.
  func move(_ nanoseconds: Double, from part: Part, to other: Part) {
    let moved = min(spent[part, default: 0], UInt64(max(0, nanoseconds)))
    spent[part, default: 0] -= moved
    spent[other, default: 0] += moved
  }

  private func settle() {
    let now = clock()
    spent[open.last ?? .other, default: 0] += now - last
    last = now
  }

  /// Seconds that were spent so far, on each part on which any were.
  public var seconds: [Part: Double] {
    settle()
    return spent.mapValues { Double($0) * 1e-9 }
  }
}
