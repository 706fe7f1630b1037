import RealModule
import Testing

@testable import Statistics

@Suite struct ScalingFitTests {
  static let counts = [1, 2, 4, 8, 12, 16, 24, 32, 48, 64]

  /// The law itself, written as Gunther has it.
  private func law(_ n: Int, _ sigma: Double, _ kappa: Double) -> Double {
    Double(n) / (1 + sigma * Double(n - 1) + kappa * Double(n * (n - 1)))
  }

  /// Points of the law with normal relative noise; one thread is 1 by definition.
  private func points(
    _ sigma: Double, _ kappa: Double, noise: Double, counts: [Int] = counts, _ generator: inout SeededGenerator
  ) throws -> [ScalingPoint] {
    try counts.map { n in
      let factor = n == 1 ? 1 : Double.exp(noise * generator.normal())
      return try #require(ScalingPoint(threads: n, speedup: law(n, sigma, kappa) * factor))
    }
  }

  @Test(arguments: [(0.0, 0.0), (0.03, 0), (0.2, 0.001), (0, 0.004), (1, 0)])
  func noiselessCurvesAreFoundExactly(sigma: Double, kappa: Double) throws {
    var generator = SeededGenerator(seed: 1)
    let points = try points(sigma, kappa, noise: 0, &generator)
    let fit = try #require(ScalingFit(.universal, to: points))
    #expect(abs(fit.contention.value - sigma) < 1e-12 && abs((fit.coherence?.value ?? 1) - kappa) < 1e-12)
    #expect(fit.residual < 1e-12)
    for n in [1, 3, 64, 100] { #expect(abs(fit.speedup(threads: n) - law(n, sigma, kappa)) < 1e-9) }
    guard kappa == 0 else { return }
    let amdahl = try #require(ScalingFit(.amdahl, to: points))
    #expect(abs(amdahl.contention.value - sigma) < 1e-12 && amdahl.coherence == nil && amdahl.maximum == nil)
  }

  @Test(arguments: [(0.02, 0.0005, 0.01), (0.1, 0.002, 0.03), (0.005, 0.0001, 0.02)])
  func intervalsCoverTheParametersOfNoisyCurves(sigma: Double, kappa: Double, noise: Double) throws {
    let seed: UInt64 = 41
    var generator = SeededGenerator(seed: seed)
    let simulations = 1000
    var (sigmas, kappas) = (0, 0)
    for _ in 0..<simulations {
      let fit = try #require(ScalingFit(.universal, to: try points(sigma, kappa, noise: noise, &generator)))
      if fit.contention.lower <= sigma && sigma <= fit.contention.upper { sigmas += 1 }
      if let coherence = fit.coherence, coherence.lower <= kappa && kappa <= coherence.upper { kappas += 1 }
    }
    // Three standard deviations of a count of 1000 at 95 % are 2 %.
    #expect((925...975).contains(sigmas) && (925...975).contains(kappas), "seed \(seed): \(sigmas), \(kappas)")
  }

  @Test func intervalsOfAmdahlsLawCoverTheSerialPart() throws {
    let seed: UInt64 = 42
    var generator = SeededGenerator(seed: seed)
    var covered = 0
    for _ in 0..<1000 {
      let fit = try #require(
        ScalingFit(.amdahl, to: try points(0.05, 0, noise: 0.02, counts: [1, 2, 4, 8], &generator)))
      if fit.contention.lower <= 0.05 && 0.05 <= fit.contention.upper { covered += 1 }
    }
    #expect((925...975).contains(covered), "seed \(seed): \(covered)")
  }

  @Test func aSuperlinearCurveStaysWithinTheBounds() throws {
    let points = [1, 2, 4, 8].compactMap { ScalingPoint(threads: $0, speedup: $0 == 1 ? 1 : 1.1 * Double($0)) }
    for law in ScalingFit.Law.allCases {
      let fit = try #require(ScalingFit(law, to: points))
      #expect(fit.contention.value >= 0 && fit.contention.lower >= 0 && (fit.coherence?.value ?? 0) >= 0)
      #expect(fit.speedup(threads: 8) <= 8)
    }
  }

  @Test func aRetrogradeCurveHasItsMaximumWhereTheLawHasIt() throws {
    var generator = SeededGenerator(seed: 1)
    let points = try points(0.05, 0.002, noise: 0, &generator)
    let maximum = try #require(ScalingFit(.universal, to: points)?.maximum)
    #expect(abs(maximum - (0.95 / 0.002).squareRoot()) < 1e-9)
    #expect(law(22, 0.05, 0.002) > law(48, 0.05, 0.002))
    // Slopes between neighbours: 0.93, 0.83, 0.62 up to 8 threads, and 0.37 beyond.
    #expect(ScalingFit.knee(points) == 8)
    #expect(ScalingFit.knee(points.reversed()) == 8)
  }

  /// Every number of threads up to 64, with noise that the points' intervals tell.
  private func dense(_ noise: Double, _ generator: inout SeededGenerator, _ curve: (Int) -> Double) throws
    -> [ScalingPoint]
  {
    try (1...64).map { n in
      let factor = n == 1 ? 1 : Double.exp(noise * generator.normal())
      return try #require(ScalingPoint(threads: n, speedup: curve(n) * factor, halfWidth: n == 1 ? nil : 1.96 * noise))
    }
  }

  @Test func noiseMovesNoKneeAndMakesNone() throws {
    let seed: UInt64 = 44
    var generator = SeededGenerator(seed: seed)
    var (found, invented) = (0, 0)
    for _ in 0..<200 {
      if ScalingFit.knee(try dense(0.01, &generator) { Double(min($0, 8)) }) == 8 { found += 1 }
      if ScalingFit.knee(try dense(0.01, &generator) { Double($0) }) != nil { invented += 1 }
      #expect(ScalingFit.knee(try dense(0.03, &generator) { _ in 1 }) == 1, "seed \(seed)")
    }
    #expect(found >= 195 && invented <= 10, "seed \(seed): \(found) of 200 found, \(invented) of 200 invented")
  }

  /// Superlinear, flat, falling, and what only noise made of a straight line.
  @Test func estimatesLieInTheirIntervalsAndWithinTheLaw() throws {
    let seed: UInt64 = 45
    var generator = SeededGenerator(seed: seed)
    let curves: [(Int) -> Double] = [
      { 1.1 * Double($0) }, { Double($0) }, { _ in 1 }, { 1 / Double($0).squareRoot() }, { 1 / Double($0) },
      { self.law($0, 0, 0.004) }, { self.law($0, 0.03, 0) },
    ]
    for curve in curves {
      for counts in [[1, 2, 3, 4], Self.counts, Array(1...64)] {
        for _ in 0..<50 {
          let points = try counts.map { n in
            try #require(
              ScalingPoint(threads: n, speedup: n == 1 ? 1 : curve(n) * Double.exp(0.03 * generator.normal())))
          }
          for law in ScalingFit.Law.allCases {
            let fit = try #require(ScalingFit(law, to: points))
            for parameter in [fit.contention, fit.coherence].compactMap({ $0 }) {
              #expect(
                0 <= parameter.lower && parameter.lower <= parameter.value && parameter.value <= parameter.upper
                  && parameter.upper.isFinite, "seed \(seed), \(counts.count) numbers, \(law): \(parameter)")
            }
            #expect(fit.contention.upper <= 1 && fit.residual.isFinite && fit.maximum ?? 1 >= 1)
            #expect((fit.maximum ?? 1).isFinite)
          }
        }
      }
    }
  }

  @Test func aLinearCurveHasNoKnee() throws {
    var generator = SeededGenerator(seed: 1)
    let points = try points(0, 0, noise: 0, &generator)
    #expect(ScalingFit.knee(points) == nil && ScalingFit(.universal, to: points)?.maximum == nil)
  }

  @Test func tooFewPointsHaveNoFit() throws {
    var generator = SeededGenerator(seed: 1)
    for counts in [[], [1], [1, 2], [1, 2, 2]] {
      let points = try points(0.1, 0, noise: 0.01, counts: counts, &generator)
      #expect(ScalingFit(.amdahl, to: points) == nil && ScalingFit(.universal, to: points) == nil)
    }
    let three = try points(0.1, 0, noise: 0.01, counts: [1, 2, 4], &generator)
    #expect(ScalingFit(.amdahl, to: three) != nil && ScalingFit(.universal, to: three) == nil)
  }

  @Test func theIntervalsOfThePointsCountWhereTheyAreWider() throws {
    let exact = [1, 2, 4, 8].compactMap { ScalingPoint(threads: $0, speedup: law($0, 0.1, 0)) }
    let stated = exact.compactMap { ScalingPoint(threads: $0.threads, speedup: $0.speedup, halfWidth: 0.05) }
    let narrow = try #require(ScalingFit(.amdahl, to: exact)?.contention)
    let wide = try #require(ScalingFit(.amdahl, to: stated)?.contention)
    #expect(narrow.upper - narrow.lower < 1e-9 && wide.lower < 0.09 && wide.upper > 0.11)
  }

  @Test func quantilesAreThoseOfTables() {
    for (freedom, t) in [(1, 12.7062), (2, 4.3027), (3, 3.1824), (5, 2.5706), (10, 2.2281), (30, 2.0423)] {
      #expect(abs(StudentT.quantile95(freedom: freedom) / t - 1) < 2e-3, "\(freedom)")
    }
  }

  @Test func whatIsNoSpeedupIsNoPoint() {
    #expect(ScalingPoint(threads: 0, speedup: 1) == nil && ScalingPoint(threads: 2, speedup: 0) == nil)
    #expect(ScalingPoint(threads: 2, speedup: .nan) == nil)
    #expect(ScalingPoint(threads: 2, speedup: 1, halfWidth: -1) == nil)
  }
}
