import Kernels
import Layers
import Synchronization
import Testing

@testable import Harness
@testable import Teams

/// From what was seen beside samples to what a case is told to have.
@Suite struct EvidenceTests {
  private func sample(
    _ round: Int, _ nanoseconds: Double = 1e6, peak: Double = 100, clock: Double = 4, runDelay: Int64 = 0
  ) -> Measurement.Sample {
    var evidence = Evidence.quiet
    (evidence.peak, evidence.clockGHz, evidence.runDelay) = (peak, clock, runDelay)
    return .init(round: round, position: 0, nanoseconds: nanoseconds, evidence: evidence, taints: [])
  }

  /// A slow phase leaves a case the peak and the clock of its clean rounds, which its time is of as well.
  @Test func peakAndClockAreOfTheRoundsThatCount() throws {
    var series = SampleSeries(StopRule())
    for round in 0..<7 { series.append(sample(round, peak: 96 + Double(round), clock: 4), seconds: 1e-3) }
    for round in 7..<20 { series.append(sample(round, 2e6, peak: 50, clock: 2), seconds: 1e-3) }
    let measurement = series.measurement(.time, imbalancePercent: nil, bestRate: 100)
    #expect(measurement.cleanCount == 7 && measurement.peak == 99 && measurement.clockGHz == 4)
    #expect(measurement.summary.median == 1e6 && measurement.all.median == 2e6)
    #expect(measurement.summary.ciHigh == 1e6, "the interval is of the clean rounds")
    // Five are too few: then all count, for the peak as for the time.
    var disturbed = SampleSeries(StopRule())
    for round in 0..<5 { disturbed.append(sample(round), seconds: 1e-3) }
    for round in 5..<20 { disturbed.append(sample(round, 2e6, peak: 50, clock: 2), seconds: 1e-3) }
    let all = disturbed.measurement(.time, imbalancePercent: nil, bestRate: 100)
    #expect(all.peak == 50 && all.clockGHz == 2 && all.summary.median == 2e6)
  }

  /// A worker that has no part sleeps meanwhile: what it takes to wake it delays nobody.
  @Test(arguments: [(1, 30), (2, 530)]) func onlyWhoComputesIsKeptWaiting(computing: Int, delay: Int64) {
    var (before, after) = (ThreadStatus(), ThreadStatus())
    (before.runDelay, before.involuntarySwitches, before.pageFaults, before.cpu) = (70, 2, 4, 0)
    (after.runDelay, after.involuntarySwitches, after.pageFaults, after.cpu) = (100, 3, 9, 0)
    var (asleep, awake) = (before, after)
    (asleep.cpu, awake.cpu, awake.runDelay) = (1, 1, 570)
    var evidence = Evidence.quiet
    evidence.add([(before, after), (asleep, awake)], computing: computing)
    #expect(evidence.runDelay == delay && evidence.involuntarySwitches == Int64(computing))
    #expect(evidence.pageFaults == 10 && evidence.migrations == 0 && evidence.cpus == [0, 1], "all are watched")
    awake.runDelay = nil
    evidence.add([(before, after), (asleep, awake)], computing: computing)
    #expect(evidence.runDelay == (computing == 1 ? delay : nil))
  }

  /// What a team's work says of its workers decides whose delays count.
  @Test(arguments: [1, 2, nil]) func aWitnessAsksHowManyCompute(workers: Int?) throws {
    let team = try PinnedTeam(cpus: [nil, nil, nil], topology: try Examples.topology())
    let readings = Atomic<Int>(0)
    let witness = Witness(team, Burst(try #require(Catalog.current().probes.first))) { worker in
      var status = ThreadStatus()
      // Every reading before the work is one of the first three.
      let isAfter = readings.add(1, ordering: .relaxed).oldValue >= 3
      (status.runDelay, status.involuntarySwitches) = (isAfter ? [1, 20, 300][worker] : 0, isAfter ? 1 : 0)
      return status
    }
    let (_, evidence) = witness.observe(TeamWork(warmUp: 0, iterations: 1, workers: workers) { _ in })
    #expect(evidence.runDelay == (workers == 1 ? 1 : workers == 2 ? 21 : 321))
    #expect(evidence.involuntarySwitches == Int64(workers ?? 3))
  }

  /// A run delay is compared with the sample, not with one of its thousand executions.
  @Test func aRunDelayIsAPartOfTheWholeSample() {
    var series = SampleSeries(StopRule())
    series.iterations = 1000
    for delay: Int64 in [0, 999, 1001] { series.append(sample(0, 1000, runDelay: delay), seconds: 1e-3) }
    let taints = series.measurement(.time, imbalancePercent: nil, bestRate: 100).samples.map(\.taints)
    #expect(taints == [[], [], [.descheduled]])
  }

  @Test(arguments: [1, 2, 3]) func thePeakIsThatOfAllWorkers(threads: Int) throws {
    let team = try PinnedTeam(cpus: Array(repeating: nil, count: threads), topology: try Examples.topology())
    let burst = Burst(try #require(Catalog.current().probes.first))
    for _ in 0..<5 {
      let (_, evidence) = Witness(team, burst).observe(TeamWork(warmUp: 0, iterations: 1) { _ in })
      // No worker's burst took longer than the slowest one's.
      let least = Double(threads) * burst.flops / evidence.burstNanoseconds
      #expect(evidence.peak >= least * (1 - 1e-9))
    }
  }

  @Test func stealIsReadInTicks() {
    let text = """
      cpu  1 2 3 4 5 6 7 8 9 10
      cpu0 1 2 3 4 5 6 7 300 9 10
      cpu11 1 2 3 4 5 6 7 0 9 10
      cpu12 1 2 3 4
      intr 5 6 7 8 9 10 11 12 13
      """
    #expect(StealTime(nanosecondsPerTick: 10_000_000) { text }.perCPU() == [0: 3_000_000_000, 11: 0])
    #expect(StealTime(nanosecondsPerTick: 10_000_000) { nil }.perCPU().isEmpty, "unknown is not zero")
  }

  /// A tick of every CPU during each round; nothing where the system does not say.
  @Test(arguments: [true, false]) func whatAHypervisorTakesDuringARoundIsItsEvidence(known: Bool) throws {
    let topology = try Examples.topology()
    let catalog = Catalog.current()
    let cpus = topology.machine.eligible
    let readings = Atomic<Int>(0)
    let steal = StealTime(nanosecondsPerTick: 10_000_000) {
      let ticks = readings.add(1, ordering: .relaxed).newValue
      return known ? cpus.map { "cpu\($0) 0 0 0 0 0 0 0 \(ticks)\n" }.joined() : nil
    }
    let layer = try Layer(op: .fc, shape: .fc(mb: 2, ic: 16, oc: 16), layout: .nc)
    let item = try Examples.item(try #require(catalog.kernels.first))
    var measured: [Measurement] = []
    try Session(
      group: Examples.group(layer, [item]), settings: Examples.quick, teams: TeamPool(topology, probes: catalog.probes),
      peers: PeerPool(PeerSettings(), environment: [:]),
      references: ReferenceCache(), ceilings: Ceilings(PeakMeter(topology, catalog), topology.machine),
      caches: CacheSizes(topology.machine), machine: topology.machine, steal: steal, isInterrupted: { false }
    ) { measured += [$0.measurement].compactMap { $0 } }.run()
    let samples = try #require(measured.first).samples
    for sample in samples {
      #expect(sample.evidence.steal == (known ? 10_000_000 : nil))
      #expect(sample.taints.contains(.stolen) == known)
    }
  }

  /// Counters are files: a team that ends must not leave its own open.
  @Test(arguments: [1, 3]) func aTeamsCountersAreClosedWithIt(threads: Int) throws {
    let open = Atomic<Int>(0)
    let system = CounterSystem(
      open: { _, _ in CInt(open.add(1, ordering: .relaxed).newValue) },
      read: { _, _ in 0 }, close: { _ in open.subtract(1, ordering: .relaxed) }, paranoid: { 2 })
    let team = try PinnedTeam(cpus: Array(repeating: nil, count: threads), topology: try Examples.topology())
    var counters: TeamCounters? = TeamCounters(team, [.cycles, .instructions], system: system)
    #expect(counters != nil && open.load(ordering: .relaxed) == 2 * threads)
    counters = nil
    #expect(open.load(ordering: .relaxed) == 0)
  }
}
