import Results
import Testing
import Topology

@testable import Harness
@testable import pointwise

/// The rules for the columns `quality` and `notes`.
@Suite struct AssessmentTests {
  /// Times of one execution in `count` rounds, within ± `percent` of a microsecond; `disturb` changes what was seen of each.
  private func assess(
    _ count: Int, percent: Double = 1, threads: Int = 1, precisionPercent: Double = 2,
    stop: StopRule.Reason = .precision, _ disturb: (Int, inout Evidence) -> Void = { _, _ in }
  ) throws -> Assessment {
    var series = SampleSeries(StopRule())
    for round in 0..<count {
      // Neighbours differ as little as the rest, so that rounds do not look dependent.
      let noise = [0.0, 1, -1, 0.5, -0.5][round * 2 % 5] * percent / 100
      var evidence = Evidence(peak: 100, burstNanoseconds: 1e4, clockGHz: 3)
      evidence.runDelay = 0
      disturb(round, &evidence)
      series.append(
        .init(round: round, position: 0, nanoseconds: 1e6 * (1 + noise), evidence: evidence, taints: []), seconds: 1e-3)
    }
    let machine = try HwlocTopology(.synthetic(description: "core:1 pu:1")).machine
    var policy = PlacementPolicy()
    policy.oversubscription = .wrap
    let item = Case(
      kernel: try #require(Catalog.current().kernels.first), split: .none, team: .dispatch,
      placement: try policy.resolve(threads: threads, on: machine), cache: .hot)
    return Assessment(
      series.measurement(stop, imbalancePercent: nil, bestRate: 100), item, precisionPercent: precisionPercent)
  }

  @Test func undisturbedRoundsAreValid() throws {
    let assessment = try assess(20)
    #expect(assessment.quality == .valid && assessment.notes == "stopped by precision")
  }

  static let disturbances: [(Taint, @Sendable (inout Evidence) -> Void)] = [
    (.descheduled, { $0.runDelay = 3_000_000 }), (.migrated, { $0.migrations = 1 }),
    (.stolen, { $0.steal = 10_000_000 }),
    (.slow, { $0.peak = 90 }),
  ]

  @Test(arguments: disturbances.indices)
  func aQuarterOfTheRoundsDecides(index: Int) throws {
    let (taint, disturb) = Self.disturbances[index]
    let some = try assess(40) { if $0 < 9 { disturb(&$1) } }
    #expect(some.quality == .valid && some.notes.contains("; 9 of 40 rounds \(taint.rawValue)"), "\(some.notes)")
    let many = try assess(40) { if $0 < 10 { disturb(&$1) } }
    #expect(many.quality == (taint == .slow ? .throttled : .noisy), "\(many.notes)")
    #expect(many.notes.contains("; 10 of 40 rounds \(taint.rawValue)"))
    #expect(many.notes.contains("in a quarter of the rounds or more") == (taint == .slow))
  }

  /// Where visits differ, more rounds would not help, and the interval says enough up to ±5 %.
  @Test func visitsMayDifferMoreThanRounds() throws {
    #expect(try assess(40, percent: 30, stop: .time).quality == .noisy)
    #expect(try assess(40, percent: 30, precisionPercent: 20, stop: .visits).quality == .valid)
    #expect(try assess(10, percent: 30, stop: .visits).quality == .noisy)
    let middling = try assess(20, percent: 4, stop: .time)
    #expect(middling.quality == .noisy && middling.notes.contains("wider than ±2.0 %"), "\(middling.notes)")
    #expect(try assess(20, percent: 4, stop: .visits).quality == .valid)
  }

  /// Rounds with slow caches are not clean, but only half of all make a row noisy.
  @Test func halfOfTheRoundsDecideForSlowCaches() throws {
    let some = try assess(40) { $1.cacheRate = $0 < 19 ? 40 : 100 }
    #expect(some.quality == .valid && some.notes.contains("; 19 of 40 rounds contended"), "\(some.notes)")
    let many = try assess(40) { $1.cacheRate = $0 < 20 ? 40 : 100 }
    #expect(many.quality == .noisy && many.notes.contains("in half of the rounds or more"), "\(many.notes)")
  }

  @Test func theRunDelayIsInTheNotes() throws {
    let assessment = try assess(20) { if $0 < 2 { $1.runDelay = 3_000_000 } }
    #expect(assessment.notes.contains("run delay 6000 µs") && assessment.notes.contains("median of all 20 rounds "))
    #expect(!(try assess(20) { $1.runDelay = nil }).notes.contains("run delay"), "unknown is not zero")
  }

  @Test func fewerThanSixCleanRoundsAreNoisy() throws {
    let five = try assess(20) { if $0 >= 5 { $1.peak = 80 } }
    #expect(five.quality == .noisy && five.notes.contains("5 clean of 20 rounds are too few, all count"))
    let six = try assess(20) { if $0 >= 6 { $1.peak = 80 } }
    #expect(six.quality == .throttled, "\(six.notes)")
    let short = try assess(4, stop: .interrupted)
    #expect(short.quality == .noisy && short.notes.contains("4 rounds are too few for a 95 % interval"))
    #expect(short.notes.hasPrefix("stopped by interrupted"))
  }

  @Test func anIntervalThatIsTooWideIsNoisyEvenIfTheClockWasSlowToo() throws {
    let wide = try assess(20, percent: 20, stop: .time)
    #expect(wide.quality == .noisy && wide.notes.contains("the interval is wider than ±2.0 %"))
    #expect(try assess(20, percent: 20, precisionPercent: 30, stop: .time).quality == .valid)
    #expect(try assess(20, percent: 20, stop: .time) { if $0 < 10 { $1.peak = 80 } }.quality == .noisy)
  }

  @Test func sharedCPUsComeBeforeAllElse() throws {
    let assessment = try assess(20, percent: 20, threads: 2, stop: .time) { $1.runDelay = 3_000_000 }
    #expect(assessment.quality == .oversubscribed && assessment.notes.contains("more threads than CPUs"))
  }
}
