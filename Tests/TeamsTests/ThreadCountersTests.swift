import Glibc
import Synchronization
import Testing

@testable import Teams

/// Counters of machines that are made up, and of this one.
@Suite struct ThreadCountersTests {
  /// A machine: which events it refuses and why, and how many hardware events fit a group.
  private final class FakeMachine: Sendable {
    struct State {
      var opened: [(event: PerformanceEvent, group: CInt?)] = []
      var closed: [CInt] = []
      /// What reads give, one after the other, of each leader.
      var reads: [CInt: [[UInt64]]] = [:]
    }

    let state = Mutex(State())
    let refused: [PerformanceEvent: CInt]
    let paranoid: Int?
    let groupSize: Int

    init(refused: [PerformanceEvent: CInt] = [:], paranoid: Int? = 2, groupSize: Int = 8) {
      self.refused = refused
      self.paranoid = paranoid
      self.groupSize = groupSize
    }

    var system: CounterSystem {
      CounterSystem(
        open: { event, group in
          if let code = self.refused[event] { return -code }
          return self.state.withLock { state in
            if let group, state.opened.count(where: { $0.group == group }) + 1 >= self.groupSize { return -EINVAL }
            state.opened.append((event, group))
            return CInt(state.opened.count - 1)
          }
        },
        read: { leader, words in
          self.state.withLock { state in
            guard var left = state.reads[leader], !left.isEmpty else { return Int(-EIO) }
            let values = left.removeFirst()
            state.reads[leader] = left
            for (index, value) in values.prefix(words.count).enumerated() { words[index] = value }
            return values.count
          }
        },
        close: { descriptor in self.state.withLock { $0.closed.append(descriptor) } },
        paranoid: { self.paranoid })
    }
  }

  @Test func hardwareAndKernelEventsHaveAGroupEach() {
    let machine = FakeMachine()
    do {
      let counters = ThreadCounters(system: machine.system)
      #expect(counters.failures.isEmpty)
      // Cycles lead the CPU's events, switches the kernel's.
      #expect(machine.state.withLock { $0.opened.map(\.event) } == PerformanceEvent.allCases)
      #expect(machine.state.withLock { $0.opened.map(\.group) } == [nil, 0, 0, 0, nil, 4])
    }
    // Members before leaders, and all of them.
    #expect(machine.state.withLock(\.closed) == [5, 4, 3, 2, 1, 0])
  }

  @Test func anEventThatDoesNotFitTheGroupLeadsItsOwn() {
    let machine = FakeMachine(groupSize: 2)
    let counters = ThreadCounters([.cycles, .instructions, .cacheMisses], system: machine.system)
    #expect(counters.failures.isEmpty)
    #expect(machine.state.withLock { $0.opened.map(\.group) } == [nil, 0, nil])
    machine.state.withLock {
      $0.reads = [0: [[2, 0, 0, 0, 0], [2, 10, 10, 30, 60]], 2: [[1, 0, 0, 5], [1, 10, 5, 25]]]
    }
    counters.begin()
    counters.end()
    // Cache misses were on a counter half of the time: 20 of them are 40.
    #expect(counters.counts.values == [.cycles: 30, .instructions: 60, .cacheMisses: 40])
    #expect(counters.counts.instructionsPerCycle == 2 && counters.counts.clockGHz == 3)
  }

  @Test func withoutALeaderTheNextEventLeads() {
    let machine = FakeMachine(refused: [.cycles: ENOENT, .contextSwitches: EACCES])
    let counters = ThreadCounters(system: machine.system)
    #expect(counters.failures.map(\.event) == [.cycles, .contextSwitches])
    #expect(machine.state.withLock { $0.opened.map(\.group) } == [nil, 0, 0, nil])
  }

  @Test func whatCannotBeReadIsUnknown() {
    let machine = FakeMachine()
    let counters = ThreadCounters([.cycles, .instructions], system: machine.system)
    machine.state.withLock { $0.reads = [0: [[2, 100, 100, 7, 7]]] }
    counters.begin()
    counters.end()
    #expect(counters.counts == EventCounts())
    #expect(counters.counts.instructionsPerCycle == nil && counters.counts.clockGHz == nil)
    // The next sample is whole again.
    machine.state.withLock { $0.reads = [0: [[2, 200, 200, 10, 10], [2, 300, 300, 410, 210]]] }
    counters.begin()
    counters.end()
    #expect(counters.counts.values == [.cycles: 400, .instructions: 200] && counters.counts.clockGHz == 4)
    // A beginning that cannot be read is not that of the sample before.
    machine.state.withLock { $0.reads = [0: [[], [2, 500, 500, 910, 910]]] }
    counters.begin()
    counters.end()
    #expect(counters.counts == EventCounts())
  }

  // MARK: Arithmetic

  private func counts(_ before: [UInt64], _ after: [UInt64]) -> EventCounts {
    var counts = EventCounts()
    counts.add([.cycles, .instructions], before: before, after: after)
    return counts
  }

  @Test func multiplexedCountsAreScaled() {
    // A quarter of the time on the counters: four times as many, and the ratio and the clock as if always there.
    let shared = counts([2, 1000, 500, 10, 20], [2, 5000, 1500, 3010, 1520])
    #expect(shared.values == [.cycles: 12_000, .instructions: 6000])
    #expect(shared.instructionsPerCycle == 0.5 && shared.clockGHz == 3)
    // Never on them: unknown, and not 0.
    #expect(counts([2, 1000, 500, 10, 20], [2, 5000, 500, 10, 20]) == EventCounts())
    // Time running a little ahead of time enabled is no reason to scale down.
    #expect(counts([2, 0, 0, 0, 0], [2, 999, 1000, 100, 100]).values[.cycles] == 100)
  }

  @Test func wordsOfAnotherGroupAreUnknown() {
    #expect(counts([3, 0, 0, 0, 0], [3, 10, 10, 1, 1]) == EventCounts())
    #expect(counts([], [2, 10, 10, 1, 1]) == EventCounts())
    #expect(counts([2, 0, 0, 0], [2, 10, 10, 1]) == EventCounts())
    // No cycle: no ratio of cycles.
    let still = counts([2, 0, 0, 5, 5], [2, 10, 10, 5, 5])
    #expect(still.values[.cycles] == 0 && still.instructionsPerCycle == nil && still.clockGHz == nil)
  }

  @Test func aSumKnowsWhatIsKnownOfAllThreads() {
    let first = counts([2, 0, 0, 0, 0], [2, 10, 10, 20, 60])
    let second = counts([2, 0, 0, 0, 0], [2, 10, 10, 40, 60])
    let both = EventCounts.sum([first, second])
    #expect(both.values == [.cycles: 60, .instructions: 120])
    #expect(both.instructionsPerCycle == 2 && both.clockGHz == 3)
    #expect(EventCounts.sum([first, EventCounts()]) == EventCounts())
    #expect(EventCounts.sum([]) == EventCounts())
  }

  // MARK: Reasons

  @Test(arguments: [
    (PerformanceEvent.cycles, ENOENT, 2 as Int?, "most virtual machines"),
    (.cycles, EACCES, 4, "kernel.perf_event_paranoid is 4; 'sudo sysctl kernel.perf_event_paranoid=2'"),
    (.cycles, EPERM, 2, "a seccomp filter"), (.cycles, EPERM, nil, "cannot be read"),
    (.contextSwitches, EACCES, 2, "is 2; 'sudo sysctl kernel.perf_event_paranoid=1'"),
    (.contextSwitches, EPERM, 1, "a seccomp filter"), (.cpuMigrations, ENOENT, 2, "the kernel does not offer it"),
    (.cycles, ENOSYS, nil, "without perf_event_open"), (.cycles, EMFILE, 2, "ulimit -n"),
    (.lastLevelLoadMisses, EINVAL, 2, "does not know it"), (.cycles, EBUSY, 2, "keeps the CPU's counters"),
    (.cycles, EIO, 2, "Input/output error"),
  ])
  func failuresSayWhyAndWhatToDo(event: PerformanceEvent, code: CInt, paranoid: Int?, words: String) throws {
    let machine = FakeMachine(refused: [event: code], paranoid: paranoid)
    let probe = CounterProbe(system: machine.system)
    #expect(probe.available == PerformanceEvent.allCases.filter { $0 != event })
    let failure = try #require(probe.failures.first)
    #expect(probe.failures.count == 1 && failure.code == code && failure.paranoid == paranoid)
    #expect(failure.reason.contains(words), "\(failure)")
    #expect(failure.description.hasPrefix("\(event.rawValue) cannot be counted: "))
    // Everything that was opened is closed again.
    #expect(machine.state.withLock { $0.closed.count } == PerformanceEvent.allCases.count - 1)
  }

  // MARK: This system

  @Test func thisSystemCountsOrSaysWhyNot() throws {
    let probe = CounterProbe()
    #expect(probe.available.count + probe.failures.count == PerformanceEvent.allCases.count)
    let counters = ThreadCounters(probe.available)
    #expect(counters.failures.isEmpty)
    counters.begin()
    // Sleeping gives the CPU away.
    var sum = 0.0
    for i in 0..<100_000 { sum += Double(i).squareRoot() }
    usleep(1000)
    counters.end()
    #expect(sum > 0)
    let values = counters.counts.values
    // A CPU whose counters are all taken by others counts nothing, so only the kernel's are sure.
    if probe.available.contains(.contextSwitches) { #expect(try #require(values[.contextSwitches]) >= 1) }
    if let instructions = values[.instructions] { #expect(instructions > 100_000) }
    for (event, value) in values { #expect(value >= 0 && probe.available.contains(event)) }
  }
}
