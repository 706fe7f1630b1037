import RealModule
import Statistics
import Testing

@Suite struct RatioTests {
  private func samples(_ times: [Double], tainted: Set<Int> = []) -> [PairedRatio.Sample] {
    times.enumerated().map { .init(round: $0.offset, time: $0.element, isClean: !tainted.contains($0.offset)) }
  }

  private func near(_ a: Double, _ b: Double, _ tolerance: Double = 1e-12) -> Bool { abs(a - b) <= tolerance * abs(b) }

  // MARK: Paired

  @Test func aConstantRatioIsFoundUnderAnyCommonDrift() throws {
    let drift = (0..<20).map { 100 * Double.pow(1.3, $0) }
    let ratio = try #require(PairedRatio(samples(drift.map { 1.5 * $0 }), over: samples(drift)))
    #expect(near(ratio.estimate.value, 1.5) && near(ratio.estimate.lower, 1.5) && near(ratio.estimate.upper, 1.5))
    #expect(ratio.estimate.excludesOne && ratio.estimate.pValue < 0.05)
    #expect(ratio.rounds == 20 && ratio.isOfCleanRounds)
  }

  @Test func boundsOfSixRoundsLieJustInsideTheRange() throws {
    // The order has no dependence in it: signs alternate about the median.
    let numerator = [1.1, 1.4, 1.2, 1.5, 1.3, 1.6]
    let ratio = try #require(PairedRatio(samples(numerator), over: samples(Array(repeating: 1, count: 6))))
    #expect(near(ratio.estimate.value, (1.3 * 1.4).squareRoot()))
    // The range covers 31/32 of the time, the next values 25/32: I = 0.1, λ = 5·I/(1 + 4·I) of the way inwards.
    let weight = 0.5 / 1.4
    #expect(near(ratio.estimate.lower, 1.1 * .pow(1.2 / 1.1, weight)))
    #expect(near(ratio.estimate.upper, 1.6 * .pow(1.5 / 1.6, weight)))
    #expect(near(ratio.estimate.pValue, 2.0 / 64))
  }

  @Test(arguments: [6, 7, 20, 41])
  func exchangingTheSidesInvertsAndAUnitDoesNotMatter(count: Int) throws {
    let seed = UInt64(70 + count)
    var generator = SeededGenerator(seed: seed)
    let a = samples((0..<count).map { _ in Double.exp(0.1 * generator.normal()) }, tainted: [1])
    let b = samples((0..<count).map { _ in Double.exp(0.1 * generator.normal()) }, tainted: [3])
    let forth = try #require(PairedRatio(a, over: b)).estimate
    let back = try #require(PairedRatio(b, over: a)).estimate
    #expect(near(forth.value, 1 / back.value) && near(forth.lower, 1 / back.upper) && near(forth.upper, 1 / back.lower))
    #expect(near(forth.pValue, back.pValue, 1e-9), "seed \(seed)")
    #expect(near(forth.inverse.lower, back.lower) && near(forth.distance, back.distance, 1e-9))
    let scaled = try #require(
      PairedRatio(
        a.map { .init(round: $0.round, time: 8 * $0.time, isClean: $0.isClean) },
        over: b.map { .init(round: $0.round, time: 8 * $0.time, isClean: $0.isClean) }))
    #expect(near(scaled.estimate.lower, forth.lower) && near(scaled.estimate.pValue, forth.pValue, 1e-9))
    #expect(forth.excludesOne == (forth.pValue < 0.05))
    let shuffled = try #require(PairedRatio(a.reversed(), over: b.shuffled(using: &generator)))
    #expect(shuffled.estimate == forth, "rounds decide, not the order of the arrays")
  }

  @Test func roundsThatAreTaintedOnEitherSideAreLeftOutIfEnoughAreLeft() throws {
    let ones = Array(repeating: 1.0, count: 10)
    var disturbed = ones
    for round in 0..<4 { disturbed[round] = 5 }
    let clean = try #require(
      PairedRatio(samples(disturbed, tainted: [0, 1]), over: samples(ones, tainted: [2, 3])))
    #expect(clean.rounds == 6 && clean.isOfCleanRounds && clean.estimate.upper == 1)
    let all = try #require(
      PairedRatio(samples(disturbed, tainted: [0, 1]), over: samples(ones, tainted: [2, 3, 9])))
    #expect(all.rounds == 10 && !all.isOfCleanRounds && all.estimate.upper > 1)
    let stricter = try #require(
      PairedRatio(samples(disturbed, tainted: [0, 1]), over: samples(ones, tainted: [2, 3]), minimumClean: 7))
    #expect(!stricter.isOfCleanRounds)
  }

  @Test func roundsOfOneSideAloneDoNotCount() throws {
    let ratio = try #require(
      PairedRatio(samples(Array(repeating: 2, count: 30)), over: samples(Array(repeating: 1, count: 8))))
    #expect(ratio.rounds == 8 && ratio.estimate.value == 2)
  }

  @Test func whatCannotBeComparedIsNil() {
    let good = samples(Array(repeating: 1, count: 6))
    #expect(PairedRatio(good, over: Array(good.dropLast())) == nil)
    #expect(PairedRatio([], over: []) == nil)
    for bad in [Double.nan, .infinity, 0, -1] {
      #expect(PairedRatio(good, over: samples([1, 1, 1, 1, 1, bad])) == nil, "\(bad)")
      #expect(PairedRatio(samples([1, 1, 1, 1, 1, bad]), over: good) == nil, "\(bad)")
    }
    #expect(PairedRatio(good + [good[0]], over: good) == nil && PairedRatio(good, over: good + [good[0]]) == nil)
  }

  // MARK: Independent

  @Test func boundsOfIndependentMediansAddAsSquares() throws {
    // Logarithmic distances of 3 and 4 hundredths make 5.
    let a = try #require(IndependentRatio.Median(2, lower: 2 * .exp(-0.03), upper: 2 * .exp(0.04)))
    let b = try #require(IndependentRatio.Median(1, lower: .exp(-0.03), upper: .exp(0.04)))
    let ratio = IndependentRatio(a, over: b).estimate
    #expect(near(ratio.value, 2) && near(ratio.lower, 2 * .exp(-0.05)) && near(ratio.upper, 2 * .exp(0.05)))
    let back = IndependentRatio(b, over: a).estimate
    #expect(near(back.lower, 1 / ratio.upper) && near(back.upper, 1 / ratio.lower) && near(back.pValue, ratio.pValue))
    let floored = IndependentRatio(a, over: b, noiseFloor: .exp(0.12) - 1).estimate
    #expect(near(floored.lower, 2 * .exp(-0.13)) && near(floored.upper, 2 * .exp(0.13)))
  }

  @Test func thePValueIsBelowFivePercentJustWhereTheIntervalExcludesOne() throws {
    let one = try #require(IndependentRatio.Median(1, lower: .exp(-0.04), upper: .exp(0.03)))
    for (shift, excludes) in [(0.0499, false), (0.0501, true), (-0.0501, true), (-0.0499, false), (0, false)] {
      let value = Double.exp(shift)
      let other = try #require(
        IndependentRatio.Median(value, lower: value * .exp(-0.04), upper: value * .exp(0.03)))
      let ratio = IndependentRatio(other, over: one).estimate
      #expect(ratio.excludesOne == excludes && (ratio.pValue < 0.05) == excludes, "\(shift): \(ratio)")
    }
    let sharp = try #require(IndependentRatio.Median(1, lower: 1, upper: 1))
    #expect(IndependentRatio(sharp, over: sharp).estimate.pValue == 1)
    let other = try #require(IndependentRatio.Median(2, lower: 2, upper: 2))
    #expect(IndependentRatio(other, over: sharp).estimate.pValue == 0)
  }

  @Test func aMedianWithoutAnIntervalIsNone() throws {
    for (value, low, high) in [
      (1.0, 0.0, 2.0), (1, 1.1, 2), (1, 0.5, 0.9), (.nan, 1, 1), (1, .nan, 1), (1, 1, .infinity),
    ] {
      #expect(IndependentRatio.Median(value, lower: low, upper: high) == nil, "\(value) \(low) \(high)")
    }
    let few = try #require(SampleSummary([1, 2, 3]))
    let enough = try #require(SampleSummary([1, 2, 3, 4, 5, 6]))
    #expect(IndependentRatio.Median(few) == nil && IndependentRatio.Median(enough) != nil)
  }

  @Test(arguments: [20, 40], [0.0, 1])
  func independentRatiosCoverTheTrueOne(count: Int, tail: Double) throws {
    let seed = UInt64(count) + UInt64(tail)
    var generator = SeededGenerator(seed: seed)
    var covered = 0
    func median() throws -> IndependentRatio.Median {
      let times = (0..<count).map { _ -> Double in
        let noise = tail == 0 ? generator.normal() : -Double.log(generator.uniform())
        return Double.exp(0.02 * noise)
      }
      let summary = try #require(SampleSummary(times))
      return try #require(IndependentRatio.Median(summary))
    }
    for _ in 0..<2_000 {
      let ratio = IndependentRatio(try median(), over: try median()).estimate
      if ratio.lower <= 1 && 1 <= ratio.upper { covered += 1 }
    }
    // The root of the sum of squares is on the wide side while the two intervals are noisy themselves.
    #expect((1_870...1_985).contains(covered), "\(covered) of 2000, seed \(seed)")
  }

  @Test func theNoiseFloorHoldsNineteenOfTwenty() throws {
    let ratios = (0...100).map { index -> Double in
      let distance = Double(index) * 0.001
      return Double.exp(index.isMultiple(of: 2) ? distance : -distance)
    }
    let floor = try #require(IndependentRatio.noiseFloor(of: ratios))
    #expect(near(floor, .exp(0.095) - 1, 1e-9))
    #expect(IndependentRatio.noiseFloor(of: []) == nil && IndependentRatio.noiseFloor(of: [1, 0]) == nil)
    #expect(IndependentRatio.noiseFloor(of: [.nan]) == nil)
  }

  // MARK: Means of ratios

  @Test func theMeanOfRatiosIsNarrowerThanThey() throws {
    let median = try #require(IndependentRatio.Median(1.1, lower: 1.1 * .exp(-0.02), upper: 1.1 * .exp(0.04)))
    let sharp = try #require(IndependentRatio.Median(1, lower: 1, upper: 1))
    let one = IndependentRatio(median, over: sharp).estimate
    let mean = try #require(geometricMean(ratios: [one, one, one, one]))
    #expect(near(mean.value, 1.1) && near(mean.lower, 1.1 * .exp(-0.01)) && near(mean.upper, 1.1 * .exp(0.02)))
    #expect(mean.pValue < one.pValue)
    // A weight of zero leaves a ratio out; all weight on one is that one.
    let weighted = try #require(geometricMean(ratios: [one, one.inverse], weights: [3, 0]))
    #expect(
      near(weighted.lower, one.lower) && near(weighted.upper, one.upper) && near(weighted.pValue, one.pValue, 1e-9))
    let balanced = try #require(geometricMean(ratios: [one, one.inverse]))
    #expect(near(balanced.value, 1) && balanced.pValue > 0.99)
    let inverse = try #require(geometricMean(ratios: [one.inverse, one.inverse, one.inverse, one.inverse]))
    #expect(near(inverse.lower, 1 / mean.upper) && near(inverse.upper, 1 / mean.lower))
    // What all share does not average.
    let floored = try #require(geometricMean(ratios: [one, one, one, one], noiseFloor: .exp(0.05) - 1))
    #expect(floored.lower < 1.1 * .exp(-0.05))
    #expect(geometricMean(ratios: []) == nil && geometricMean(ratios: [one], weights: [0]) == nil)
    #expect(geometricMean(ratios: [one], weights: [.nan]) == nil)
  }
}
