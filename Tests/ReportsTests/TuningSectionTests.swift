import Foundation
import Layers
import Results
import Testing

@testable import Reports

@Suite struct TuningSectionTests {
  private static func row(_ layout: Layout, _ kernel: String, _ threads: Int, notes: String? = nil) -> Row {
    var row = ExampleRun.row(ExampleRun.layers[0], layout, kernel, threads)
    row.split = threads == 1 ? "none" : "auto"
    row.variant = [kernel, row.isa, row.split, row.team].joined(separator: "-")
    row.notes = notes
    return row
  }

  private static func samples(_ row: Row, _ factor: Double) -> [Sample] {
    // A drift that both share.
    (0..<20).map { round in
      Sample(
        caseKey: row.caseKey, round: round, position: 0, iterations: 1,
        time: factor * (1000 + 100 * Double(round * round)))
    }
  }

  private static func section(_ rows: [Row], _ samples: [Sample]) throws -> String {
    let text = MarkdownReport.render(ExampleRun.manifest, rows, samples: samples)
    let start = try #require(text.range(of: "## Tuned against the model\n"))
    return text[start.lowerBound...].components(separatedBy: "\n## ")[0]
  }

  @Test func tunedRowsAreComparedWithTheModelsRoundByRound() throws {
    let note = "tuned on 2026-11-21: tile p7x3, 5.26 % faster than the model's tile p14x2; stopped by time"
    let rows = [
      Self.row(.nhwc, "packed", 1), Self.row(.nhwc, "packed.tuned", 1, notes: note), Self.row(.nhwc, "packed", 2),
      Self.row(.nhwc, "packed.tuned", 2), Self.row(.nchw, "packed", 1),
    ]
    let samples = zip(rows, [1, 0.95, 1, 1.01, 1]).flatMap { Self.samples($0, $1) }
    let section = try Self.section(rows, samples)
    #expect(section.contains("| 0.950 | 0.950 to 0.950 | 1 | 0 | 1 |"), "\(section)")
    #expect(section.contains("| 1.010 | 1.010 to 1.010 | 0 | 1 | 1 |"), "\(section)")
    #expect(
      section.contains("0.950 to 0.950 | tuned on 2026-11-21: tile p7x3, 5.26 % faster than the model's tile p14x2 |"))
    #expect(section.contains("without a tuned entry: 1."), "\(section)")
    #expect(!section.contains("stopped by time") && !section.contains("are not compared"))
  }

  @Test func whatCannotBeComparedIsCounted() throws {
    let tuned = Self.row(.nhwc, "packed.tuned", 1)
    let section = try Self.section([tuned], Self.samples(tuned, 1))
    #expect(section.contains("No tuned row can be compared") && section.contains("beside them: 1."), "\(section)")
  }

  @Test func withoutTunedRowsThereIsNoSection() {
    let rows = ExampleRun.rows + [Self.row(.nhwc, "packed", 1), Self.row(.nhwc, "packed.p14x2", 1)]
    #expect(TuningSection().blocks(ReportedRun(ExampleRun.manifest, rows, samples: [])).isEmpty)
  }

  @Test func theFastestVariantSaysWhoChoseItsTile() throws {
    for (kernel, word) in [("packed", "model"), ("packed.tuned", "tuned"), ("packed.4x2", "hand")] {
      let rows = [Self.row(.nhwc, kernel, 1)]
      let text = MarkdownReport.render(ExampleRun.manifest, rows, samples: Self.samples(rows[0], 1))
      #expect(text.contains("| `\(rows[0].variant)` | \(word) |"), "\(text)")
    }
    let plain = MarkdownReport.render(ExampleRun.manifest, [Self.row(.nhwc, "simd", 1)], samples: [])
    #expect(!plain.contains("| tile by |"))
  }
}
