import CPlatform
import Dispatch
import Glibc
import Synchronization
public import Topology

/// Long-lived workers on Dispatch threads, each on its CPU.
///
/// Every worker is one block on a serial queue of its own, which binds its thread once and then waits for work until the
/// team ends. Worker 0 leads: it takes the time, releases the others by a counter in shared memory, computes its own
/// part and waits for the rest. So a fork-join costs two cache-line transfers and no system call, and the caller's
/// thread, which sleeps meanwhile, is not part of it. Between runs all workers sleep too: nothing disturbs other teams.
///
/// Blocks that wait for each other must each have a thread, which serial queues get and iterations of
/// `concurrentPerform` do not: there, one thread may run them all, and a barrier would never be reached.
public final class DispatchTeam: Team {
  /// Pinned Dispatch workers.
  public static var kind: TeamKind { .dispatch }
  /// How many workers there are.
  public let threads: Int

  /// How long to wait for all workers to start.
  private static let patience = DispatchTimeInterval.seconds(10)

  private let shared: SharedState
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
    threads = cpus.count
    shared = SharedState(threads: threads)
    for (worker, cpu) in cpus.enumerated() {
      let queue = DispatchQueue(label: "pointwise.team.worker-\(worker)")
      queue.async(group: workers) { [shared] in shared.live(worker, cpu, topology) }
    }
    // One deadline for all: starting a thread takes microseconds, even on a busy machine.
    let deadline = DispatchTime.now() + Self.patience
    for started in 0..<threads where shared.started.wait(timeout: deadline) == .timedOut {
      end()
      throw .threads(started: started, wanted: threads)
    }
    if let error = shared.firstError.withLock({ $0 }) {
      end()
      throw error
    }
  }

  deinit { end() }

  /// Lets every worker restore its thread's mask and return the thread to Dispatch.
  private func end() {
    shared.work.withLock { $0 = nil }
    for wake in shared.wake { wake.signal() }
    workers.wait()
  }

  /// See ``Team/run(_:)``.
  public func run(_ work: TeamWork) -> TeamTiming {
    withUnsafePointer(to: work) { pointer in
      shared.work.withLock { $0 = WorkPointer(steps: StepCounts(work), work: pointer) }
      // The last run's values; nobody looks at them while all workers sleep.
      shared.counters.store(0, at: SharedState.released)
      shared.counters.store(0, at: SharedState.arrived)
      for wake in shared.wake { wake.signal() }
      shared.done.wait()
      shared.work.withLock { $0 = nil }
    }
    return TeamTiming(
      total: shared.counters.load(SharedState.total), iterations: work.iterations,
      busy: (0..<threads).map { shared.counters.load(SharedState.busy + $0) })
  }
}

/// The numbers of steps of a run, which workers read without touching the work itself.
private struct StepCounts: Sendable {
  let all: Int
  let firstTimed: Int
  let lastTimed: Int

  init(_ work: TeamWork) {
    all = work.stepCount
    firstTimed = work.firstTimed
    lastTimed = work.lastTimed
  }
}

/// The work of the present run, which lives in the caller's frame until every worker has reported its last step.
///
/// Workers hold no reference of their own. The last reference releases what the work's closures hold, such as a layer's
/// tensors or even the team, and a team that ended on its own worker would wait for itself for ever.
///
/// `@unchecked Sendable`: the work does not change while the pointer is shared.
private struct WorkPointer: @unchecked Sendable {
  let steps: StepCounts
  private let work: UnsafePointer<TeamWork>

  init(steps: StepCounts, work: UnsafePointer<TeamWork>) {
    self.steps = steps
    self.work = work
  }

  // Out of line: references that the call takes are given back before it returns, and so before the step is reported.
  @inline(never)
  func perform(step: Int, worker: Int) { work.pointee.perform(step: step, worker: worker) }
}

/// What the workers of one team share.
///
/// `counters` holds, each on its own cache line: the steps that the leader has released in this run, the workers that
/// have arrived or ended a step, the total time, and every worker's own time in the last
/// timed step.
private final class SharedState: Sendable {
  let threads: Int
  /// Written by the caller while all workers sleep; nil ends the team.
  let work = Mutex<WorkPointer?>(nil)
  let firstError = Mutex<TeamError?>(nil)
  let started = DispatchSemaphore(value: 0)
  let wake: [DispatchSemaphore]
  let done = DispatchSemaphore(value: 0)
  let counters: PaddedCounters

  static let released = 0
  static let arrived = 1
  static let total = 2
  static let busy = 3

  init(threads: Int) {
    self.threads = threads
    wake = (0..<threads).map { _ in DispatchSemaphore(value: 0) }
    counters = PaddedCounters(count: Self.busy + threads)
  }

  /// A worker's life: bind, report, work until the team ends, restore the thread's mask.
  func live(_ worker: Int, _ cpu: Int?, _ topology: HwlocTopology) {
    do throws(TopologyError) {
      // Not the mask that the thread came with: if a pinned thread made it, that would be one CPU.
      let unbound: CPUSet
      if let mask = topology.machine.processMask {
        unbound = mask
      } else {
        unbound = try topology.currentThreadBinding()
      }
      if let cpu {
        try topology.bindCurrentThread(to: cpu)
      } else {
        try topology.restoreCurrentThreadBinding(to: unbound)
      }
      started.signal()
      while true {
        wake[worker].wait()
        guard let work = work.withLock({ $0 }) else { break }
        if worker == 0 { lead(work) } else { follow(worker, work) }
      }
      try topology.restoreCurrentThreadBinding(to: unbound)
    } catch {
      firstError.withLock { if $0 == nil { $0 = .binding(worker: worker, error) } }
      started.signal()
    }
  }

  /// Worker 0: releases the steps and takes the time.
  private func lead(_ work: WorkPointer) {
    let others = UInt64(threads - 1)
    // Everybody is awake before the first step.
    wait(for: others, at: Self.arrived)
    var start: UInt64 = 0
    for step in 0..<work.steps.all {
      if step == work.steps.firstTimed { start = platform_now() }
      counters.store(UInt64(step + 1), at: Self.released)
      perform(work, step, worker: 0)
      wait(for: others * UInt64(step + 2), at: Self.arrived)
      if step == work.steps.lastTimed { counters.store(platform_now() - start, at: Self.total) }
    }
    done.signal()
  }

  /// Every other worker: does its part of each step that the leader releases.
  private func follow(_ worker: Int, _ work: WorkPointer) {
    counters.increment(Self.arrived)
    for step in 0..<work.steps.all {
      wait(for: UInt64(step + 1), at: Self.released)
      perform(work, step, worker: worker)
      counters.increment(Self.arrived)
    }
  }

  /// Does one worker's part of a step; of the last timed one, the worker's own time is kept.
  private func perform(_ work: WorkPointer, _ step: Int, worker: Int) {
    guard step == work.steps.lastTimed else { return work.perform(step: step, worker: worker) }
    let start = platform_now()
    work.perform(step: step, worker: worker)
    counters.store(platform_now() - start, at: Self.busy + worker)
  }

  /// Spins until a counter reaches `value`. Now and then it yields, for the case that the worker it waits for needs this
  /// very CPU: more workers than CPUs, or a busy machine.
  private func wait(for value: UInt64, at counter: Int) {
    var spins = 0
    while counters.load(counter) < value {
      platform_pause()
      spins += 1
      if spins % 10_000 == 0 { sched_yield() }
    }
  }
}
