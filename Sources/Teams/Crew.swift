import CPlatform
import Dispatch
import Synchronization
import Topology

/// What the workers of a team share, wherever their threads come from: how they bind, sleep, meet and take the time.
///
/// A worker's thread calls ``live(_:_:_:)`` and stays there until the team ends. Worker 0 leads: it takes the time,
/// releases the others by a counter in shared memory, computes its own part and waits for the rest. So a fork-join costs
/// two cache-line transfers and no system call, and the caller's thread, which sleeps meanwhile, is not part of it.
/// Between runs all workers sleep too: nothing disturbs other teams.
///
/// A step is released for those who have a part in it. One of the leader alone touches no shared memory: it costs what a
/// call costs, and the others spin and then sleep until a step that they have a part in.
///
/// One counter for all arrivals is the least latency for the cores of one socket. A tree would pay from some dozens of
/// threads on, where the line that all of them write becomes the bottleneck.
final class Crew: Sendable {
  let threads: Int
  /// How long workers spin before they sleep; 0 where workers share CPUs, for then somebody may wait for the CPU that a
  /// spinning one holds.
  private let spinNanoseconds: UInt64
  /// Written by the caller while all workers sleep; nil ends the team.
  private let work = Mutex<WorkReference?>(nil)
  private let firstError = Mutex<TeamError?>(nil)
  private let started = DispatchSemaphore(value: 0)
  /// Runs that the caller has begun; the end of the team counts as one.
  private let begun = ParkingCounter()
  /// Runs that the leader has ended.
  private let ended = ParkingCounter()
  /// Steps that the leader has released in this run: all but those that it executes alone.
  private let released = ParkingCounter()
  /// Workers that have woken up in this run, and then ends of steps, of all workers but the leader.
  private let arrived = ParkingCounter()
  /// The total time, and every worker's own time in the last timed iteration, in nanoseconds.
  private let times: PaddedCounters
  private static let total = 0
  private static let busy = 1

  /// Waking a sleeping thread takes some 10 µs, or 50 on a virtual machine: a few percent of this.
  private static let patience: UInt64 = 1_000_000

  /// The common part of a team whose workers go to `cpus`; nil is an unbound worker.
  init(cpus: [Int?], topology: HwlocTopology) {
    threads = cpus.count
    let bound = cpus.compactMap { $0 }
    let sharesCPUs = Set(bound).count < bound.count || cpus.count > topology.machine.eligible.count
    spinNanoseconds = sharesCPUs ? 0 : Self.patience
    times = PaddedCounters(count: Self.busy + threads)
  }

  // MARK: The caller

  /// Waits until `count` workers are bound, or have failed to; nil without a deadline. How many came in time.
  func waitForStart(of count: Int, deadline: DispatchTime = .distantFuture) -> Int {
    for started in 0..<count where self.started.wait(timeout: deadline) == .timedOut { return started }
    return count
  }

  /// The first binding that failed.
  var error: TeamError? { firstError.withLock { $0 } }

  /// Does what `work` says; see ``Team/run(_:)``.
  func run(_ work: TeamWork) -> TeamTiming {
    precondition(work.workers ?? 1 <= threads, "a team has no more workers than it has threads")
    let shared = SharedWork(work)
    withExtendedLifetime(shared) {
      let reference = WorkReference(steps: StepCounts(work, threads: threads), work: .passUnretained(shared))
      self.work.withLock { $0 = reference }
      // The last run's values; nobody looks at them while all workers sleep.
      released.reset()
      arrived.reset()
      let run = ended.value + 1
      begun.increment()
      ended.wait(for: run, spinNanoseconds: 0)
      self.work.withLock { $0 = nil }
    }
    return TeamTiming(
      total: times.load(Self.total), iterations: work.iterations,
      busy: (0..<(work.workers ?? threads)).map { times.load(Self.busy + $0) })
  }

  /// Lets every worker restore its thread's mask and return; the caller waits for their threads.
  func end() {
    work.withLock { $0 = nil }
    begun.increment()
  }

  // MARK: The workers

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
      var run: UInt64 = 0
      while true {
        run += 1
        begun.wait(for: run, spinNanoseconds: 0)
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
  private func lead(_ work: WorkReference) {
    var arrivals = UInt64(threads - 1)
    // Everybody is awake before the first step.
    arrived.wait(for: arrivals, spinNanoseconds: spinNanoseconds)
    var start: UInt64 = 0
    for step in 0..<work.steps.all {
      if step == work.steps.firstTimed { start = platform_now() }
      let others = work.steps.workers(step) - 1
      if others > 0 { released.increment() }
      perform(work, step, worker: 0)
      if others > 0 {
        arrivals += UInt64(others)
        arrived.wait(for: arrivals, spinNanoseconds: spinNanoseconds)
      }
      if step == work.steps.lastTimed { times.store(platform_now() - start, at: Self.total) }
    }
    ended.increment()
  }

  /// Every other worker: does its part of each step that the leader releases.
  private func follow(_ worker: Int, _ work: WorkReference) {
    arrived.increment()
    var releases: UInt64 = 0
    for step in 0..<work.steps.all {
      let workers = work.steps.workers(step)
      if workers > 1 { releases += 1 }
      guard worker < workers else { continue }
      released.wait(for: releases, spinNanoseconds: spinNanoseconds)
      perform(work, step, worker: worker)
      arrived.increment()
    }
  }

  /// Does one worker's part of a step; of the last timed iteration, the worker's own time is kept.
  private func perform(_ work: WorkReference, _ step: Int, worker: Int) {
    guard work.steps.lastIteration.contains(step) else { return work.perform(step: step, worker: worker) }
    let start = platform_now()
    work.perform(step: step, worker: worker)
    let before = step == work.steps.lastIteration.lowerBound ? 0 : times.load(Self.busy + worker)
    times.store(before + platform_now() - start, at: Self.busy + worker)
  }
}

/// The numbers of steps of a run, which workers read without touching the work itself.
private struct StepCounts: Sendable {
  let all: Int
  let firstTimed: Int
  let lastTimed: Int
  let lastIteration: Range<Int>
  private let iterations: Range<Int>
  private let workers: Int
  private let threads: Int

  init(_ work: TeamWork, threads: Int) {
    all = work.stepCount
    firstTimed = work.firstTimed
    lastTimed = work.lastTimed
    lastIteration = lastTimed + 1 - work.stepsPerIteration..<lastTimed + 1
    iterations = work.allIterations
    workers = work.workers ?? threads
    self.threads = threads
  }

  /// How many workers have a part in a step.
  @inline(__always)
  func workers(_ step: Int) -> Int { iterations.contains(step) ? workers : threads }
}

/// The work of the present run, in a place that never changes: closures that lie in one are called without counting
/// references. Those counts are atomic and in lines that all workers would write: with those of a layer's parts, they took
/// 50 ns a step.
private final class SharedWork: Sendable {
  let work: TeamWork

  init(_ work: TeamWork) { self.work = work }

  @inline(never)
  func perform(step: Int, worker: Int) { work.perform(step: step, worker: worker) }
}

/// The work of the present run, which the caller's frame holds until every worker has reported its last step.
///
/// Workers hold no reference of their own. The last reference releases what the work's closures hold, such as a layer's
/// tensors or even the team, and a team that ended on its own worker would wait for itself for ever.
private struct WorkReference: Sendable {
  let steps: StepCounts
  private let work: Unmanaged<SharedWork>

  init(steps: StepCounts, work: Unmanaged<SharedWork>) {
    self.steps = steps
    self.work = work
  }

  @inline(__always)
  func perform(step: Int, worker: Int) {
    work._withUnsafeGuaranteedRef { $0.perform(step: step, worker: worker) }
  }
}
