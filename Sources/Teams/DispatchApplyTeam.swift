import CPlatform
import Dispatch

/// The control: every iteration is one `DispatchQueue.concurrentPerform`, on whatever threads and CPUs Dispatch and the
/// scheduler choose.
///
/// The caller takes part, iterations are handed out by an atomic counter, and one thread may run several of them: so
/// the workers' own times cannot be told apart.
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

  /// See ``Team/run(warmUp:iterations:_:)``.
  public func run(warmUp: Int, iterations: Int, _ job: @escaping @Sendable (Int) -> Void) -> TeamTiming {
    for _ in 0..<warmUp { DispatchQueue.concurrentPerform(iterations: threads, execute: job) }
    let start = platform_now()
    for _ in 0..<iterations { DispatchQueue.concurrentPerform(iterations: threads, execute: job) }
    return TeamTiming(total: platform_now() - start, iterations: iterations, busy: [])
  }
}
