import Foundation
import Layers
import Results
import Testing

@testable import Reports

/// Scaling, splits, teams and the model in the report of runs whose times follow a law.
@Suite struct ScalingReportTests {
  private static let counts = [1, 2, 4, 8, 16, 32, 64]

  /// Gunther's law.
  private static func speedup(_ threads: Int, _ sigma: Double, _ kappa: Double) -> Double {
    let n = Double(threads)
    return n / (1 + sigma * (n - 1) + kappa * n * (n - 1))
  }

  /// The first layer of the example in NHWC by `simd`, in `time` ns.
  private static func row(_ threads: Int, _ time: Double, edit: (inout Row) -> Void = { _ in }) -> Row {
    var row = ExampleRun.row(ExampleRun.layers[0], .nhwc, "simd", 1)
    row.threads = threads
    row.split = threads == 1 ? "none" : "pixels"
    row.cpus = (0..<threads).map(String.init).joined(separator: " ")
    edit(&row)
    row.variant = "\(row.kernel)-portable-\(row.split)-\(row.team)"
    ExampleRun.measure(&row, time)
    return row
  }

  private static func rows(_ counts: [Int], _ sigma: Double, _ kappa: Double) -> [Row] {
    counts.map { row($0, 1e6 / speedup($0, sigma, kappa)) }
  }

  private func section(_ title: String, _ rows: [Row], _ manifest: RunManifest = ExampleRun.manifest) throws -> String {
    let text = MarkdownReport.render(manifest, rows)
    let start = try #require(text.range(of: "## \(title)\n"), "no section \(title)")
    return text[start.lowerBound...].components(separatedBy: "\n## ")[0]
  }

  private func cells(_ section: String, _ marker: String) throws -> [String] {
    let line = try #require(section.components(separatedBy: "\n").first { $0.contains(marker) }, "\(section)")
    return line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
  }

  @Test func aRetrogradeCurveHasItsLawAndItsKnee() throws {
    let text = try section("Scaling", Self.rows(Self.counts, 0.05, 0.002))
    let fit = try cells(text, "5.00 (")
    #expect(fit.contains { $0.hasPrefix("0.200 (") } && fit.contains("21.8") && fit.last == "8", "\(fit)")
  }

  @Test func aLinearCurveHasNeitherMaximumNorKnee() throws {
    let text = try section("Scaling", Self.rows(Self.counts, 0, 0))
    let fit = try cells(text, "| none | none |")
    #expect(fit.contains { $0.hasPrefix("0 (0 … ") }, "\(fit)")
    #expect(text.contains("64.0×") && !text.contains("No law"))
  }

  @Test(arguments: [[1, 2], [1, 64]]) func tooFewThreadCountsAreSaidInWords(counts: [Int]) throws {
    let text = try section("Scaling", Self.rows(counts, 0.1, 0))
    #expect(text.contains("No law of scaling is fitted: with 1 number of threads above one") && !text.contains("USL:"))
  }

  @Test func twoThreadCountsHaveAmdahlsLawAlone() throws {
    let text = try section("Scaling", Self.rows([1, 2, 4], 0.1, 0))
    #expect(text.contains("needs 3 numbers of threads above one."))
    #expect(try cells(text, "10.0 (")[5...].filter { $0 == "–" }.count >= 3)
  }

  @Test func efficiencyHasTheIntervalOfBothMedians() throws {
    let text = try section("Scaling", Self.rows([1, 2], 0, 0))
    let many = try cells(text, "| 2 | 1.50 |")
    // Medians from 0.5 % below to 1 % above: the root of the sum of squares is 1.1 %.
    #expect(many.contains("100") && many.contains("98.9") && many.contains("101"), "\(many)")
  }

  @Test func weakScalingIsOfTheWorkInTheSameTime() throws {
    let grown = [2, 4].map { threads in
      Self.row(threads, 1e6 * (threads == 2 ? 1 : 1.25)) { row in
        row.mb = threads
        row.m = row.m * threads
        row.network = Scaling.name(of: row.network, times: threads)
        row.layer = "mb\(threads)" + row.layer.dropFirst(3)
      }
    }
    let text = try section("Scaling", [Self.row(1, 1e6)] + grown)
    let (two, four) = (try cells(text, "2.00×"), try cells(text, "3.20×"))
    #expect(two.contains("weak") && four.contains("80.0"), "\(text)")
    #expect(!text.contains("### tiny ×2"))
  }

  @Test func forkJoinAndLimitsStandBesideTheEfficiency() throws {
    var rows = Self.rows([1, 2], 0, 0)
    for index in rows.indices {
      rows[index].bound = ["compute", "L3"][index]
      rows[index].rooflinePercent = [90, 81][index]
      rows[index].imbalancePercent = 7
    }
    var manifest = ExampleRun.manifest
    manifest.peaks = Self.peaks
    let line = try cells(try section("Scaling", rows, manifest), "| compute |")
    // 5 µs of 500 µs.
    #expect(line.suffix(6) == ["7.00", "1.00", "compute", "90.0", "L3", "81.0"], "\(line)")

    rows[1].imbalancePercent = nil
    rows[1].notes = "auto took none: 1 of 2 threads computes; stopped by precision"
    let alone = try cells(try section("Scaling", rows, manifest), "| compute |")
    // Columns without a number are left out: the efficiency stands before the limits.
    #expect(alone.suffix(5) == ["100", "compute", "90.0", "L3", "81.0"], "\(alone)")
  }

  /// The ceilings of two teams on two CPUs.
  private static var peaks: JSONValue {
    func team(_ name: String, _ forkJoin: Double, cpus: String) -> JSONValue {
      .object([
        "threads": .integer(2), "team": .string(name), "cpus": .string(cpus), "multiplyAdds": .object([:]),
        "bandwidths": .array([]), "forkJoin": .object(["median": .number(forkJoin), "unit": .string("ns")]),
      ])
    }
    return .array([team("dispatch", 5000, cpus: "0 1"), team("pinned", 1500, cpus: "0 1")])
  }

  @Test func teamsStandSideBySideOnLargeLayers() throws {
    func layer(_ row: inout Row) { (row.m, row.n, row.k) = (1000, 500, 100) }
    var manifest = ExampleRun.manifest
    manifest.peaks = Self.peaks
    let rows = [
      Self.row(1, 1e6, edit: layer), Self.row(2, 5e5, edit: layer),
      Self.row(2, 6.25e5) {
        layer(&$0)
        $0.team = "pinned"
      },
      // Too small to count.
      Self.row(1, 1e6) { $0.layer = "mb1ic8oc8" }, Self.row(2, 1e6) { $0.layer = "mb1ic8oc8" },
    ]
    let text = try section("Teams", rows, manifest)
    #expect(try cells(text, "| dispatch |") == ["dispatch", "2", "1", "100", "100", "5.00"])
    #expect(try cells(text, "| pinned |") == ["pinned", "2", "1", "80.0", "80.0", "1.50"])
  }

  @Test func splitsHaveTheirTrafficAndWinners() throws {
    let rows = [
      Self.row(1, 1e6), Self.row(2, 5e5),
      Self.row(2, 6e5) { $0.split = "channels" },
    ]
    var manifest = ExampleRun.manifest
    manifest.predictions = rows.dropFirst().map {
      PredictedTime(
        caseKey: $0.caseKey, nanoseconds: 5.2e5, besideSamples: 8e5, inputBytes: $0.split == "pixels" ? 1024 : 2048,
        weightBytes: 4096, outputBytes: 512, imbalancePercent: 12.5)
    }
    let text = try section("Splits", rows, manifest)
    #expect(try cells(text, "| channels | 1 |") == ["channels", "1", "0", "1.20×", "–", "–", "–"])
    #expect(try cells(text, "| pixels | 1 |").prefix(4) == ["pixels", "1", "1", "1.00×"])
    #expect(text.contains("| 12.5 | 2.00 | 4.00 | 0.500 |") && text.contains("| 12.5 | 1.00 | 4.00 | 0.500 |"))

    let model = try section("Model", rows, manifest)
    // Errors of 4 and −13.3 %, and beside the samples of 60 and 33 %.
    #expect(try cells(model, "| 2 | 2 |") == ["2", "2", "8.67", "100", "0"], "\(model)")
    #expect(model.contains("| -13.3 |"))
  }

  @Test func nothingIsSaidWithoutThreadsOrPredictions() {
    let text = MarkdownReport.render(ExampleRun.manifest, [Self.row(1, 1e6)])
    for title in ["Scaling", "Splits", "Teams", "Model"] { #expect(!text.contains("## \(title)\n"), "\(title)") }
  }
}
