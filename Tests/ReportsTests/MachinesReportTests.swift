import Foundation
import Results
import Testing

@testable import Reports

@Suite struct MachinesReportTests {
  private static func run(_ host: String?, _ name: String, factor: Double) -> RunFolder.Contents {
    var manifest = ExampleRun.manifest
    manifest.environment.hostname = host
    manifest.run = name
    let rows = ExampleRun.rows.map { row -> Row in
      var row = row
      row.scaleTimes(factor)
      return row
    }
    return RunFolder.Contents(manifest: manifest, rows: rows, samples: [])
  }

  @Test func machinesStandSideBySide() throws {
    var other = Self.run("fast", "r2", factor: 0.5)
    other.manifest.environment.cpuModel = "Other CPU"
    other.rows.removeAll { $0.op == .fc }
    let runs = [(folder: "A", contents: Self.run("slow", "r1", factor: 1)), (folder: "B", contents: other)]
    let text = MachinesReport.render(runs, as: .markdown)
    #expect(text.contains("| CPU | Example CPU | Other CPU |"), "\(text)")
    // 500 ns on two threads against 250.
    #expect(
      text.contains("`simd-portable-pixels-dispatch` | 500 | `simd-portable-pixels-dispatch` | 250 (2.00×)"), "\(text)")
    // A network without one of its layers is another network.
    #expect(text.contains("| tiny | 3 | nchw | 1 | cores | close | hot | 4600 | – |"), "\(text)")
    #expect(text.contains("| tiny | 2 | nchw | 1 | cores | close | hot | – | 1700 |"), "\(text)")
    let page = MachinesReport.render(runs, as: .html)
    #expect(page.contains("</html>") && page.contains("Other CPU"))
  }

  @Test func namesTellRunsApart() {
    func names(_ runs: [RunFolder.Contents]) -> [String] {
      MachinesReport.names(runs.enumerated().map { (folder: "F\($0.offset)", contents: $0.element) })
    }
    let (a, b) = (Self.run("one", "r1", factor: 1), Self.run("two", "r1", factor: 1))
    #expect(names([a, b]) == ["one", "two"])
    #expect(names([a, Self.run("one", "r2", factor: 1)]) == ["r1", "r2"])
    #expect(names([a, a]) == ["F0", "F1"])
    #expect(names([a, Self.run(nil, "r2", factor: 1)]) == ["r1", "r2"])
  }
}
