import Foundation
import Layers
import Results
import Testing

@testable import Reports

/// Comparisons within a run, and what is recommended after them.
@Suite struct VariantComparisonTests {
  /// A run of one convolution on one thread, whose kernels take `factors` times 1000 ns under a common drift; the second
  /// number is how far single rounds are off.
  static func run(_ factors: [(kernel: String, factor: Double, noise: Double)], threads: Int = 1) -> RunFolder.Contents
  {
    var rows: [Row] = []
    var samples: [Sample] = []
    for (kernel, factor, noise) in factors {
      var row = ExampleRun.row(ExampleRun.layers[0], .nchw, kernel, threads)
      let times = (0..<40).map { round -> Double in
        let size = noise * Double(round % 10 + 1) / 10
        return 1000 * factor * (1 + 0.02 * Double(round)) * (round % 4 < 2 ? 1 + size : 1 - size)
      }
      ExampleRun.measure(&row, times.sorted()[20])
      rows.append(row)
      samples += times.enumerated().map {
        Sample(caseKey: row.caseKey, round: $0.offset, position: 0, iterations: 1, time: $0.element)
      }
    }
    return RunFolder.Contents(manifest: ExampleRun.manifest, rows: rows, samples: samples)
  }

  private static let three = run([("naive", 4, 0.01), ("simd", 1.01, 0.001), ("packed", 1, 0.001)])

  @Test func theFastestIsTheBaseline() throws {
    let comparison = VariantComparison.compare(Self.three, baseline: nil, name: "R", thresholdPercent: nil)
    #expect(comparison.cases.map { $0.variant.prefix(4) } == ["naiv", "simd"])
    #expect(comparison.cases.map(\.verdict) == [.slower, .same])
    #expect(comparison.cases.allSatisfy { $0.baseline == "packed-portable-pixels-dispatch" })
    // The drift of 78 % is in both sides of every round.
    let ratio = try #require(comparison.cases[1].ratio)
    #expect(abs(ratio - 1.01) < 0.001)
    #expect(comparison.noiseFloor.source == .assumed)
    #expect(comparison.slower(byMoreThan: 100).count == 1)
    let text = ComparisonReport.render(comparison, as: .text)
    #expect(text.contains("2 cases: 1 slower, 0 faster, 1 same, 0 undecided."), "\(text)")
    #expect(!text.contains("What differs"))
  }

  @Test func aKernelOrAVariantIsTheBaseline() {
    for name in ["naive", "naive-portable-pixels-dispatch"] {
      let comparison = VariantComparison.compare(Self.three, baseline: name, name: "R", thresholdPercent: nil)
      #expect(comparison.cases.map(\.verdict) == [.faster, .faster] && comparison.slower(byMoreThan: 1).isEmpty)
    }
    let none = VariantComparison.compare(Self.three, baseline: "tiled", name: "R", thresholdPercent: nil)
    #expect(none.cases.count == 3 && none.cases.allSatisfy { $0.side == .run && $0.verdict == nil })
  }

  @Test(arguments: [(0.5, Verdict.slower), (2, .same)]) func aThresholdDecides(percent: Double, verdict: Verdict) {
    let comparison = VariantComparison.compare(Self.three, baseline: "packed", name: "R", thresholdPercent: percent)
    #expect(comparison.cases.last?.verdict == verdict && comparison.noiseFloor.source == .threshold)
  }

  /// Twelve cases and their replicas, one of which is 8 % off: differences of that size mean nothing in this run.
  @Test func replicasTellTheFloor() {
    var factors = [("packed", 1.0, 0.001), ("simd", 1.05, 0.001)]
    factors += (2...10).map { ("packed~\($0)", $0 == 4 ? 1.08 : 1, 0.001) }
    let comparison = VariantComparison.compare(Self.run(factors), baseline: "packed", name: "R", thresholdPercent: nil)
    #expect(comparison.noiseFloor.source == .replicas && comparison.noiseFloor.rowPercent > 4.5)
    #expect(comparison.cases.first { $0.variant.hasPrefix("simd") }?.verdict != .slower)
  }

  @Test func withoutCommonRoundsNothingIsSaid() {
    var contents = Self.three
    contents.samples.removeAll { $0.caseKey.contains("simd") && $0.round > 4 }
    let comparison = VariantComparison.compare(contents, baseline: "packed", name: "R", thresholdPercent: nil)
    let simd = comparison.cases.first { $0.variant.hasPrefix("simd") }
    #expect(simd?.verdict == .undecided && simd?.reason == "fewer than six rounds in common")
  }

  // MARK: Recommendations

  private static func only(_ contents: RunFolder.Contents) -> Recommendation? {
    Recommendations(contents).recommendations.first { $0.scope == .layer }
  }

  @Test func aClearWinner() throws {
    let best = try #require(Self.only(Self.run([("naive", 4, 0.01), ("packed", 1, 0.001)])))
    #expect(best.kernel == "packed" && best.certainty == .clear && abs(best.time - 1400) < 20)
    let (ratio, low) = (try #require(best.ratio), try #require(best.ratioLow))
    #expect(best.runnerUp == "naive-portable-pixels-dispatch" && abs(ratio - 4) < 0.05 && low > 1)
  }

  @Test func aTieIsWonByTheSimplest() throws {
    // As fast, but it packs its weights ahead of time.
    var packs = Self.run([("simd", 1.01, 0.001), ("packed", 1, 0.001)])
    packs.rows[1].prepare = 500
    let simple = try #require(Self.only(packs))
    #expect(simple.kernel == "simd" && simple.certainty == .tie && simple.reason.contains("packs no weights"))
    let plain = try #require(Self.only(Self.run([("simd", 1.01, 0.001), ("packed", 1, 0.001)])))
    #expect(plain.kernel == "packed" && plain.certainty == .tie)
    // As fast on two threads: one is enough.
    let (one, two) = (Self.run([("packed", 1.005, 0.001)]), Self.run([("packed", 1, 0.001)], threads: 2))
    let both = RunFolder.Contents(
      manifest: one.manifest, rows: one.rows + two.rows, samples: one.samples + two.samples)
    let all = Recommendations(both).recommendations
    #expect(all.map(\.scope) == [.layer, .threads, .threads])
    #expect(all[0].threads == 1 && all[0].certainty == .tie && all[0].reason.contains("fewer threads"))
    #expect(all[1].certainty == .only && all[1].runnerUp == nil && all[1].ratio == nil)
  }

  @Test func whatIsNotKnownIsUnsure() throws {
    let best = try #require(Self.only(Self.run([("simd", 1.02, 0.1), ("packed", 1, 0.001)])))
    #expect(best.certainty == .unsure, "\(best)")
    // A replica is not a choice.
    let replicas = try #require(Self.only(Self.run([("packed", 1.5, 0.001), ("packed~2", 1, 0.001)])))
    #expect(replicas.kernel == "packed" && replicas.certainty == .only)
    let nothing = Recommendations(RunFolder.Contents(manifest: ExampleRun.manifest, rows: [], samples: []))
    #expect(nothing.recommendations.isEmpty)
    #expect(RecommendationReport.render(nothing, as: .text).contains("No case of the run was measured."))
  }

  @Test func recommendationsAreJSON() throws {
    struct Document: Decodable {
      var schema: Int
      var run: String
      var recommendations: [Recommendation]
    }
    let recommendations = Recommendations(Self.three)
    let document = try JSONDecoder().decode(Document.self, from: Data(recommendations.json().utf8))
    #expect(document.schema == 1 && document.run == "r1")
    #expect(document.recommendations == recommendations.recommendations && !document.recommendations.isEmpty)
    #expect(RecommendationReport.render(recommendations, as: .markdown).contains("`packed-portable-pixels-dispatch`"))
  }
}
