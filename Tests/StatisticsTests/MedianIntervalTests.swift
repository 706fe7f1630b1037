import RealModule
import Statistics
import Testing

@Suite struct MedianIntervalTests {
  @Test func tooFewValuesHaveNoInterval() throws {
    for count in 0...5 {
      #expect(MedianInterval.rank(count: count, confidence: 0.95) == nil, "n = \(count)")
    }
    let summary = try #require(SampleSummary([5, 4, 3, 2, 1]))
    #expect(summary.ciLow == nil && summary.ciHigh == nil && summary.ciCoverage == nil)
  }

  // By hand: the coverage is 1 − 2·Σ C(n, i)/2ⁿ over i < rank, and the next rank falls below 0.95. `outside` is the sum.
  @Test(arguments: [(6, 1, 1), (8, 1, 1), (9, 2, 10), (10, 2, 11), (12, 3, 79), (15, 4, 576)])
  func ranksOfSmallSamples(count: Int, rank: Int, outside: Int) throws {
    let result = try #require(MedianInterval.rank(count: count, confidence: 0.95))
    #expect(result.rank == rank)
    #expect(result.coverage == 1 - 2 * Double(outside) / Double(1 << count))
  }

  // Coverages in percent as textbook tables of the interval print them.
  @Test(arguments: [(13, 3, 97.8), (17, 5, 95.1), (18, 5, 96.9), (20, 6, 95.9)])
  func coveragesOfPrintedTables(count: Int, rank: Int, percent: Double) throws {
    let result = try #require(MedianInterval.rank(count: count, confidence: 0.95))
    #expect(result.rank == rank)
    #expect(abs(100 * result.coverage - percent) < 0.0501)
  }

  // Computed in exact rational arithmetic.
  @Test(arguments: [(50, 18), (70, 27), (1_000, 469)])
  func ranksOfLargerSamples(count: Int, rank: Int) {
    #expect(MedianInterval.rank(count: count, confidence: 0.95)?.rank == rank)
  }

  @Test(arguments: [1_000, 1_100, 5_000, 100_000])
  func largeSamplesNeitherOverflowNorUnderflow(count: Int) throws {
    let result = try #require(MedianInterval.rank(count: count, confidence: 0.95))
    // The normal approximation: rank ≈ n/2 − 0.98·√n, right to a few ranks at these sizes.
    let expected = Double(count) / 2 - 0.979982 * Double(count).squareRoot()
    #expect(abs(Double(result.rank) - expected) < 2, "rank \(result.rank)")
    #expect(result.coverage >= 0.95 && result.coverage < 0.96)
  }

  @Test func boundsLieBetweenValuesWhereTheRuleOfHettmanspergerAndSheatherPutsThem() throws {
    let sample = try #require(OrderedSample([9, 1, 8, 2, 7, 3, 10, 6, 4, 5]))
    let interval = try #require(MedianInterval(of: sample))
    // γ₂ = 1 − 22/1024, γ₃ = 1 − 112/1024: I = (γ₂ − 0.95)/(γ₂ − γ₃) = 29.2/90, λ = 8·I/(2 + 6·I).
    let part = 29.2 / 90
    let weight = 8 * part / (2 + 6 * part)
    #expect(interval.rank == 2 && interval.coverage == 0.95)
    #expect(abs(interval.lower - (2 + weight)) < 1e-12 && abs(interval.upper - (9 - weight)) < 1e-12)
  }

  @Test func dependenceWidensUpToTheWholeRange() throws {
    let sample = try #require(OrderedSample((1...30).map(Double.init)))
    let intervals = try [1, 1.5, 2, 4, 1000].map { try #require(MedianInterval(of: sample, inflation: $0)) }
    for (narrow, wide) in zip(intervals, intervals.dropFirst()) {
      #expect(wide.lower < narrow.lower && wide.upper > narrow.upper)
    }
    // Four times the variance is twice the distance.
    let ratio = (intervals[3].upper - 15.5) / (intervals[0].upper - 15.5)
    #expect(abs(ratio - 2) < 0.1, "\(ratio)")
    let widest = try #require(intervals.last)
    #expect(widest.lower == 1 && widest.upper == 30 && widest.coverage < 0.2 && widest.coverage > 0)
    // Six values have no wider interval than their range, and say what it covers.
    let six = try #require(OrderedSample([1, 2, 3, 4, 5, 6]))
    let range = try #require(MedianInterval(of: six, inflation: 2))
    #expect(range.lower == 1 && range.upper == 6)
    // √2·z = 2.1539 (of 1/32), z = 1.5230, P(|Z| > z) = 0.1278.
    #expect(abs(range.coverage - 0.8722) < 0.0005, "\(range.coverage)")
  }

  // MARK: p-values

  @Test func pValuesAtValuesOfTheSampleAreBinomial() throws {
    let sample = try #require(OrderedSample((1...10).map(Double.init)))
    // 2·P(B ≤ k − 1) with B ~ Binomial(10, ½), in 1024ths; outside of the sample what the least value has.
    for (value, outside) in [(0, 2), (1, 2), (2, 22), (3, 112), (4, 352), (8, 112), (10, 2), (11, 2)] {
      let p = MedianInterval.pValue(of: Double(value), in: sample)
      #expect(abs(p - Double(outside) / 1024) < 1e-12, "\(value): \(p)")
    }
    #expect(MedianInterval.pValue(of: 5.5, in: sample) == 1)
    let equal = try #require(OrderedSample([3, 3, 3, 3, 3, 3, 3]))
    #expect(MedianInterval.pValue(of: 3, in: equal) == 1 && MedianInterval.pValue(of: 2, in: equal) == 1.0 / 64)
    // Three of seven are equal to it: the innermost counts.
    let ties = try #require(OrderedSample([0, 0, 0, 1, 2, 3, 4]))
    #expect(abs(MedianInterval.pValue(of: 0, in: ties) - 58.0 / 128) < 1e-12)
  }

  @Test(arguments: [6, 7, 12, 20, 31, 200], [1, 1.7])
  func aBoundHasThePValueOfItsInterval(count: Int, inflation: Double) throws {
    let seed = UInt64(count)
    var generator = SeededGenerator(seed: seed)
    let sample = try #require(OrderedSample((0..<count).map { _ in generator.normal() }))
    let interval = try #require(MedianInterval(of: sample, inflation: inflation))
    for bound in [interval.lower, interval.upper] {
      let p = MedianInterval.pValue(of: bound, in: sample, inflation: inflation)
      #expect(abs(p - (1 - interval.coverage)) < 1e-6, "\(p) seed \(seed)")
    }
    for offset in [1e-6, 0.1, 10] {
      let inside = MedianInterval.pValue(of: interval.lower + min(offset, 0.01), in: sample, inflation: inflation)
      let outside = MedianInterval.pValue(of: interval.lower - offset, in: sample, inflation: inflation)
      #expect(inside >= outside && outside <= 1 - interval.coverage + 1e-9, "seed \(seed)")
    }
  }

  /// All 2ⁿ signs of fixed magnitudes are equally likely under the hypothesis: the test's size by enumeration.
  @Test(arguments: [8, 9, 10, 12, 13])
  func theSizeByEnumeration(count: Int) throws {
    var rejected = 0
    for signs in 0..<(1 << count) {
      let values = (0..<count).map { index -> Double in
        let magnitude = Double(index + 1)
        return signs >> index & 1 == 0 ? magnitude : -magnitude
      }
      let sample = try #require(OrderedSample(values))
      if MedianInterval.pValue(of: 0, in: sample) < 0.05 { rejected += 1 }
    }
    let size = Double(rejected) / Double(1 << count)
    #expect(size > 0.035 && size < 0.075, "n = \(count): \(size)")
  }

  // MARK: Coverage

  enum Distribution: String, CaseIterable {
    case normal, exponential, bimodal

    func draw(_ generator: inout SeededGenerator) -> Double {
      switch self {
      case .normal: generator.normal()
      case .exponential: -.log(generator.uniform())
      // Two modes of equal weight that overlap, symmetric about 0.
      case .bimodal: generator.normal() + (generator.uniform() < 0.5 ? -3 : 3)
      }
    }

    var median: Double {
      switch self {
      case .normal, .bimodal: 0
      case .exponential: .log(2)
      }
    }
  }

  @Test(arguments: Distribution.allCases, [6, 7, 10, 16, 23, 31, 50])
  func coversTheTrueMedian(distribution: Distribution, count: Int) throws {
    let seed = UInt64(2_024 + count)
    var generator = SeededGenerator(seed: seed)
    let simulations = 2_000
    var covered = 0
    for _ in 0..<simulations {
      let sample = try #require(OrderedSample((0..<count).map { _ in distribution.draw(&generator) }))
      let interval = try #require(MedianInterval(of: sample))
      if interval.lower <= distribution.median && distribution.median <= interval.upper { covered += 1 }
    }
    // Three standard errors of 2,000 simulations, and what interpolation leaves: little, unless the median lies in a
    // trough, where there is no density to interpolate in. Then few values cover too seldom.
    let rate = Double(covered) / Double(simulations)
    let least = distribution == .bimodal && count < 20 ? 0.89 : 0.93
    #expect(rate >= least && rate <= 0.97, "\(distribution) n = \(count) seed \(seed): \(rate)")
  }
}
