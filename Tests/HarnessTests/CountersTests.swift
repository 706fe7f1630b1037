import Glibc
import Kernels
import Synchronization
import Testing
import Topology

@testable import Harness
@testable import Teams

/// Counters beside samples, on a CPU that is made up.
@Suite struct CountersTests {
  /// Every counter of a thread counts 1000 cycles, 3000 instructions and so on between two reads, in 250 ns.
  private final class FakeCPU: Sendable {
    struct State {
      /// The event of each descriptor, and the thread that opened it.
      var opened: [(event: PerformanceEvent, thread: pthread_t)] = []
      var groups: [CInt: [PerformanceEvent]] = [:]
      var reads: [CInt: UInt64] = [:]
      /// Reads by another thread than the one that opened.
      var strange = 0
    }

    static let counts: [PerformanceEvent: UInt64] = [
      .cycles: 1000, .instructions: 3000, .cacheMisses: 10, .lastLevelLoadMisses: 4, .contextSwitches: 2,
      .cpuMigrations: 1,
    ]
    let state = Mutex(State())
    let refused: Set<PerformanceEvent>

    init(refused: Set<PerformanceEvent> = []) { self.refused = refused }

    var system: CounterSystem {
      CounterSystem(
        open: { event, group in
          if self.refused.contains(event) { return -EMFILE }
          return self.state.withLock { state in
            let descriptor = CInt(state.opened.count)
            state.opened.append((event, pthread_self()))
            state.groups[group ?? descriptor, default: []].append(event)
            return descriptor
          }
        },
        read: { leader, words in
          self.state.withLock { state in
            if state.opened[Int(leader)].thread != pthread_self() { state.strange += 1 }
            state.reads[leader, default: 0] += 1
            let times = state.reads[leader] ?? 0
            let events = state.groups[leader] ?? []
            words[0] = UInt64(events.count)
            words[1] = 250 * times
            words[2] = 250 * times
            for (index, event) in events.enumerated() { words[3 + index] = (Self.counts[event] ?? 0) * times }
            return 3 + events.count
          }
        },
        close: { _ in }, paranoid: { 2 })
    }
  }

  private func witness(_ team: any Team, _ cpu: FakeCPU, _ events: [PerformanceEvent]) throws -> Witness {
    let probe = try #require(Catalog.current().probes.first)
    return Witness(team, Burst(probe), counters: TeamCounters(team, events, system: cpu.system))
  }

  @Test(arguments: [1, 3]) func everyWorkerCountsItself(threads: Int) throws {
    let team = try DispatchTeam(cpus: Array(repeating: nil, count: threads), topology: try Examples.topology())
    let cpu = FakeCPU()
    let witness = try witness(team, cpu, PerformanceEvent.allCases)
    for _ in 0..<3 {
      let (_, evidence) = witness.observe(TeamWork(warmUp: 1, iterations: 4) { _ in })
      // Of all workers together, over warm-up and timed executions.
      #expect(evidence.executions == 5)
      #expect(evidence.counts.values == FakeCPU.counts.mapValues { Double($0) * Double(threads) })
      #expect(evidence.counts.instructionsPerCycle == 3 && evidence.counts.clockGHz == 4)
      #expect(evidence.pageFaults != nil)
    }
    #expect(cpu.state.withLock(\.strange) == 0, "a worker reads its own counters")
    #expect(cpu.state.withLock { Set($0.opened.map(\.thread)).count } == threads)
    #expect(witness.counterFailures.isEmpty)
  }

  @Test func whatWorkersCannotOpenHasItsReason() throws {
    let team = try DispatchTeam(cpus: [nil, nil], topology: try Examples.topology())
    let witness = try witness(team, FakeCPU(refused: [.instructions]), [.cycles, .instructions])
    let (_, evidence) = witness.observe(TeamWork(warmUp: 0, iterations: 1) { _ in })
    #expect(evidence.counts.values == [.cycles: 2000] && evidence.counts.instructionsPerCycle == nil)
    // Both workers failed alike: once.
    #expect(witness.counterFailures.map(\.event) == [.instructions])
    #expect(witness.counterFailures.first?.reason.contains("ulimit -n") == true)
  }

  @Test func aWorkerThatIsNotOneThreadCountsNothing() throws {
    let topology = try Examples.topology()
    let pool = TeamPool(topology, probes: Catalog.current().probes, events: PerformanceEvent.allCases)
    let isa = try #require(Catalog.current().probes.first).isa
    let witness = try pool.witness(.dispatchApply, try Examples.placement(2), isa)
    let (_, evidence) = witness.observe(TeamWork(warmUp: 0, iterations: 1) { _ in })
    #expect(evidence.counts == EventCounts() && evidence.pageFaults == nil)
  }

  @Test func aCaseHasTheMediansOfTheRoundsThatCount() {
    func sample(_ cycles: UInt64, _ instructions: UInt64, tainted: Bool = false) -> Measurement.Sample {
      var evidence = Evidence(peak: 1, burstNanoseconds: 1, clockGHz: 1)
      evidence.counts.add(
        [.cycles, .instructions], before: [2, 0, 0, 0, 0], after: [2, 100, 100, cycles, instructions])
      return .init(round: 0, position: 0, nanoseconds: 1, evidence: evidence, taints: tainted ? [.slow] : [])
    }
    let clean = [sample(100, 200), sample(200, 500), sample(300, 900)]
    let disturbed = [sample(1000, 100, tainted: true), sample(1000, 100, tainted: true)]
    func measurement(_ samples: [Measurement.Sample]) -> Measurement {
      Measurement(samples, iterations: 1, stop: .time, imbalancePercent: nil, minimumClean: 3)
    }
    let measured = measurement(clean + disturbed)
    #expect(measured.instructionsPerCycle == 2.5 && measured.countedClockGHz == 2)
    #expect(measurement(Array(clean.prefix(2)) + disturbed).countedClockGHz == 6, "too few are clean: all count")
    var unknown = sample(1, 1)
    unknown.evidence.counts = EventCounts()
    #expect(measurement([unknown]).instructionsPerCycle == nil && measurement([unknown]).countedClockGHz == nil)
  }
}
