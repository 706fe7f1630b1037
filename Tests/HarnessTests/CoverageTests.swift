import Layers
import RealModule
import Statistics
import Testing

@testable import Harness

/// Whether 95 % intervals, as the lab reports them after its own stop rule, cover what they claim to: 2,000 simulations
/// each. The simulation's own error is 0.5 %.
@Suite struct CoverageTests {
  static let simulations = 2_000
  static let claimed = 0.935...0.975

  /// The part of all simulations of a session of one variant whose interval covers the median, and the mean rounds.
  private func coverage(
    _ kind: SimulatedTimes.Kind, scale: Double, phi: Double = 0.2, _ rule: StopRule, seed: UInt64
  ) throws -> (rate: Double, rounds: Double) {
    var covered = 0
    var rounds = 0
    for simulation in 0..<Self.simulations {
      var times = SimulatedTimes(kind, scale: scale, phi: phi, seed: seed, stream: UInt64(simulation))
      var session = SimulatedSession(variants: 1, rule)
      session.run { _, _ in (times.next(), .quiet) }
      let summary = session.measurement(0).summary
      let median = times.median * SimulatedSession.sample
      if try #require(summary.ciLow) <= median && median <= #require(summary.ciHigh) { covered += 1 }
      rounds += summary.count
    }
    return (Double(covered) / Double(Self.simulations), Double(rounds) / Double(Self.simulations))
  }

  /// The first noise ends most cases at the first look, the second takes several looks: the stop rule's worst.
  @Test(arguments: SimulatedTimes.Kind.allCases, [0.01, 0.04])
  func theIntervalCoversTheMedianWheneverTheRuleStops(kind: SimulatedTimes.Kind, scale: Double) throws {
    // Slow dependence and several looks together are what no rule of a few dozen rounds can see through.
    if kind == .correlated && scale > 0.01 { return }
    let (rate, rounds) = try coverage(kind, scale: scale, StopRule(maxTime: 0.1), seed: 11)
    #expect(Self.claimed.contains(rate), "\(kind) ±\(scale): \(rate), \(rounds) rounds, seed 11")
    #expect(rounds >= 20)
  }

  /// Cases whose time is spent after few rounds: there is no choice that could favour narrow intervals.
  @Test(arguments: [SimulatedTimes.Kind.normal, .skewed, .heavy, .wild], [6, 8, 11, 17])
  func theIntervalCoversTheMedianWhenTheTimeIsSpent(kind: SimulatedTimes.Kind, rounds: Int) throws {
    let rule = StopRule(precisionPercent: 1e-9, maxTime: 1e-9, minimumRounds: rounds)
    let (rate, mean) = try coverage(kind, scale: 0.02, rule, seed: 12)
    #expect(Self.claimed.contains(rate), "\(kind), \(rounds) rounds: \(rate), seed 12")
    #expect(mean == Double(rounds))
  }

  /// Why the rule looks seldom: looking after every round from the sixth on stops where the interval is narrow by chance.
  @Test func lookingAfterEveryRoundCoversTooSeldom() throws {
    var covered = 0
    for simulation in 0..<Self.simulations {
      var times = SimulatedTimes(.normal, scale: 0.04, seed: 13, stream: UInt64(simulation))
      var values: [Double] = []
      while true {
        values.append(times.next())
        guard let sample = OrderedSample(values), let interval = MedianInterval(of: sample) else { continue }
        let width = SampleSummary.relativeHalfWidth(median: sample.median, low: interval.lower, high: interval.upper)
        if width ?? 1 > 0.02 && values.count < 200 { continue }
        if interval.lower <= 1 && 1 <= interval.upper { covered += 1 }
        break
      }
    }
    let rate = Double(covered) / Double(Self.simulations)
    #expect(rate < 0.92, "\(rate), seed 13")
  }

  /// What is left of dependence: it is allowed for as far as a few dozen rounds show it, and no further.
  @Test(arguments: [(0.4, 0.90, 0.88), (0.6, 0.85, 0.78)])
  func strongDependenceIsAllowedForInPart(phi: Double, atLeast: Double, without: Double) throws {
    let rate = try coverage(.correlated, scale: 0.01, phi: phi, StopRule(maxTime: 0.04), seed: 14).rate
    #expect(rate >= atLeast && rate < 0.975, "φ = \(phi): \(rate), seed 14")
    var covered = 0
    for simulation in 0..<Self.simulations {
      var times = SimulatedTimes(.correlated, scale: 0.01, phi: phi, seed: 14, stream: UInt64(simulation))
      let sample = try #require(OrderedSample((0..<20).map { _ in times.next() }))
      let interval = try #require(MedianInterval(of: sample))
      if interval.lower <= 1 && 1 <= interval.upper { covered += 1 }
    }
    #expect(Double(covered) / Double(Self.simulations) < without, "\(covered) of \(Self.simulations), seed 14")
  }

  // MARK: Two variants

  enum Drift: String, CaseIterable {
    /// The clock falls by 0.1 % a round.
    case linear
    /// The clock changes by 0.5 % a round, up or down.
    case walk
    /// None.
    case none

    /// How much slower the machine is in each round than in the first.
    func factors(_ count: Int, _ generator: inout SeededGenerator) -> [Double] {
      var logarithm = 0.0
      return (0..<count).map { round in
        defer {
          switch self {
          case .linear: logarithm += 0.001
          case .walk: logarithm += 0.005 * generator.normal()
          case .none: break
          }
        }
        return Double.exp(logarithm)
      }
    }
  }

  private func paired(_ measurement: Measurement) -> [PairedRatio.Sample] {
    measurement.samples.map { .init(round: $0.round, time: $0.nanoseconds, isClean: $0.taints.isEmpty) }
  }

  /// Two equal variants under a drift that both share: how often each way of comparing them covers 1, and how wide the
  /// intervals are on average.
  private func comparison(
    _ drift: Drift, _ kind: SimulatedTimes.Kind, inTurn: Bool = false, _ simulations: Int = simulations, seed: UInt64
  ) throws -> (paired: Double, unpaired: Double, pairedWidth: Double, unpairedWidth: Double) {
    var (pairs, medians) = (0, 0)
    var (pairedWidth, unpairedWidth) = (0.0, 0.0)
    for simulation in 0..<simulations {
      let stream = UInt64(simulation) * 4
      var times = (0..<2).map { SimulatedTimes(kind, scale: 0.01, seed: seed, stream: stream + UInt64($0)) }
      var generator = SeededGenerator(seed: seed, stream: stream + 2)
      let factors = drift.factors(400, &generator)
      var session = SimulatedSession(variants: 2, StopRule(maxTime: 0.03))
      // In turn, the second variant begins 100 rounds later.
      session.run { round, variant in
        (times[variant].next() * factors[round + (inTurn ? 100 * variant : 0)], .quiet)
      }
      let (a, b) = (session.measurement(0), session.measurement(1))
      let ratio = try #require(PairedRatio(paired(a), over: paired(b))).estimate
      let other = IndependentRatio(
        try #require(IndependentRatio.Median(a.summary)), over: try #require(IndependentRatio.Median(b.summary))
      ).estimate
      if !ratio.excludesOne { pairs += 1 }
      if !other.excludesOne { medians += 1 }
      pairedWidth += Double.log(ratio.upper / ratio.lower)
      unpairedWidth += Double.log(other.upper / other.lower)
    }
    let count = Double(simulations)
    return (Double(pairs) / count, Double(medians) / count, pairedWidth / count, unpairedWidth / count)
  }

  @Test(arguments: Drift.allCases, [SimulatedTimes.Kind.normal, .heavy])
  func driftDoesNotFakeADifference(drift: Drift, kind: SimulatedTimes.Kind) throws {
    let result = try comparison(drift, kind, seed: 21)
    #expect(Self.claimed.contains(result.paired), "\(drift) \(kind): \(result), seed 21")
    // The medians of the two drift as one, so their own intervals hold far more than the difference.
    if drift == .walk {
      #expect(result.unpaired > 0.98 && result.unpairedWidth > 1.3 * result.pairedWidth, "\(result), seed 21")
    }
  }

  /// Why variants are measured in the same rounds: one after the other, drift is a difference.
  @Test(arguments: [Drift.linear, .walk]) func measuredInTurnDriftIsADifference(drift: Drift) throws {
    let result = try comparison(drift, .normal, inTurn: true, 200, seed: 22)
    #expect(result.unpaired < 0.5, "\(drift): \(result), seed 22")
  }
}
