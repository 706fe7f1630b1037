import Glibc
public import Topology

/// Long-lived workers on POSIX threads of the team's own, each on its CPU.
///
/// What a runtime such as OpenMP's does: no queue and no thread of Dispatch's takes part, so that its limit on threads
/// does not hold, and nothing else ever runs on the workers. They bind, meet and sleep as those of ``DispatchTeam`` do.
public final class PinnedTeam: Team {
  /// Pinned threads.
  public static var kind: TeamKind { .pinned }
  /// How many workers there are.
  public var threads: Int { crew.threads }

  private let crew: Crew
  private let workers: [pthread_t]

  /// Starts one thread for each element of `cpus` and binds it to that CPU; nil leaves a worker unbound: it may run
  /// wherever the process may, even if the caller is pinned.
  ///
  /// - Throws: `TeamError` if a thread cannot be created or a binding did not take. No thread is left behind then.
  public convenience init(cpus: [Int?], topology: HwlocTopology) throws(TeamError) {
    try self.init(cpus: cpus, topology: topology, limit: cpus.count)
  }

  /// - Parameter limit: threads that the system provides, for tests: the next one fails as it would with too many.
  init(cpus: [Int?], topology: HwlocTopology, limit: Int) throws(TeamError) {
    precondition(!cpus.isEmpty)
    let crew = Crew(cpus: cpus, topology: topology)
    var workers: [pthread_t] = []
    var failure: TeamError?
    for (worker, cpu) in cpus.enumerated() {
      let body = ThreadBody { crew.live(worker, cpu, topology) }
      do throws(ThreadBody.Failure) {
        if worker == limit { throw ThreadBody.Failure(code: EAGAIN) }
        workers.append(try body.start())
      } catch {
        failure = .creation(worker: worker, wanted: cpus.count, code: error.code)
        break
      }
    }
    _ = crew.waitForStart(of: workers.count)
    if let error = failure ?? crew.error {
      Self.end(crew, workers)
      throw error
    }
    self.crew = crew
    self.workers = workers
  }

  deinit { Self.end(crew, workers) }

  /// Ends every worker, and waits until its thread is gone.
  private static func end(_ crew: Crew, _ workers: [pthread_t]) {
    crew.end()
    for worker in workers { pthread_join(worker, nil) }
  }

  /// See ``Team/run(_:)``.
  public func run(_ work: TeamWork) -> TeamTiming { crew.run(work) }
}
