import Statistics
import Testing

@Suite struct OrderedSampleTests {
  @Test func refusesWhatHasNoStatistics() {
    #expect(OrderedSample([]) == nil)
    #expect(OrderedSample([1, .nan]) == nil)
    #expect(OrderedSample([1, .infinity]) == nil)
  }

  @Test(arguments: [
    // Type 7 by hand: h = (n − 1)·p.
    (0.0, 1.0), (0.25, 2.0), (0.5, 3.0), (0.9, 4.6), (1.0, 5.0), (0.1, 1.4),
  ])
  func quantilesOfOneToFive(p: Double, expected: Double) throws {
    let sample = try #require(OrderedSample([3, 1, 5, 2, 4]))
    #expect(abs(sample.quantile(p) - expected) < 1e-12)
  }

  @Test func smallCasesByHand() throws {
    let one = try #require(OrderedSample([7]))
    #expect(one.median == 7 && one.mean == 7 && one.quantile(0.9) == 7 && one.medianAbsoluteDeviation == 0)
    #expect(one.standardDeviation == nil && one.coefficientOfVariationPercent == nil)

    let four = try #require(OrderedSample([10, 2, 4, 8]))
    #expect(four.minimum == 2 && four.maximum == 10)
    #expect(four.median == 6)
    #expect(four.mean == 6)
    // |x − 6| = 4 2 2 4
    #expect(four.medianAbsoluteDeviation == 3)
    // Σ(x − 6)² = 16 + 16 + 4 + 4 = 40, ÷ 3
    #expect(abs(try #require(four.standardDeviation) - (40.0 / 3).squareRoot()) < 1e-12)
    let cv = try #require(four.coefficientOfVariationPercent)
    #expect(abs(cv - 100 * (40.0 / 3).squareRoot() / 6) < 1e-12)

    let odd = try #require(OrderedSample([1, 1, 2, 2, 4, 6, 9]))
    // |x − 2| = 1 1 0 0 2 4 7
    #expect(odd.medianAbsoluteDeviation == 1)
  }

  @Test func meanOfEqualLargeValuesIsExact() {
    #expect(OrderedSample([Double](repeating: 0.1 + 1e9, count: 997))?.mean == 0.1 + 1e9)
  }

  @Test(arguments: [1, 2, 5, 6, 17, 64])
  func orderDoesNotMatter(count: Int) throws {
    var generator = SeededGenerator(seed: UInt64(count))
    let values = (0..<count).map { _ in generator.uniform() * 1e6 }
    let summary = SampleSummary(try #require(OrderedSample(values)))
    for _ in 0..<20 {
      let shuffled = try #require(OrderedSample(values.shuffled(using: &generator)))
      #expect(SampleSummary(shuffled) == summary, "seed \(count)")
    }
  }

  @Test func onlyTheIntervalDependsOnTheOrder() throws {
    let values = (0..<40).map { Double($0 % 8) + Double($0) }
    let trend = try #require(SampleSummary(values))
    let independent = SampleSummary(try #require(OrderedSample(values)))
    #expect(try #require(trend.ciLow) < #require(independent.ciLow))
    #expect(try #require(trend.ciHigh) > #require(independent.ciHigh))
    #expect(trend.median == independent.median && trend.mean == independent.mean && trend.mad == independent.mad)
  }

  @Test func everyNumberOfASummaryIsWhatItsNameSays() throws {
    // Eleven values, so that quantiles are values: the 90th percentile is the tenth.
    let summary = try #require(SampleSummary([3, 1, 2, 5, 4, 6, 8, 7, 9, 20, 100]))
    #expect((summary.count, summary.min, summary.median, summary.mean) == (11, 1, 6, 15))
    #expect((summary.p90, summary.mad) == (20, 3))
    let squares = [14.0, 13, 12, 11, 10, 9, 8, 7, 6, 5, 85].reduce(0) { $0 + $1 * $1 }
    #expect(try abs(#require(summary.cvPercent) - 100 * (squares / 10).squareRoot() / 15) < 1e-9)
  }

  @Test(arguments: [2, 6, 7, 40])
  func scalesWithTheUnit(count: Int) throws {
    var generator = SeededGenerator(seed: UInt64(count))
    let values = (0..<count).map { _ in 1 + generator.uniform() }
    let summary = try #require(SampleSummary(values))
    for factor in [0x1p-20, 4, 1024] {
      // A power of two scales without rounding, so equality is exact.
      let scaled = try #require(SampleSummary(values.map { $0 * factor }))
      #expect(scaled.median == summary.median * factor, "seed \(count)")
      #expect(scaled.mean == summary.mean * factor, "seed \(count)")
      #expect(scaled.min == summary.min * factor && scaled.p90 == summary.p90 * factor, "seed \(count)")
      #expect(scaled.mad == summary.mad * factor, "seed \(count)")
      #expect(scaled.cvPercent == summary.cvPercent, "seed \(count)")
      #expect(scaled.ciLow == summary.ciLow.map { $0 * factor }, "seed \(count)")
      #expect(scaled.ciHigh == summary.ciHigh.map { $0 * factor }, "seed \(count)")
      #expect(scaled.relativeHalfWidth == summary.relativeHalfWidth, "seed \(count)")
    }
  }

  @Test func halfWidthTakesTheFartherBound() {
    #expect(SampleSummary.relativeHalfWidth(median: 100, low: 97, high: 101) == 0.03)
    #expect(SampleSummary.relativeHalfWidth(median: 100, low: 99, high: 104) == 0.04)
    #expect(SampleSummary.relativeHalfWidth(median: 0, low: 0, high: 0) == nil)
    #expect(SampleSummary([1, 2, 3, 4, 5])?.relativeHalfWidth == nil)
  }
}
