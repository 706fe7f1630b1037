import RealModule
import Testing

@testable import Statistics

@Suite struct SerialDependenceTests {
  /// An autoregressive Gaussian series of order one with variance 1.
  private func series(_ count: Int, phi: Double, seed: UInt64) -> [Double] {
    var generator = SeededGenerator(seed: seed)
    var value = generator.normal()
    return (0..<count).map { _ in
      defer { value = phi * value + (1 - phi * phi).squareRoot() * generator.normal() }
      return value
    }
  }

  @Test(arguments: [(0.0, 1.0), (0.2, 1.32), (0.4, 1.81), (0.6, 2.98)])
  func theFactorOfLongSeries(phi: Double, expected: Double) {
    // 1 + 2·Σ (2/π)·asin φᵏ.
    var (sum, power) = (0.0, phi)
    while power > 1e-9 {
      sum += 2 / .pi * Double.asin(power)
      power *= phi
    }
    #expect(abs(1 + 2 * sum - expected) < 0.05 * expected)
    let inflation = SerialDependence.inflation(series(20_000, phi: phi, seed: 3))
    #expect(abs(inflation - (1 + 2 * sum)) < 0.08 * expected, "\(inflation), φ = \(phi) seed 3")
  }

  @Test func whatTellsNothingIsTakenAsIndependent() {
    #expect(SerialDependence.inflation([]) == 1)
    #expect(SerialDependence.inflation([1, 2]) == 1)
    #expect(SerialDependence.inflation((0..<11).map(Double.init)) == 1)
    #expect(SerialDependence.inflation((0..<12).map(Double.init)) > 1)
    #expect(SerialDependence.inflation(Array(repeating: 5, count: 20)) == 1)
    let alternating = (0..<20).map { Double($0 % 2) }
    #expect(SerialDependence.inflation(alternating) == 1, "alternating values know more, not less")
    #expect(SerialDependence.inflation(alternating + [.nan]) == 1)
  }

  @Test func aTrendDependsMost() {
    let inflation = SerialDependence.inflation((0..<50).map(Double.init))
    #expect(inflation > 10 && inflation.isFinite)
  }

  @Test func orderMattersButNotScaleOrSign() {
    let values = series(60, phi: 0.6, seed: 9)
    let inflation = SerialDependence.inflation(values)
    #expect(inflation > 1.3)
    #expect(SerialDependence.inflation(values.map { 5 - 3 * $0 }) == inflation)
    #expect(SerialDependence.inflation(values.sorted()) > inflation)
  }

  @Test func quantilesOfTheNormalDistribution() {
    // Printed tables.
    for (p, z) in [(0.05, 1.959_964), (0.01, 2.575_829), (0.3173, 1.000_02), (1, 0), (1e-12, 7.1305)] {
      #expect(abs(StandardNormal.twoSidedQuantile(p) - z) < 1e-4, "\(p)")
    }
    #expect(abs(StandardNormal.twoSidedQuantile(0.05) - StandardNormal.z95) < 1e-14)
    #expect(StandardNormal.twoSidedQuantile(0) == .infinity)
  }
}
