import Dispatch
import Foundation
import Synchronization
import Testing
import Topology

@testable import Teams

/// Memory that workers write without synchronisation of their own: it is the team's to order their accesses.
final class PlainMemory: @unchecked Sendable {
  let values: UnsafeMutablePointer<Int>
  let count: Int
  init(_ count: Int) {
    self.count = count
    values = .allocate(capacity: count)
    values.initialize(repeating: 0, count: count)
  }
  deinit { values.deallocate() }
}

/// The machine of the process, discovered before any team exists.
private let system = Result { try HwlocTopology() }

/// How many threads of this process may run on one CPU only.
private func pinnedThreads() throws -> Int {
  try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").filter { thread in
    // A thread may end while we look; it is not pinned then.
    let status = (try? String(contentsOfFile: "/proc/self/task/\(thread)/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") } ?? ""
    return (try? CPUSet(list: line.drop { $0 != ":" }.dropFirst()))?.count == 1
  }.count
}

/// The mask of a thread that Dispatch provides now.
private func freshMask(_ topology: HwlocTopology) throws -> CPUSet {
  let result = Mutex<Result<CPUSet, any Error>?>(nil)
  let done = DispatchSemaphore(value: 0)
  DispatchQueue(label: "fresh").async {
    result.withLock { $0 = Result { try topology.currentThreadBinding() } }
    done.signal()
  }
  done.wait()
  return try #require(result.withLock { $0 }).get()
}

extension TeamKind {
  /// The kinds whose workers live as long as the team.
  static let lasting: [TeamKind] = [.dispatch, .pinned]

  /// A team of the kind, of workers on `cpus`.
  func team(_ cpus: [Int?], _ topology: HwlocTopology) throws(TeamError) -> any Team {
    switch self {
    case .dispatch, .library: try DispatchTeam(cpus: cpus, topology: topology)
    case .pinned: try PinnedTeam(cpus: cpus, topology: topology)
    case .dispatchApply: DispatchApplyTeam(threads: cpus.count)
    }
  }
}

/// Serialised: workers spin, and more teams than CPUs only wait for each other.
@Suite(.serialized) struct TeamTests {
  let topology: HwlocTopology
  private let cpus: [Int]

  init() throws {
    topology = try system.get()
    cpus = Array(topology.machine.eligible)
  }

  /// `count` CPUs, taken round-robin.
  func places(_ count: Int) -> [Int?] { Self.places(count, on: topology) }

  private static func places(_ count: Int, on topology: HwlocTopology) -> [Int?] {
    let cpus = Array(topology.machine.eligible)
    return (0..<count).map { cpus[$0 % cpus.count] }
  }

  /// Pinned and unpinned teams of every kind.
  func teams(_ threads: Int) throws -> [any Team] {
    try TeamKind.lasting.flatMap { kind in
      [try kind.team(places(threads), topology), try kind.team(Array(repeating: nil, count: threads), topology)]
    } + [DispatchApplyTeam(threads: threads)]
  }

  @Test(arguments: [1, 2, 3, 8])
  func everyWorkerRunsOnceAnIteration(threads: Int) throws {
    for team in try teams(threads) {
      #expect(team.threads == threads)
      for (warmUp, iterations) in [(0, 1), (1, 1), (3, 4), (0, 20)] {
        let calls = (0..<threads).map { _ in Counter() }
        let timing = team.run(warmUp: warmUp, iterations: iterations) { calls[$0].increment() }
        #expect(calls.map(\.value) == Array(repeating: warmUp + iterations, count: threads))
        #expect(timing.iterations == iterations)
      }
    }
  }

  final class Counter: Sendable {
    private let count = Atomic(0)
    var value: Int { count.load(ordering: .sequentiallyConsistent) }
    func increment() { count.add(1, ordering: .relaxed) }
  }

  @Test(arguments: [1, 2, 8])
  func anIterationBeginsWhenTheOneBeforeHasEnded(threads: Int) throws {
    for team in try teams(threads) {
      let counts = (0..<threads).map { _ in Counter() }
      let wrong = Counter()
      _ = team.run(warmUp: 5, iterations: 45) { worker in
        // Nobody can be more than one iteration ahead, and nobody behind.
        let mine = counts[worker].value
        for other in counts where other.value != mine && other.value != mine + 1 { wrong.increment() }
        counts[worker].increment()
      }
      #expect(wrong.value == 0)
      #expect(counts.allSatisfy { $0.value == 50 })
    }
  }

  /// Each worker writes what its neighbour reads in the next iteration: plain memory, ordered by the team alone.
  @Test(arguments: [2, 3, 8])
  func writesAreVisibleInTheNextIterationAndToTheCaller(threads: Int) throws {
    for team in try teams(threads) {
      let boards = [PlainMemory(threads), PlainMemory(threads)]
      let iteration = PlainMemory(threads * 16)
      let wrong = Counter()
      for run in 1...3 {
        for worker in 0..<threads { iteration.values[worker * 16] = 0 }
        _ = team.run(warmUp: 0, iterations: 40) { worker in
          let i = iteration.values[worker * 16]
          iteration.values[worker * 16] = i + 1
          let (read, write) = (boards[i % 2], boards[(i + 1) % 2])
          let expected = i == 0 ? read.values[(worker + 1) % threads] : run * 1000 + i
          if read.values[(worker + 1) % threads] != expected { wrong.increment() }
          write.values[worker] = run * 1000 + i + 1
        }
        #expect((0..<threads).allSatisfy { boards[40 % 2].values[$0] == run * 1000 + 40 })
      }
      #expect(wrong.value == 0)
    }
  }

  @Test(arguments: TeamKind.lasting) func workersSitOnTheirCPUs(kind: TeamKind) throws {
    for threads in [1, cpus.count, 2 * cpus.count + 1] {
      let places = places(threads)
      let team = try kind.team(places, topology)
      let masks = Mutex<[Int: Set<String>]>([:])
      for _ in 0..<3 {
        _ = team.run(warmUp: 1, iterations: 5) { [topology] worker in
          let seen: String
          do { seen = "\(try topology.currentThreadBinding()) on \(try topology.lastCPU())" } catch {
            seen = "\(error)"
          }
          masks.withLock { _ = $0[worker, default: []].insert(seen) }
        }
      }
      for (worker, cpu) in places.enumerated() {
        let cpu = try #require(cpu)
        #expect(masks.withLock { $0[worker] } == ["\(cpu) on \(cpu)"], "worker \(worker) of \(threads)")
      }
    }
  }

  @Test(arguments: TeamKind.lasting) func anUnboundWorkerKeepsTheMaskOfTheProcess(kind: TeamKind) throws {
    let team = try kind.team([nil, nil], topology)
    let masks = Mutex<Set<String>>([])
    _ = team.run(warmUp: 0, iterations: 5) { [topology] _ in
      let mask = (try? topology.currentThreadBinding()).map(\.description) ?? "unknown"
      masks.withLock { _ = $0.insert(mask) }
    }
    #expect(masks.withLock { $0 } == [try #require(topology.machine.processMask).description])
  }

  /// In a process of its own, because it looks at all threads.
  @Test func theProcessIsUnpinnedAfterATeamsEnd() async {
    await #expect(processExitsWith: .success) {
      let topology = try HwlocTopology()
      let full = try #require(topology.machine.processMask)
      if full.count == 1 { return }
      try #require(try pinnedThreads() == 0)
      for (kind, threads) in TeamKind.lasting.flatMap({ kind in [1, 2, 8].map { (kind, $0) } }) {
        do {
          let team = try kind.team(TeamTests.places(threads, on: topology), topology)
          _ = team.run(warmUp: 1, iterations: 3) { _ in }
          try #require(try pinnedThreads() == threads)
          // The caller is not pinned, and nor are threads that others get meanwhile.
          try #require(try topology.currentThreadBinding() == full)
          try #require(try freshMask(topology) == full)
        }
        try #require(try pinnedThreads() == 0)
        // Dispatch hands the workers' threads to others.
        for _ in 0..<2 * threads { try #require(try freshMask(topology) == full) }
      }
    }
  }

  @Test func aBindingThatFailsLeavesNobodyBehind() async {
    await #expect(processExitsWith: .success) {
      let topology = try HwlocTopology()
      let full = try #require(topology.machine.processMask)
      let missing = try #require(full.max()) + 1000
      let unpinned = try pinnedThreads()
      for _ in 0..<30 {
        let cpus = TeamTests.places(3, on: topology)
        for position in 0...3 {
          var wrong = cpus
          wrong.insert(missing, at: position)
          for kind in TeamKind.lasting { #expect(throws: TeamError.self) { try kind.team(wrong, topology) } }
          try #require(try pinnedThreads() == unpinned)
        }
      }
      try #require(try freshMask(topology) == full)
      // 240 teams of four: workers that were left behind would each keep a thread.
      let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
      try #require(threads < 100)
    }
  }

  @Test func severalTeamsLiveAtOnce() throws {
    let teams = try (0..<3).flatMap { _ in try self.teams(3) }
    for round in 0..<5 {
      for (index, team) in teams.enumerated().reversed() {
        let calls = Counter()
        _ = team.run(warmUp: 1, iterations: 2) { _ in calls.increment() }
        #expect(calls.value == 9, "team \(index), round \(round)")
      }
    }
  }

  @Test func teamsOfOneMachineRunAtOnceFromSeveralCallers() throws {
    let teams = try (0..<4).map { try TeamKind.lasting[$0 % 2].team(places(2), topology) }
    let calls = Counter()
    let callers = DispatchGroup()
    for team in teams {
      DispatchQueue(label: "caller").async(group: callers) {
        for _ in 0..<5 { _ = team.run(warmUp: 0, iterations: 5) { _ in calls.increment() } }
      }
    }
    callers.wait()
    #expect(calls.value == 4 * 5 * 5 * 2)
  }

  @Test(arguments: TeamKind.lasting) func aBindingThatFailsThrows(kind: TeamKind) throws {
    let missing = try #require(cpus.max()) + 1000
    for (index, wrong) in [[missing], [nil, missing, nil], places(3) + [missing]].enumerated() {
      var message: String?
      do throws(TeamError) {
        _ = try kind.team(wrong, topology)
      } catch { message = error.description }
      let worker = try #require(wrong.firstIndex(of: missing))
      #expect(
        message
          == "worker \(worker) of the team cannot be bound: "
          + TopologyError.notEligible(cpu: missing, eligible: topology.machine.eligible).description,
        "team \(index)")
    }
    // Another machine's topology binds nothing, and says so.
    let other = try HwlocTopology(.synthetic(description: "package:1 core:2 pu:1"))
    #expect(throws: TeamError.self) { try kind.team([0], other) }
  }

  @Test(arguments: TeamKind.lasting) func theTotalIsAtLeastTheBusiestWorkersTime(kind: TeamKind) throws {
    for threads in [1, 2, 5] {
      let team = try kind.team(places(threads), topology)
      let start = monotonicNanoseconds()
      let timing = team.run(warmUp: 2, iterations: 3) { worker in
        // The last worker computes longest.
        let end = monotonicNanoseconds() + UInt64(worker + 1) * 200_000
        while monotonicNanoseconds() < end {}
      }
      let elapsed = monotonicNanoseconds() - start
      #expect(timing.busy.count == threads)
      for (worker, busy) in timing.busy.enumerated() { #expect(busy >= UInt64(worker + 1) * 200_000) }
      let longest = try #require(timing.busy.max())
      #expect(timing.total >= longest)
      // Three iterations, each at least as long as its longest worker's loop; the warm-up is outside.
      #expect(timing.total >= 3 * UInt64(threads) * 200_000)
      #expect(elapsed >= timing.total + 2 * UInt64(threads) * 200_000)
      #expect(timing.perIteration == Double(timing.total) / 3)
    }
  }

  @Test(arguments: TeamKind.lasting) func theCallerTakesNoPart(kind: TeamKind) throws {
    let team = try kind.team(places(2), topology)
    let threads = Mutex<Set<pthread_t>>([])
    _ = team.run(warmUp: 0, iterations: 3) { _ in
      threads.withLock { _ = $0.insert(pthread_self()) }
    }
    #expect(threads.withLock { $0.count } == 2)
    #expect(!threads.withLock { $0.contains(pthread_self()) })
  }

  /// A team that its own worker released would wait for itself, and keep its threads: Dispatch would run out of them.
  @Test(arguments: TeamKind.lasting) func aTeamThatItsWorkHoldsStillEnds(kind: TeamKind) throws {
    for _ in 0..<300 {
      let team = try kind.team([nil, nil, nil], topology)
      _ = team.run(
        TeamWork(before: { _ in _ = team.threads }, warmUp: 0, iterations: 1, after: { _ in _ = team.threads }) { _ in }
      )
    }
  }

  /// `before` and `after` are steps of their own around those of the job, outside the timed ones.
  @Test(arguments: [1, 3]) func stepsComeInTheirOrder(threads: Int) throws {
    for team in try teams(threads) {
      let steps = Mutex<[String]>([])
      let note: @Sendable (String) -> Void = { step in steps.withLock { $0.append(step) } }
      let timing = team.run(
        TeamWork(before: { _ in note("before") }, warmUp: 2, iterations: 3, after: { _ in note("after") }) { _ in
          note("job")
        })
      let expected = ["before"] + Array(repeating: "job", count: 5) + ["after"]
      #expect(steps.withLock { $0 } == expected.flatMap { Array(repeating: $0, count: threads) })
      #expect(timing.iterations == 3)
    }
  }

  /// Two halves an iteration: nobody begins the second before all have ended the first, and both are timed.
  @Test(arguments: [1, 2, 5]) func combiningFollowsEveryJob(threads: Int) throws {
    for team in try teams(threads) {
      let jobs = Counter()
      let combined = Counter()
      let wrong = Counter()
      let timing = team.run(
        TeamWork(
          before: { _ in if jobs.value + combined.value > 0 { wrong.increment() } }, warmUp: 2, iterations: 3,
          after: { _ in if combined.value != 5 * threads { wrong.increment() } },
          combine: { _ in
            if jobs.value % threads != 0 || jobs.value / threads != combined.value / threads + 1 { wrong.increment() }
            combined.increment()
            let end = monotonicNanoseconds() + 100_000
            while monotonicNanoseconds() < end {}
          }
        ) { _ in
          if combined.value % threads != 0 { wrong.increment() }
          jobs.increment()
          let end = monotonicNanoseconds() + 100_000
          while monotonicNanoseconds() < end {}
        })
      #expect(wrong.value == 0 && jobs.value == 5 * threads && combined.value == 5 * threads)
      #expect(timing.total >= 600_000 && timing.iterations == 3)
      #expect(timing.busy.allSatisfy { $0 >= 200_000 }, "\(timing)")
    }
  }

  @Test(arguments: TeamKind.lasting) func aJobIsReleasedWhenItsRunHasEnded(kind: TeamKind) throws {
    let team = try kind.team(places(2), topology)
    weak var tensors: PlainMemory?
    do {
      let memory = PlainMemory(2)
      tensors = memory
      _ = team.run(warmUp: 0, iterations: 2) { memory.values[$0] += 1 }
    }
    // No worker holds it any more: only the caller did.
    #expect(tensors == nil)
  }

  @Test func theControlCannotTellWorkersApart() {
    #expect(DispatchApplyTeam.kind == .dispatchApply && !TeamKind.dispatchApply.isPinned)
    #expect(DispatchTeam.kind == .dispatch && TeamKind.dispatch.isPinned)
    #expect(PinnedTeam.kind == .pinned && TeamKind.pinned.isPinned)
    #expect(TeamKind.allCases.map(\.rawValue) == ["dispatch", "pinned", "dispatch-apply", "library"])
    let timing = DispatchApplyTeam(threads: 4).run(warmUp: 1, iterations: 2) { _ in usleep(1000) }
    #expect(timing.busy.isEmpty)
    // Four iterations of a millisecond, however many threads share them, twice.
    #expect(timing.total >= 2_000_000)
  }

  // MARK: Waiting

  /// More workers than CPUs, some of them slow: nobody may hold the CPU that another one needs. With workers that only
  /// spin, each of these steps would take time slices of milliseconds for every worker.
  @Test(arguments: TeamKind.lasting) func workersThatShareACPUDoNotHoldEachOtherUp(kind: TeamKind) throws {
    let team = try kind.team(Array(repeating: cpus[0], count: 6), topology)
    let calls = Counter()
    _ = team.run(warmUp: 0, iterations: 2000) { _ in calls.increment() }
    #expect(calls.value == 12_000)
  }

  /// Workers that wait for long sleep, and take no CPU from others.
  @Test(arguments: TeamKind.lasting) func workersThatWaitForLongSleep(kind: TeamKind) throws {
    let team = try kind.team(Array(repeating: nil, count: min(2, cpus.count)), topology)
    let used = Mutex<UInt64>(0)
    let start = Mutex<UInt64>(0)
    _ = team.run(
      TeamWork(
        before: { worker in if worker > 0 { start.withLock { $0 = threadCPUNanoseconds() } } }, warmUp: 0,
        iterations: 1,
        after: { worker in
          if worker > 0 { used.withLock { $0 = threadCPUNanoseconds() - start.withLock { $0 } } }
        }
      ) { worker in if worker == 0 { usleep(200_000) } })
    #expect(used.withLock { $0 } < 100_000_000)
  }

  /// Who waits is woken however short the time is between his last look and his sleep.
  @Test func noWakeUpIsLost() throws {
    final class Pair: Sendable {
      let ping = ParkingCounter()
      let pong = ParkingCounter()
    }
    for spin in [0, 500, 5_000] as [UInt64] {
      let pair = Pair()
      let done = DispatchGroup()
      DispatchQueue(label: "pong").async(group: done) {
        for round in 1...5_000 as ClosedRange<UInt64> {
          pair.ping.wait(for: round, spinNanoseconds: spin)
          pair.pong.increment()
        }
      }
      for round in 1...5_000 as ClosedRange<UInt64> {
        pair.ping.increment()
        pair.pong.wait(for: round, spinNanoseconds: spin)
      }
      done.wait()
      #expect(pair.pong.value == 5_000)
    }
  }

  // MARK: Threads

  /// Dispatch has some 60 threads for blocks that wait on such a machine, and 255 at most; POSIX threads are others.
  @Test func moreThreadsThanDispatchHas() throws {
    let team = try PinnedTeam(cpus: places(300), topology: topology)
    let calls = Counter()
    _ = team.run(warmUp: 0, iterations: 2) { _ in calls.increment() }
    #expect(calls.value == 600)
  }

  @Test func aThreadThatCannotBeCreatedIsAnError() async {
    await #expect(processExitsWith: .success) {
      let topology = try HwlocTopology()
      func tasks() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count }
      let before = try tasks()
      for limit in 0..<4 {
        var message = ""
        do throws(TeamError) {
          _ = try PinnedTeam(cpus: TeamTests.places(4, on: topology), topology: topology, limit: limit)
        } catch { message = error.description }
        try #require(
          message == "the thread of worker \(limit) of a team's 4 cannot be created (Resource temporarily "
            + "unavailable); expected fewer threads, or a higher limit of processes")
        // Those that were created are gone.
        try #require(try tasks() == before)
        try #require(try pinnedThreads() == 0 || topology.machine.eligible.count == 1)
      }
    }
  }

  /// Unlike Dispatch's, the threads of a pinned team end with it.
  @Test func aPinnedTeamLeavesNoThread() async {
    await #expect(processExitsWith: .success) {
      let topology = try HwlocTopology()
      func tasks() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count }
      let before = try tasks()
      for threads in [1, 2, 8] {
        do {
          let team = try PinnedTeam(cpus: TeamTests.places(threads, on: topology), topology: topology)
          _ = team.run(warmUp: 1, iterations: 3) { _ in }
          try #require(try tasks() == before + threads)
        }
        try #require(try tasks() == before)
      }
    }
  }
}
