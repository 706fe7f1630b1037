import CPlatform
public import Topology

/// The threads that execute a layer together.
///
/// The caller of ``run(warmUp:iterations:_:)`` sleeps while the workers compute, so that it takes no CPU from them.
public protocol Team: AnyObject, Sendable {
  /// What kind of team it is.
  static var kind: TeamKind { get }
  /// How many workers there are.
  var threads: Int { get }

  /// Calls `job` with every worker's number, all workers at once, and does so again and again: `warmUp` times, and then
  /// `iterations` times against the clock. An iteration begins when the last worker has ended the one before.
  ///
  /// - Requires: `iterations` is at least 1; `job` does not call the team; one caller at a time.
  /// - Returns: what the clock said of the last `iterations`.
  func run(warmUp: Int, iterations: Int, _ job: @escaping @Sendable (_ worker: Int) -> Void) -> TeamTiming
}

/// The kinds of team, under their names in the results.
public enum TeamKind: String, Sendable, Hashable, Codable, CaseIterable {
  /// One long-lived block a worker on a serial Dispatch queue of its own, pinned.
  case dispatch
  /// `DispatchQueue.concurrentPerform`, unpinned: the control, and what most Swift programs do.
  case dispatchApply = "dispatch-apply"

  /// Whether the workers can sit on the CPUs of a placement.
  public var isPinned: Bool { self == .dispatch }
}

/// What the clock said of one run of a team, in nanoseconds.
public struct TeamTiming: Sendable, Hashable {
  /// From the release of the team to the last worker's end, all timed iterations together.
  public var total: UInt64
  /// How many iterations that were.
  public var iterations: Int
  /// How long each worker computed in the last iteration; empty where the team cannot tell them apart.
  public var busy: [UInt64]

  /// Nanoseconds of one iteration.
  public var perIteration: Double { Double(total) / Double(iterations) }
}

/// Why a team could not be formed.
public enum TeamError: Error, Sendable, CustomStringConvertible {
  /// A worker could not be bound to its CPU.
  case binding(worker: Int, TopologyError)

  /// One sentence that names the worker and the reason.
  public var description: String {
    switch self {
    case .binding(let worker, let error): "worker \(worker) of the team cannot be bound: \(error)"
    }
  }
}

/// Nanoseconds on the monotonic clock that teams measure with.
public func monotonicNanoseconds() -> UInt64 { platform_now() }
