import Statistics
import Testing

@Suite struct GeometricMeanTests {
  @Test func smallCasesByHand() throws {
    #expect(abs(try #require(geometricMean([2, 8])) - 4) < 1e-12)
    // 2³·16 = 128, fourth root 2^(7/4)
    #expect(abs(try #require(geometricMean([2, 16], weights: [3, 1])) - 3.363585661014858) < 1e-12)
    #expect(geometricMean([5], weights: [2]).map { abs($0 - 5) < 1e-12 } == true)
  }

  @Test func weightsAreRepetitions() throws {
    let weighted = try #require(geometricMean([1.5, 3, 0.2], weights: [1, 4, 2]))
    let repeated = try #require(geometricMean([1.5, 3, 3, 3, 3, 0.2, 0.2]))
    #expect(abs(weighted - repeated) < 1e-12)
  }

  @Test func inverseOfTheInverseRatios() throws {
    let ratios = [0.3, 2.5, 17, 1e-3]
    let product = try #require(geometricMean(ratios)) * #require(geometricMean(ratios.map { 1 / $0 }))
    #expect(abs(product - 1) < 1e-12)
  }

  @Test func hugeValuesDoNotOverflow() throws {
    #expect(abs(try #require(geometricMean([1e300, 1e300, 1e300])) / 1e300 - 1) < 1e-12)
  }

  @Test func nothingToAverage() {
    #expect(geometricMean([]) == nil)
    #expect(geometricMean([1, 0]) == nil)
    #expect(geometricMean([1, -2]) == nil)
    #expect(geometricMean([1, .nan]) == nil)
    #expect(geometricMean([1], weights: [0]) == nil)
    #expect(geometricMean([1], weights: [-1]) == nil)
  }
}
