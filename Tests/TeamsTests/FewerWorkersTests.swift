import Foundation
import Synchronization
import Testing

@testable import Teams

/// Work of which only the first workers of a team have a part.
extension TeamTests {
  /// Iterations of the first workers alone, between steps of all; again and again, for the numbers of one run must not
  /// become those of the next.
  @Test(arguments: [1, 2, 3, 8]) func someWorkersHaveAPart(threads: Int) throws {
    for team in try teams(threads) {
      for run in 0..<40 {
        let workers = run % 4 == 3 ? nil : [1, threads, (threads + 1) / 2][run % 4]
        let hasEnds = run % 3 > 0
        let count = workers ?? threads
        let (jobs, combined) = (PlainMemory(threads), PlainMemory(threads))
        let (ends, wrong) = (Counter(), Counter())
        var work = TeamWork(
          warmUp: 2, iterations: 3,
          combine: { worker in
            if (0..<count).contains(where: { jobs.values[$0] != combined.values[worker] + 1 }) { wrong.increment() }
            combined.values[worker] += 1
          }, workers: workers
        ) { jobs.values[$0] += 1 }
        if hasEnds {
          work.before = { _ in
            if jobs.values[0] != 0 { wrong.increment() }
            ends.increment()
          }
          work.after = { _ in
            if (0..<count).contains(where: { jobs.values[$0] + combined.values[$0] != 10 }) { wrong.increment() }
            ends.increment()
          }
        }
        let timing = team.run(work)
        let what = "\(type(of: team)), \(count) of \(threads), run \(run)"
        let expected = (0..<threads).map { $0 < count ? 5 : 0 }
        #expect((0..<threads).map { jobs.values[$0] } == expected && wrong.value == 0, "\(what)")
        #expect((0..<threads).map { combined.values[$0] } == expected, "\(what)")
        #expect(ends.value == (hasEnds ? 2 * threads : 0), "\(what)")
        #expect(timing.iterations == 3 && timing.busy.count == (team is DispatchApplyTeam ? 0 : count), "\(what)")
      }
    }
  }

  /// A worker that has no part is not woken a thousand times: it falls asleep once, until its next step.
  @Test(arguments: TeamKind.lasting) func whoHasNoPartSleeps(kind: TeamKind) throws {
    let team = try kind.team(places(2), topology)
    let start = Mutex<UInt64>(0)
    let used = Mutex<UInt64>(0)
    let now: @Sendable (Int) -> UInt64? = { worker in worker == 1 ? threadCPUNanoseconds() : nil }
    _ = team.run(
      TeamWork(
        before: { worker in if let now = now(worker) { start.withLock { $0 = now } } }, warmUp: 0, iterations: 1000,
        after: { worker in if let now = now(worker) { used.withLock { $0 = now - start.withLock { $0 } } } }, workers: 1
      ) { _ in
        let end = monotonicNanoseconds() + 100_000
        while monotonicNanoseconds() < end {}
      })
    // It spins for a millisecond at most; in steps of its own it would spin for all of the hundred.
    #expect(used.withLock { $0 } < 50_000_000)
  }

  @Test func oneWorkerOfTheControlIsTheCaller() {
    let threads = Mutex<Set<pthread_t>>([])
    _ = DispatchApplyTeam(threads: 4).run(
      TeamWork(warmUp: 3, iterations: 50, workers: 1) { worker in
        threads.withLock { _ = $0.insert(worker == 0 ? pthread_self() : 0) }
        usleep(100)
      })
    #expect(threads.withLock { $0 } == [pthread_self()])
  }
}
