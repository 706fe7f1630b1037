import Foundation
import Results
import Testing

@testable import Reports

@Suite struct HTMLReportTests {
  /// Samples of the rows: `count` each, the third of which is disturbed.
  static func samples(_ rows: [Row], _ count: Int) -> [Sample] {
    rows.flatMap { row in
      (0..<count).map { round in
        Sample(
          caseKey: row.caseKey, round: round, position: 0, iterations: 5,
          time: (row.timeMedian ?? 0) * (1 + Double(round) / 1000), taint: round == 2 ? "slow" : nil)
      }
    }
  }

  static func page(_ rows: [Row], samples: [Sample] = [], images: PlotImages = .none) -> String {
    let run = ReportedRun(ExampleRun.manifest, rows, samples: samples)
    return HTMLReport.render(ReportDocument(run), run, images)
  }

  /// What the script finds in the page.
  private func evidence(_ page: String) throws -> [String: Any] {
    let part = try #require(page.split(separator: #"id="evidence">"#).last?.split(separator: "</script>").first)
    return try #require(JSONSerialization.jsonObject(with: Data(part.utf8)) as? [String: Any])
  }

  @Test func itHoldsWhatMarkdownHolds() {
    let rows = PlotTests.rows()
    let document = ReportDocument(ReportedRun(ExampleRun.manifest, rows))
    let page = Self.page(rows)
    #expect(document.sections.count > 10)
    for section in document.sections { #expect(page.contains("<h2>\(section.title)</h2>"), "\(section.title)") }
    // Each row of the grouped table is there once.
    let layers = page.split(separator: "<h2>Layers</h2>")[1].split(separator: "</section>")[0]
    #expect(layers.split(separator: "<tr data-case=").count - 1 == rows.count)
    #expect(page == Self.page(rows), "the same input gives the same page")
  }

  @Test func nothingComesFromElsewhere() {
    let page = Self.page(PlotTests.rows())
    for mark in ["src=\"http", "href=\"http", "@import", "url(http", "fetch(", "<link"] {
      #expect(!page.contains(mark), "\(mark)")
    }
  }

  @Test func hostileNamesAreText() throws {
    let hostile = #"</script><script>alert(1)</script><!-- & "q" 'a' {{title}} {{{style}}}"#
    var rows = ExampleRun.rows
    for index in rows.indices {
      rows[index].network = hostile
      rows[index].layer += hostile
      rows[index].variant += hostile
      rows[index].notes = hostile
    }
    var manifest = ExampleRun.manifest
    manifest.suites[0].name = hostile
    manifest.environment.cpuModel = hostile
    let run = ReportedRun(manifest, rows, samples: Self.samples(rows, 3))
    let page = HTMLReport.render(ReportDocument(run), run, .none)
    // The page's own two scripts, and no other tag or comment.
    #expect(page.split(separator: "<script").count == 3 && page.split(separator: "</script>").count == 3)
    #expect(!page.contains("<!--") && page.contains("&lt;/script&gt;&lt;script&gt;alert(1)"))
    #expect(page.contains("{{title}}"), "what looks like a template is text")
    let cases = try #require(evidence(page)["cases"] as? [[String: Any]])
    let facts = try #require(cases.first?["facts"] as? [[String]])
    #expect(facts.contains { $0[0] == "notes" && $0[1] == hostile })
  }

  @Test func evidenceHasTheSamples() throws {
    let rows = ExampleRun.rows
    let found = try evidence(Self.page(rows, samples: Self.samples(rows, 4)))
    let cases = try #require(found["cases"] as? [[String: Any]])
    #expect(cases.count == rows.count && found["taints"] as? [String] == ["", "slow"])
    let first = try #require(cases[0]["samples"] as? [[Double]])
    #expect(first == [[0, 8000, 0], [1, 8008, 0], [2, 8016, 1], [3, 8024, 0]])
    #expect(cases[0]["median"] as? Double == 8000 && (cases[0]["interval"] as? [Double])?.count == 2)
  }

  @Test func manySamplesAreThinnedAloud() throws {
    let rows = Array(ExampleRun.rows.prefix(2))
    let run = ReportedRun(ExampleRun.manifest, rows, samples: Self.samples(rows, 100))
    let keys = Set(rows.map(\.caseKey))
    let evidence = Evidence(run, keys, limit: 20)
    for one in evidence.cases {
      #expect(one.samples.map { $0[0] } == (0..<10).map { Double($0 * 10) })
      #expect(one.facts.last == ["samples shown", "10 of 100, evenly spread; all are in samples.csv"])
    }
    #expect(Evidence(run, keys, limit: 200).cases.allSatisfy { $0.samples.count == 100 })
  }

  @Test func picturesAreInside() throws {
    let rows = PlotTests.rows()
    let plots = ReportDocument(ReportedRun(ExampleRun.manifest, rows)).plots
    var images = PlotImages(format: .svg)
    for plot in plots.prefix(2) {
      images.files[plot.name] = Array(
        #"<?xml version="1.0"?><svg width="9"><g id="a"/><use xlink:href='#a'/></svg>"#.utf8)
    }
    let page = Self.page(rows, images: images)
    #expect(page.split(separator: "<svg role=\"img\"").count == 3 && !page.contains("<?xml"))
    // The names within pictures do not meet.
    for plot in plots.prefix(2) {
      #expect(page.contains("id=\"\(plot.name)-a\"") && page.contains("'#\(plot.name)-a'"))
    }
    images.format = .png
    #expect(Self.page(rows, images: images).contains("src=\"data:image/png;base64,"))
  }

  @Test func longRunsAreListedInPart() {
    let row = ExampleRun.rows[0]
    let rows = (0..<5000).map { index in
      var row = row
      row.layer = "layer\(index / 100)"
      row.variant = "naive-\(index % 100)"
      return row
    }
    let page = Self.page(rows)
    let layers = page.split(separator: "<h2>Layers</h2>")[1].split(separator: "</section>")[0]
    #expect(layers.split(separator: "<tr data-case=").count - 1 == 1200)
    #expect(layers.contains("… and 76 rows more in results.csv"))
    let text = MarkdownReport.render(ExampleRun.manifest, rows)
    // GitHub shows no Markdown beyond 512 KiB.
    #expect(text.utf8.count < 400_000)
    #expect(text.contains("… and 76 rows more in results.csv."))
  }
}
