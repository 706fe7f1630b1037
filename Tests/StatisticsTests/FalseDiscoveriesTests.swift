import Statistics
import Testing

@Suite struct FalseDiscoveriesTests {
  /// The fifteen p-values of the example in Benjamini and Hochberg's paper, of which four are significant at 5 %.
  private let paper = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1,
  ]

  @Test func theExampleOfThePaper() throws {
    let adjusted = try #require(FalseDiscoveries.adjusted(paper))
    #expect(adjusted.count { $0 <= 0.05 } == 4)
    // p·15/rank, and no more than those after it: the seventh is 0.0298·15/7, less than the sixth's 0.0278·15/6.
    let expected = [0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.0298 * 15 / 7, 0.0298 * 15 / 7]
    for (found, value) in zip(adjusted, expected) { #expect(abs(found - value) < 1e-12, "\(found)") }
    #expect(adjusted.last == 1)
  }

  @Test func arbitraryDependenceIsStricterByTheHarmonicSum() throws {
    let one = try #require(FalseDiscoveries.adjusted([0.01, 0.02, 0.03]))
    let other = try #require(FalseDiscoveries.adjusted([0.01, 0.02, 0.03], dependence: .arbitrary))
    for (a, b) in zip(one, other) { #expect(abs(b - a * (1 + 0.5 + 1.0 / 3)) < 1e-12) }
    let ofPaper = try #require(FalseDiscoveries.adjusted(paper, dependence: .arbitrary))
    #expect(ofPaper.count { $0 <= 0.05 } == 3)
  }

  @Test func theOrderIsKeptAndTiesAreEqual() throws {
    let adjusted = try #require(FalseDiscoveries.adjusted(paper.reversed()))
    #expect(adjusted.reversed() == FalseDiscoveries.adjusted(paper))
    #expect(FalseDiscoveries.adjusted([0.03, 0.01, 0.03]) == [0.03, 0.03, 0.03])
    #expect(FalseDiscoveries.adjusted([0.7]) == [0.7])
    #expect(FalseDiscoveries.adjusted([]) == [])
  }

  @Test func onlyProbabilitiesAreAdjusted() {
    for bad in [Double.nan, -0.1, 1.1, .infinity] {
      for dependence in FalseDiscoveries.Dependence.allCases {
        #expect(FalseDiscoveries.adjusted([0.5, bad], dependence: dependence) == nil, "\(bad)")
      }
    }
  }
}
