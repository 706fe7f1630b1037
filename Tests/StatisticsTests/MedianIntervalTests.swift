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

  @Test func boundsAreValuesOfTheSample() throws {
    let sample = try #require(OrderedSample([9, 1, 8, 2, 7, 3, 6, 4, 5]))
    let interval = try #require(MedianInterval(of: sample))
    #expect(interval.lower == 2 && interval.upper == 8 && interval.rank == 2)
  }

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
    // 0.95 less three standard errors of 2,000 simulations.
    let rate = Double(covered) / Double(simulations)
    #expect(rate >= 0.935, "\(distribution) n = \(count) seed \(seed)")
    // The coverage that is claimed is the coverage that is seen, so the interval is not merely wide.
    let claimed = try #require(MedianInterval.rank(count: count, confidence: 0.95)).coverage
    #expect(abs(rate - claimed) < 0.015, "\(distribution) n = \(count) seed \(seed)")
  }
}
