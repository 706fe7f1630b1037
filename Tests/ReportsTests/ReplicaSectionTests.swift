import Foundation
import Results
import Testing

@testable import Reports

@Suite struct ReplicaSectionTests {
  /// A convolution by `simd` and its replica in both layouts, on one thread.
  private static let rows: [Row] = [.nchw, .nhwc].flatMap { layout in
    ["simd", "simd~2"].map { ExampleRun.row(ExampleRun.layers[0], layout, $0, 1) }
  }

  /// Rounds in which `row` takes `times`; `tainted` ones were disturbed.
  private static func samples(_ row: Row, _ times: [Double], tainted: Set<Int> = []) -> [Sample] {
    times.enumerated().map { round, time in
      Sample(
        caseKey: row.caseKey, round: round, position: 0, iterations: 1, time: time,
        taint: tainted.contains(round) ? "slow" : nil)
    }
  }

  /// The first layout's replica is 2 % slower in every round; the second's is as fast, within noise.
  private static let samples: [Sample] = {
    let drift = (0..<20).map { 1000 + 50 * Double($0 * $0) }
    let noise = (0..<20).map { round -> Double in
      let size = 0.001 * Double(round + 1)
      return round % 4 < 2 ? 1 + size : 1 - size
    }
    let slower = drift.map { 1.02 * $0 }
    let noisy = zip(drift, noise).map { $0 * $1 }
    return [drift, slower, drift, noisy].enumerated().flatMap { samples(rows[$0.offset], $0.element) }
  }()

  @Test func aSectionComparesReplicasRoundByRound() throws {
    let text = MarkdownReport.render(ExampleRun.manifest, Self.rows, samples: Self.samples)
    let start = try #require(text.range(of: "## A/A\n"))
    let section = text[start.lowerBound...].components(separatedBy: "\n## ")[0]
    #expect(section.contains("Intervals that exclude 1: 1 of 2; 0.100 are expected by chance"), "\(section)")
    #expect(section.contains("at a false discovery rate of 5 %: 1."), "\(section)")
    #expect(
      section.contains("| nchw | 1 | `simd-portable-pixels-dispatch` | 2 | 20 | 1.0200 | 1.0200 to 1.0200 | yes |"))
    let other = try #require(section.components(separatedBy: "\n").first { $0.contains("| nhwc |") })
    #expect(other.contains("| 2 | 20 | ") && !other.contains("yes"), "\(other)")
    // The drift of 1900 % is in neither.
    #expect(section.contains("Median distance from 1: 1.0"), "\(section)")
  }

  @Test func disturbedRoundsAreLeftOut() throws {
    let times = (0..<12).map { $0 < 5 ? 3000.0 : 1000 }
    let samples =
      Self.samples(Self.rows[0], Array(repeating: 1000, count: 12))
      + Self.samples(Self.rows[1], times, tainted: [0, 1, 2, 3, 4])
    let pair = try #require(Replicas(Array(Self.rows.prefix(2)), samples).pairs.first)
    let ratio = try #require(pair.ratio)
    #expect(ratio.rounds == 7 && ratio.estimate.value == 1 && ratio.isOfCleanRounds)
  }

  private static func hasSection(_ rows: [Row], _ samples: [Sample]) -> Bool {
    !ReplicaSection().blocks(ReportedRun(ExampleRun.manifest, rows, samples: samples)).isEmpty
  }

  @Test func withoutReplicasThereIsNoSection() {
    let rows = ExampleRun.rows
    #expect(!Self.hasSection(rows, rows.flatMap { Self.samples($0, [1, 1, 1, 1, 1, 1]) }))
    // A replica whose first was not measured has nothing to be compared with.
    #expect(!Self.hasSection([Self.rows[1]], Self.samples))
    let failed = ExampleRun.unmeasured(Self.rows[1], .incorrect, "wrong")
    #expect(!Self.hasSection([Self.rows[0], failed], Self.samples))
  }

  @Test func tooFewCommonRoundsAreSaid() {
    let samples = Self.samples(Self.rows[0], [1, 1, 1, 1, 1, 1]) + Self.samples(Self.rows[1], [1, 1, 1, 1, 1])
    let text = MarkdownReport.render(ExampleRun.manifest, Array(Self.rows.prefix(2)), samples: samples)
    #expect(text.contains("Not compared, for fewer than six rounds in common: 1 of 1"), "\(text)")
    #expect(!text.contains("Noise floor"))
  }
}
