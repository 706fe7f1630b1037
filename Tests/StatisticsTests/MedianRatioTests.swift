import RealModule
import Statistics
import Testing

@Suite struct MedianRatioTests {
  @Test func theMedianAndItsInterval() throws {
    // Six values: the 95 % interval is nearly the whole range, of 96.9 %.
    let ratio = try #require(medianRatio([1.01, 1.02, 1.03, 1.05, 1.06, 9]))
    #expect(abs(ratio.value - (1.03 * 1.05).squareRoot()) < 1e-12)
    #expect(ratio.lower >= 1.01 && ratio.lower < 1.02 && ratio.upper > 1.06 && ratio.upper <= 9)
    #expect(ratio.excludesOne)
  }

  @Test func aNoiseFloorWidensIt() throws {
    let values = (0..<40).map { 1.03 + 0.0001 * Double($0) }
    let wide = try #require(medianRatio(values, noiseFloor: 0.04))
    #expect(!wide.excludesOne && wide.lower < 0.993 && wide.upper > 1.07)
    let plain = try #require(medianRatio(values))
    #expect(plain.excludesOne)
    let same = try #require(plain.allowing(noiseFloor: 0.04))
    #expect(abs(same.lower - wide.lower) < 1e-12 && abs(same.pValue - wide.pValue) < 1e-12)
  }

  @Test(arguments: [[], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, .nan], [1, 1, 1, 1, 1, .infinity]])
  func withoutEnoughRatiosThereIsNone(values: [Double]) { #expect(medianRatio(values) == nil) }
}
