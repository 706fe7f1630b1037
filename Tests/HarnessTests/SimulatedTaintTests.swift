import Layers
import Statistics
import Testing

@testable import Harness

/// The real rules of evidence, taint and stopping, on machines whose troubles are known.
@Suite struct SimulatedTaintTests {
  /// A session of one variant whose rounds in `phase` are disturbed: half as long again, with `evidence`.
  private func session(
    _ phase: Range<Int>, _ evidence: Evidence, rule: StopRule = StopRule(maxTime: 0.2), seed: UInt64
  ) -> Measurement {
    var times = SimulatedTimes(.normal, scale: 0.02, seed: seed, stream: 1)
    var session = SimulatedSession(variants: 1, rule)
    session.run { round, _ in
      let time = times.next()
      return phase.contains(round) ? (1.5 * time, evidence) : (time, .quiet)
    }
    return session.measurement(0)
  }

  private static func quiet(_ change: (inout Evidence) -> Void) -> Evidence {
    var evidence = Evidence.quiet
    change(&evidence)
    return evidence
  }

  static let disturbances: [(Taint, Evidence)] = [
    (.slow, quiet { $0.peak = 80 }),
    (.descheduled, quiet { $0.runDelay = 400_000 }),
    (.descheduled, quiet { ($0.runDelay, $0.involuntarySwitches) = (nil, 1) }),
    (.migrated, quiet { $0.migrations = 1 }),
    (.stolen, quiet { $0.steal = 10_000_000 }),
    (.contended, quiet { $0.cacheRate = 24 }),
  ]

  @Test(arguments: disturbances.indices, [0..<8, 5..<13, 3..<5])
  func aDisturbedPhaseIsTaintedAndDoesNotMoveTheMedian(index: Int, phase: Range<Int>) throws {
    let (taint, evidence) = Self.disturbances[index]
    let measurement = session(phase, evidence, seed: 31)
    for sample in measurement.samples {
      let expected: Set<Taint> = phase.contains(sample.round) ? [taint] : []
      #expect(sample.taints == expected, "round \(sample.round), seed 31")
    }
    let clean = try #require(measurement.clean)
    #expect(clean.count == measurement.samples.count - phase.count)
    #expect(abs(clean.median / SimulatedSession.sample - 1) < 0.02, "seed 31")
    #expect(measurement.summary == clean)
  }

  /// What a hypervisor takes is known at the end of the round, and may spoil what looked precise.
  @Test func stealIsNotedOnTheLastSample() {
    var series = SampleSeries(StopRule(minimumRounds: 6, firstLook: 6))
    for round in 0..<6 {
      let sample = Measurement.Sample(round: round, position: 0, nanoseconds: 1e6, evidence: .quiet, taints: [])
      series.append(sample, seconds: 1e-3)
    }
    #expect(series.reasonToStop(bestRate: 100) == .precision)
    series.noteSteal(10_000_000)
    #expect(series.reasonToStop(bestRate: 100) == nil, "five clean rounds are too few")
    let measurement = series.measurement(.precision, imbalancePercent: nil, bestRate: 100)
    #expect(measurement.samples.map(\.taints) == Array(repeating: [], count: 5) + [[.stolen]])
  }

  @Test(arguments: [SimulatedTimes.Kind.normal, .heavy])
  func aSlowPhaseLeavesTheCoverageAsItIs(kind: SimulatedTimes.Kind) throws {
    var covered = 0
    for simulation in 0..<CoverageTests.simulations {
      var times = SimulatedTimes(kind, scale: 0.02, seed: 32, stream: UInt64(simulation))
      var session = SimulatedSession(variants: 1, StopRule(maxTime: 0.2))
      let start = Int(times.generator.next() % 20)
      session.run { round, _ in
        let time = times.next()
        return (start..<(start + 6)).contains(round) ? (1.3 * time, Self.disturbances[0].1) : (time, .quiet)
      }
      let summary = session.measurement(0).summary
      let median = times.median * SimulatedSession.sample
      if try #require(summary.ciLow) <= median && median <= #require(summary.ciHigh) { covered += 1 }
    }
    let rate = Double(covered) / Double(CoverageTests.simulations)
    #expect(CoverageTests.claimed.contains(rate), "\(kind): \(rate), seed 32")
  }

  /// A CPU that is slow nearly always has few clean rounds: the case gets its time, and all rounds count.
  @Test func withoutEnoughCleanRoundsTheTimeIsSpentAndAllCount() {
    let measurement = session(4..<1000, Self.disturbances[1].1, rule: StopRule(maxTime: 0.1), seed: 33)
    #expect(measurement.stop == .time && measurement.clean == nil && measurement.cleanCount == 4)
    #expect(measurement.samples.count >= 60 && measurement.all.median > 1.4 * SimulatedSession.sample)
  }

  @Test func theBestRateIsTheNinetiethPercentile() {
    var best = BestRate()
    #expect(best.value == 0)
    for rate in [100.0, 101, 99, 100, 100, 100, 100, 100, 100, 150] { best.add(rate) }
    // One boost of ten does not become what all are held to.
    #expect(best.value > 100 && best.value < 110)
    for _ in 0..<200 { best.add(100) }
    #expect(best.value == 100)
  }
}
