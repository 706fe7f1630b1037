import CPlatform
import Glibc
public import Topology

/// The threads that execute a layer together.
///
/// The caller of ``run(_:)`` sleeps while the workers compute, so that it takes no CPU from them.
public protocol Team: AnyObject, Sendable {
  /// What kind of team it is.
  static var kind: TeamKind { get }
  /// How many workers there are.
  var threads: Int { get }

  /// Does what `work` says, all workers at once.
  ///
  /// - Requires: nothing in `work` calls the team, and it needs no more workers than there are; one caller at a time.
  /// - Returns: what the clock said of the timed iterations.
  func run(_ work: TeamWork) -> TeamTiming
}

extension Team {
  /// Calls `job` with every worker's number, `warmUp` times, and then `iterations` times against the clock.
  ///
  /// - Requires: `iterations` is at least 1; `job` does not call the team; one caller at a time.
  public func run(warmUp: Int, iterations: Int, _ job: @escaping @Sendable (_ worker: Int) -> Void) -> TeamTiming {
    run(TeamWork(warmUp: warmUp, iterations: iterations, job: job))
  }
}

/// What a team does in one run: steps in which every worker calls the same function with its number. A step begins when
/// the last worker has ended the one before.
public struct TeamWork: Sendable {
  /// The first step, outside the timed region; nil for none.
  public var before: (@Sendable (_ worker: Int) -> Void)?
  /// Steps of `job` before the clock starts.
  public var warmUp: Int
  /// Steps of `job` against the clock, at least 1.
  public var iterations: Int
  /// The last step, outside the timed region; nil for none.
  public var after: (@Sendable (_ worker: Int) -> Void)?
  /// What is timed.
  public var job: @Sendable (_ worker: Int) -> Void
  /// The second half of each iteration, which begins when every worker has ended `job`; nil if `job` is all there is.
  public var combine: (@Sendable (_ worker: Int) -> Void)?
  /// How many workers, the first ones, execute `job` and `combine`; nil for all of the team.
  ///
  /// The others wait for `after`, or for the end of the run, and nobody releases them or waits for them in between: one
  /// worker computes as if the team had no other. `before` and `after` are of all workers.
  public var workers: Int?

  /// Steps, from first to last.
  public init(
    before: (@Sendable (Int) -> Void)? = nil, warmUp: Int, iterations: Int, after: (@Sendable (Int) -> Void)? = nil,
    combine: (@Sendable (Int) -> Void)? = nil, workers: Int? = nil, job: @escaping @Sendable (Int) -> Void
  ) {
    precondition(iterations >= 1 && warmUp >= 0 && workers ?? 1 >= 1)
    self.before = before
    self.warmUp = warmUp
    self.iterations = iterations
    self.after = after
    self.combine = combine
    self.workers = workers
    self.job = job
  }

  /// Steps of one iteration.
  var stepsPerIteration: Int { combine == nil ? 1 : 2 }
  /// Steps of all iterations before and after the start of the clock, and of `before` and `after`.
  var stepCount: Int { lastTimed + 1 + (after == nil ? 0 : 1) }
  /// The first step of the first iteration.
  private var first: Int { before == nil ? 0 : 1 }
  /// The first timed step.
  var firstTimed: Int { first + warmUp * stepsPerIteration }
  /// The last timed step.
  var lastTimed: Int { firstTimed + iterations * stepsPerIteration - 1 }

  /// The steps that ``workers`` says who executes.
  var allIterations: Range<Int> { first..<lastTimed + 1 }

  /// Does worker `worker`'s part of step `step`.
  @inline(__always)
  func perform(step: Int, worker: Int) {
    if step == 0, let before { return before(worker) }
    if step > lastTimed, let after { return after(worker) }
    if let combine, (step - first) % 2 == 1 { return combine(worker) }
    job(worker)
  }
}

/// The kinds of team, under their names in the results.
public enum TeamKind: String, Sendable, Hashable, Codable, CaseIterable {
  /// One long-lived block a worker on a serial Dispatch queue of its own, pinned.
  case dispatch
  /// One long-lived POSIX thread a worker, pinned.
  case pinned
  /// `DispatchQueue.concurrentPerform`, unpinned: the control, and what most Swift programs do.
  case dispatchApply = "dispatch-apply"
  /// A peer's own threads, in a process of its own, on the CPUs of the placement. The lab's kernels have no such team.
  case library

  /// Whether the workers can sit on the CPUs of a placement.
  public var isPinned: Bool { self != .dispatchApply }

  /// The kinds that the lab's kernels can run on.
  public static let ofKernels: [TeamKind] = [.dispatch, .pinned, .dispatchApply]

  /// The team of the lab that sits on the same CPUs, for bursts and ceilings.
  public var witness: TeamKind { self == .library ? .dispatch : self }
}

/// What the clock said of one run of a team, in nanoseconds.
public struct TeamTiming: Sendable, Hashable {
  /// From the release of the team to the last worker's end, all timed iterations together.
  public var total: UInt64
  /// How many iterations that were.
  public var iterations: Int
  /// How long each worker that has a part in the iterations computed in the last one; empty where the team cannot tell
  /// them apart.
  public var busy: [UInt64]

  /// The times of one run.
  public init(total: UInt64, iterations: Int, busy: [UInt64]) {
    self.total = total
    self.iterations = iterations
    self.busy = busy
  }

  /// Nanoseconds of one iteration.
  public var perIteration: Double { Double(total) / Double(iterations) }
}

/// Why a team could not be formed.
public enum TeamError: Error, Sendable, CustomStringConvertible {
  /// A worker could not be bound to its CPU.
  case binding(worker: Int, TopologyError)
  /// Dispatch has fewer threads left than the team has workers.
  case threads(started: Int, wanted: Int)
  /// The system did not create a worker's thread. `code` is errno.
  case creation(worker: Int, wanted: Int, code: Int32)

  /// One sentence that names the worker and the reason.
  public var description: String {
    switch self {
    case .binding(let worker, let error): "worker \(worker) of the team cannot be bound: \(error)"
    case .threads(let started, let wanted):
      "Dispatch gave threads to \(started) of a team's \(wanted) workers; expected fewer threads"
    case .creation(let worker, let wanted, let code):
      "the thread of worker \(worker) of a team's \(wanted) cannot be created (\(String(cString: strerror(code)))); "
        + "expected fewer threads, or a higher limit of processes"
    }
  }
}

/// Nanoseconds of CPU time that the calling thread has used. It is for estimates, not for measurements.
public func threadCPUNanoseconds() -> UInt64 { platform_thread_cpu_time() }

/// Nanoseconds on the monotonic clock that teams measure with.
public func monotonicNanoseconds() -> UInt64 { platform_now() }
