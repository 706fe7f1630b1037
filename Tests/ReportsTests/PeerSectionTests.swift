import Foundation
import Layers
import Results
import Testing

@testable import Reports

/// The section that compares the lab's best with the best vendor library.
@Suite struct PeerSectionTests {
  /// Ten rounds around a time, the machine being a tenth slower in every other one.
  private func samples(_ row: Row, rounds: Range<Int> = 0..<10) -> [Sample] {
    rounds.map { round in
      Sample(
        caseKey: row.caseKey, round: round, position: 0, iterations: 1,
        time: (row.timeMedian ?? 0) * (round % 2 == 0 ? 1 : 1.1))
    }
  }

  /// The row of a library that takes `factor` times as long as `row`.
  private func peer(_ row: Row, _ kernel: String, _ factor: Double) -> Row {
    var peer = row
    peer.kernel = kernel
    peer.variant = "\(kernel)-avx2-none-library"
    ExampleRun.measure(&peer, (row.timeMedian ?? 0) * factor)
    return peer
  }

  private var manifest: RunManifest {
    var manifest = ExampleRun.manifest
    manifest.peers = [
      .init(name: "openblas", path: "/a.so", version: "0.3.21", instructionSet: "Haswell"),
      .init(name: "mkl", path: nil, problem: "not found", packages: "pip install mkl"),
    ]
    return manifest
  }

  @Test func theBestAreComparedRoundByRound() throws {
    // On one thread, in NCHW and NC; the slower library must not count.
    let own = ExampleRun.rows.filter { $0.threads == 1 && $0.layout != .nhwc }
    let simd = own.filter { $0.kernel == "simd" }
    let factors = [2.0, 0.5, 1.25]
    let peers = zip(simd, factors).flatMap { [peer($0, "a.one", $1), peer($0, "b.two", $1 * 1.5)] }
    let text = MarkdownReport.render(manifest, own + peers, samples: (own + peers).flatMap { samples($0) })
    #expect(text.contains("- openblas 0.3.21, which picked Haswell\n"))
    #expect(text.contains("- mkl was left out: not found; to get it: pip install mkl\n"))
    let section = try #require(text.range(of: "## Against vendor libraries"))
    let next = try #require(text.range(of: "## Results in brief"))
    #expect(section.lowerBound < next.lowerBound)
    let lines = text[section.lowerBound..<next.lowerBound].split(separator: "\n")
    for (row, factor) in zip(simd, factors) {
      let line = lines.first { $0.contains("`\(row.layer.replacing("|", with: "\\|"))`") }
      let ratio = ["2.00", "0.500", "1.25"][factors.firstIndex(of: factor)!]
      #expect(line?.contains("`a.one-avx2-none-library`") ?? false, "\(line ?? "no line")")
      #expect(line?.contains("\(ratio)× (\(ratio)–\(ratio))") ?? false, "\(line ?? "no line")")
    }
    // 3 × 2 and 1 × ½: ⁴√(2³ · ½) = √2.
    #expect(lines.contains { $0.hasPrefix("| nchw | 1 | 1.41× (1.41–1.41) | 1 | 1 | 2 |") }, "\(lines)")
    #expect(lines.contains { $0.hasPrefix("| nc | 1 | 1.25× (1.25–1.25) | 1 | 0 | 1 |") }, "\(lines)")
  }

  @Test func withoutPeersThereIsNoSection() {
    #expect(!MarkdownReport.render(ExampleRun.manifest, ExampleRun.rows).contains("vendor"))
    #expect(MarkdownReport.render(manifest, ExampleRun.rows).contains("No layer was measured both by"))
  }
}
