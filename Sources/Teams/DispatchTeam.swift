import Dispatch
public import Topology

/// Long-lived workers on Dispatch threads, each on its CPU.
///
/// Every worker is one block on a serial queue of its own, which binds its thread once and then waits for work until the
/// team ends. Worker 0 leads the others; the caller sleeps meanwhile.
///
/// Blocks that wait for each other must each have a thread, which serial queues get and iterations of
/// `concurrentPerform` do not: there, one thread may run them all, and a barrier would never be reached.
public final class DispatchTeam: Team {
  /// Pinned Dispatch workers.
  public static var kind: TeamKind { .dispatch }
  /// How many workers there are.
  public var threads: Int { crew.threads }

  /// How long to wait for all workers to start.
  private static let patience = DispatchTimeInterval.seconds(10)

  private let crew: Crew
  private let workers = DispatchGroup()

  /// Starts one worker for each element of `cpus` and binds it to that CPU; nil leaves a worker unbound.
  ///
  /// Call it from a thread that is not pinned itself: Dispatch's threads inherit the mask of the thread that made them.
  ///
  /// Dispatch has a limited number of threads, all teams together. A worker that gets none would never arrive, and the
  /// others would wait for it for ever.
  ///
  /// - Throws: `TeamError` if a binding did not take, or if Dispatch has no threads for all workers. No worker is left
  ///   behind then.
  public init(cpus: [Int?], topology: HwlocTopology) throws(TeamError) {
    precondition(!cpus.isEmpty)
    crew = Crew(cpus: cpus, topology: topology)
    for (worker, cpu) in cpus.enumerated() {
      let queue = DispatchQueue(label: "pointwise.team.worker-\(worker)")
      queue.async(group: workers) { [crew] in crew.live(worker, cpu, topology) }
    }
    // One deadline for all: starting a thread takes microseconds, even on a busy machine.
    let started = crew.waitForStart(of: cpus.count, deadline: .now() + Self.patience)
    if started < cpus.count {
      end()
      throw .threads(started: started, wanted: cpus.count)
    }
    if let error = crew.error {
      end()
      throw error
    }
  }

  deinit { end() }

  /// Lets every worker restore its thread's mask and return the thread to Dispatch.
  private func end() {
    crew.end()
    workers.wait()
  }

  /// See ``Team/run(_:)``.
  public func run(_ work: TeamWork) -> TeamTiming { crew.run(work) }
}
