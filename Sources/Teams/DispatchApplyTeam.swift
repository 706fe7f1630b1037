import CPlatform
import Dispatch

/// The control: every iteration is one `DispatchQueue.concurrentPerform`, on whatever threads and CPUs Dispatch and the
/// scheduler choose.
///
/// The caller takes part, iterations are handed out by an atomic counter, and one thread may run several of them: so
/// the workers' own times cannot be told apart. Where the work is for one worker of several, the caller does it, and
/// Dispatch is not called.
public final class DispatchApplyTeam: Team {
  /// The control.
  public static var kind: TeamKind { .dispatchApply }
  /// How many iterations each `concurrentPerform` has.
  public let threads: Int

  /// A team of `threads` workers.
  public init(threads: Int) {
    precondition(threads >= 1)
    self.threads = threads
  }

  /// See ``Team/run(_:)``.
  public func run(_ work: TeamWork) -> TeamTiming {
    precondition(work.workers ?? 1 <= threads, "a team has no more workers than it has threads")
    let iterations = work.allIterations
    var start: UInt64 = 0
    var total: UInt64 = 0
    for step in 0..<work.stepCount {
      if step == work.firstTimed { start = platform_now() }
      let workers = iterations.contains(step) ? work.workers ?? threads : threads
      if workers == 1 && threads > 1 {
        work.perform(step: step, worker: 0)
      } else {
        DispatchQueue.concurrentPerform(iterations: workers) { work.perform(step: step, worker: $0) }
      }
      if step == work.lastTimed { total = platform_now() - start }
    }
    return TeamTiming(total: total, iterations: work.iterations, busy: [])
  }
}
