import Layers
import Statistics
import Testing

@testable import Harness

@Suite struct StopRuleTests {
  private func reason(_ rule: StopRule, _ samples: [Double], seconds: Double) throws -> StopRule.Reason? {
    rule.reasonToStop(try #require(SampleSummary(samples)), seconds: seconds)
  }

  /// Samples of a median of 100 with uniform noise of ± `percent`.
  private func samples(_ count: Int, percent: Double) -> [Double] {
    var generator = SeededGenerator(seed: 7)
    return (0..<count).map { _ in 100 + Double.random(in: -percent...percent, using: &generator) }
  }

  @Test func neverBeforeThereIsAnInterval() throws {
    let rule = StopRule(precisionPercent: 2, maxTime: 1)
    for count in 1..<6 {
      #expect(try reason(rule, Array(repeating: 100, count: count), seconds: 1000) == nil, "\(count) samples")
    }
    #expect(try reason(rule, Array(repeating: 100, count: 6), seconds: 0) == .precision)
  }

  @Test func asSoonAsTheIntervalIsNarrowEnough() throws {
    let rule = StopRule(precisionPercent: 2, maxTime: 1)
    // Six values: the interval goes from 5/14 of the way between the first two to 5/14 between the last two.
    #expect(try reason(rule, [98, 99, 100, 100, 101, 102], seconds: 0) == .precision)
    #expect(try reason(rule, [97.4, 99, 100, 100, 101, 102], seconds: 0) == nil)
    #expect(try reason(rule, [98, 99, 100, 100, 101, 102.6], seconds: 0) == nil)
    #expect(try reason(StopRule(precisionPercent: 3), [97.4, 99, 100, 100, 101, 102.6], seconds: 0) == .precision)
  }

  @Test func whenTheTimeIsSpent() throws {
    let rule = StopRule(precisionPercent: 0.1, maxTime: 2)
    let noisy = samples(20, percent: 10)
    #expect(try reason(rule, noisy, seconds: 1.999) == nil)
    #expect(try reason(rule, noisy, seconds: 2) == .time)
    // Precision is the better reason.
    #expect(try reason(rule, Array(repeating: 100, count: 9), seconds: 5) == .precision)
  }

  @Test func moreNoiseTakesMoreRounds() throws {
    let rule = StopRule(precisionPercent: 2, maxTime: .infinity)
    func rounds(_ percent: Double) throws -> Int {
      let all = samples(10_000, percent: percent)
      return try #require(try (1...all.count).first { try reason(rule, Array(all.prefix($0)), seconds: 0) != nil })
    }
    let counts = try [0, 1, 5, 10, 20].map(rounds)
    #expect(counts.first == 6)
    #expect(counts == counts.sorted() && Set(counts).count >= 4, "\(counts)")
  }

  @Test func theDefaultsAreThoseOfTheDesign() {
    let rule = StopRule()
    #expect((rule.precisionPercent, rule.maxTime, rule.minimumRounds, rule.firstLook) == (2, 1, 6, 20))
  }

  @Test func theIntervalIsLookedAtAfterTwentyRoundsAndThenAtTwiceAsMany() {
    var series = SampleSeries(StopRule(precisionPercent: 1e-9, maxTime: 1))
    var looks: [Int] = []
    // A series that goes on, and at each round a copy whose rule any interval satisfies: it stops where it looks.
    for round in 0..<200 {
      let noise = round.isMultiple(of: 2) ? 1.0 : 1.5
      series.append(
        .init(round: round, position: 0, nanoseconds: noise * 1e6, evidence: .quiet, taints: []), seconds: 1e-6)
      var precise = series
      precise.stopRule.precisionPercent = 100
      if precise.reasonToStop(bestRate: 100) != nil { looks.append(round + 1) }
      #expect(series.reasonToStop(bestRate: 100) == nil)
      series.endRound()
    }
    #expect(looks == [20, 40, 80, 160])
    // Spent time is a look of its own.
    series.spend(seconds: 1)
    #expect(series.reasonToStop(bestRate: 100) == .time)
  }

  @Test func durationsInWords() {
    #expect(seconds(0.00012) == "120 µs")
    #expect(seconds(0.25) == "250 ms")
    #expect(seconds(2.34) == "2.3 s")
    #expect(seconds(75) == "75 s")
    #expect(seconds(600) == "10 min")
  }
}
