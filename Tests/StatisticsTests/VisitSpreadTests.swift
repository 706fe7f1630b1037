import RealModule
import Testing

@testable import Statistics

@Suite struct VisitSpreadTests {
  /// Tables of the distributions.
  @Test(arguments: [(1, 12.706205), (2, 4.302653), (3, 3.182446), (4, 2.776445), (7, 2.364624), (8, 2.306004)])
  func studentsQuantiles(degrees: Int, quantile: Double) {
    #expect(abs(TailProbability.studentQuantile95(degrees: degrees) - quantile) < 1e-6)
    #expect(TailProbability.student(0, degrees: degrees) == 1)
    #expect(TailProbability.student(.infinity, degrees: degrees) == 0)
  }

  @Test(arguments: [(1, 3.841459), (2, 5.991465), (3, 7.814728), (4, 9.487729), (7, 14.067140), (8, 15.507313)])
  func quantilesOfChiSquare(degrees: Int, quantile: Double) {
    #expect(abs(TailProbability.chiSquare(quantile, degrees: degrees) - 0.05) < 1e-7)
    #expect(TailProbability.chiSquare(0, degrees: degrees) == 1)
  }

  /// Five visits of four values: medians 1, 2, 3, 4 and 5 have a standard deviation of √2.5.
  @Test func theIntervalIsThatOfTheVisitsMedians() throws {
    let visits = (0..<20).map { $0 / 4 }
    let values = visits.enumerated().map { Double($1 + 1) + [-0.01, 0.01, -0.02, 0.02][$0 % 4] }
    let spread = try #require(VisitSpread(values, visits: visits))
    #expect(spread.degreesOfFreedom == 4)
    #expect(abs(spread.standardError - (2.5 / 5).squareRoot()) < 1e-9)
    #expect(abs(spread.halfWidth - 2.776445 * (2.5 / 5).squareRoot()) < 1e-5)
    #expect(abs(spread.pValue(distance: spread.halfWidth) - 0.05) < 1e-9)
    let centred = spread.withoutDifferences(values, visits: visits)
    #expect(centred.allSatisfy { abs($0 - 3) < 0.03 })
    // Uneven visits: their weights are their parts.
    let uneven = try #require(VisitSpread([1, 1, 1, 1, 1, 1, 2, 2], visits: [0, 0, 0, 0, 0, 0, 1, 1]))
    #expect(abs(uneven.standardError - (2 * (0.5625 * 0.0625 + 0.0625 * 0.5625)).squareRoot()) < 1e-12)
  }

  @Test func visitsThatAgreeHaveNone() {
    #expect(VisitSpread([1, 2, 3, 4], visits: [0, 0, 0, 0]) == nil)
    #expect(VisitSpread([1, 2, 3, 4, 1, 2, 3, 4], visits: [0, 0, 0, 0, 1, 1, 1, 1]) == nil)
    #expect(VisitSpread([5, 5, 5, 5], visits: [0, 0, 1, 1]) == nil)
    #expect(VisitSpread([], visits: []) == nil && VisitSpread([.nan, 1], visits: [0, 1]) == nil)
  }

  @Test func aSummaryIsAsWideAsItsVisitsDiffer() throws {
    let visits = (0..<20).map { $0 / 4 }
    // Levels that rise and fall: successive ones do not look alike.
    let values = visits.enumerated().map { Double.exp(0.1 * [0, 4, 1, 3, 2][$1] + [0, 0.001, 0.002, 0.003][$0 % 4]) }
    let plain = try #require(SampleSummary(values))
    let summary = try #require(SampleSummary(values, visits: visits))
    #expect(summary.median == plain.median && summary.count == 20)
    let (low, high) = (try #require(summary.ciLow), try #require(summary.ciHigh))
    let halfWidth = 2.776445 * 0.1 * 0.5.squareRoot()
    #expect(low <= summary.median / .exp(halfWidth - 1e-5) && high >= summary.median * .exp(halfWidth - 1e-5))
    #expect(try high >= #require(plain.ciHigh) && low <= #require(plain.ciLow))
    #expect(try #require(SampleSummary(withinVisits: values, visits: visits)?.relativeHalfWidth) < 0.002)
    // One visit, or several that agree, change nothing.
    #expect(SampleSummary(values, visits: Array(repeating: 3, count: 20)) == plain)
    #expect(SampleSummary(withinVisits: values, visits: Array(repeating: 3, count: 20)) == plain)
    #expect(SampleSummary([1, -1], visits: [0, 1]) == nil)
  }

  // MARK: Simulations

  static let simulations = 2_000

  /// How often the interval covers the median, and its mean width, if visits differ by a standard deviation of `between`
  /// and values by 0.01.
  private func coverage(
    visits: Int, of count: Int, between: Double, ignoring: Bool = false, seed: UInt64
  ) throws -> (rate: Double, width: Double) {
    var generator = SeededGenerator(seed: seed)
    let places = (0..<visits * count).map { $0 / count }
    var (covered, width) = (0, 0.0)
    for _ in 0..<Self.simulations {
      let levels = (0..<visits).map { _ in between * generator.normal() }
      let values = places.map { Double.exp(levels[$0] + 0.01 * generator.normal()) }
      let summary = try #require(
        ignoring ? OrderedSample(values).map { SampleSummary($0) } : SampleSummary(values, visits: places))
      let (low, high) = (try #require(summary.ciLow), try #require(summary.ciHigh))
      if low <= 1 && 1 <= high { covered += 1 }
      width += Double.log(high / low)
    }
    return (Double(covered) / Double(Self.simulations), width / Double(Self.simulations))
  }

  @Test(arguments: [0, 0.003, 0.005, 0.01, 0.03, 0.1], [(5, 4), (5, 8), (3, 7)])
  func theIntervalCoversTheMedianWhateverVisitsDifferBy(between: Double, visits: (Int, Int)) throws {
    let (rate, _) = try coverage(visits: visits.0, of: visits.1, between: between, seed: 41)
    #expect(rate > 0.93 && rate < 0.99, "\(visits), ±\(between): \(rate), seed 41")
  }

  /// Why visits are looked at, and why there are five.
  @Test func ignoringVisitsCoversTooSeldomAndThreeOfThemAreFew() throws {
    #expect(try coverage(visits: 5, of: 4, between: 0.03, ignoring: true, seed: 42).rate < 0.75)
    let (five, three) = (
      try coverage(visits: 5, of: 4, between: 0.03, seed: 42), try coverage(visits: 3, of: 7, between: 0.03, seed: 42)
    )
    #expect(three.width > 1.5 * five.width, "\(three) \(five)")
    let (blind, seeing) = (
      try coverage(visits: 5, of: 4, between: 0, ignoring: true, seed: 42),
      try coverage(visits: 5, of: 4, between: 0, seed: 42)
    )
    #expect(seeing.width < 1.3 * blind.width, "what agreeing visits pay: \(seeing) \(blind)")
  }

  /// Two equal variants whose ratio differs from visit to visit, for each visit has other pages.
  @Test(arguments: [0, 0.01, 0.03]) func aRatioThatDiffersBetweenVisitsFakesNoDifference(between: Double) throws {
    var generator = SeededGenerator(seed: 43)
    var (excluded, blind) = (0, 0)
    for _ in 0..<Self.simulations {
      var sides: [[PairedRatio.Sample]] = [[], []]
      for visit in 0..<5 {
        let levels = sides.map { _ in between * generator.normal() }
        for round in 0..<4 {
          for side in sides.indices {
            sides[side].append(
              .init(
                round: visit * 4 + round, time: .exp(levels[side] + 0.01 * generator.normal()), visit: visit))
          }
        }
      }
      let estimate = try #require(PairedRatio(sides[0], over: sides[1])).estimate
      #expect(!estimate.excludesOne || estimate.lower > 1 || estimate.upper < 1)
      if estimate.excludesOne { excluded += 1 }
      let inOne = sides.map { $0.map { PairedRatio.Sample(round: $0.round, time: $0.time) } }
      if try #require(PairedRatio(inOne[0], over: inOne[1])).estimate.excludesOne { blind += 1 }
    }
    let rate = Double(excluded) / Double(Self.simulations)
    #expect(rate < 0.085, "±\(between): \(rate), seed 43")
    if between == 0.03 { #expect(Double(blind) / Double(Self.simulations) > rate + 0.02, "\(blind), seed 43") }
  }
}
