import Foundation
import Layers
import Results
import Testing

@testable import Reports

@Suite struct MarkdownReportTests {
  /// The lines of the section or subsection that begins with `heading`, up to the next heading.
  private func section(_ heading: String, of report: String) -> [String] {
    let lines = report.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard let start = lines.firstIndex(where: { $0.hasPrefix(heading) }) else { return [] }
    return [lines[start]] + lines[(start + 1)...].prefix { !$0.hasPrefix("#") }
  }

  /// The cells of the data rows of the tables in `lines`.
  private func cells(_ lines: [String]) -> [[String]] {
    let tables = lines.filter { $0.hasPrefix("| ") }
    return tables.enumerated().compactMap { index, line in
      let isHeader = index + 1 < tables.count && tables[index + 1].hasPrefix("| ---")
      return isHeader || line.hasPrefix("| ---") ? nil : split(line)
    }
  }

  /// The cells of a line of a table, as GitHub splits it: at each `|` without a backslash.
  private func split(_ line: String) -> [String] {
    var cells: [String] = [""]
    var escaped = false
    for character in line {
      if character == "|" && !escaped {
        cells.append("")
      } else {
        cells[cells.count - 1].append(character)
      }
      escaped = character == "\\" && !escaped
    }
    return cells.dropFirst().dropLast().map { String($0.trimmingPrefix(" ").reversed().trimmingPrefix(" ").reversed()) }
  }

  private var report: String { MarkdownReport.render(ExampleRun.manifest, ExampleRun.rows) }

  @Test func exampleRowsAgreeWithThemselves() {
    for row in ExampleRun.rows { #expect(RowAudit.check(row) == []) }
  }

  @Test func sameInputSameText() {
    #expect(report == report)
    let noWarnings = section("## Warnings", of: report)
    #expect(noWarnings == [], "a clean run has no warnings")
  }

  @Test func theMachineIsOneLine() {
    #expect(report.hasPrefix("# PointwiseLab: quick\n\nExample CPU, 2 CPUs, 16.0 GiB of memory.\n"))
  }

  @Test func everyLayerHasATableWithTheFastestFirst() {
    for layer in ExampleRun.layers {
      let lines = section("### tiny: `\(layer.descriptor)`", of: report)
      let rows = cells(lines)
      #expect(rows.count == (layer.op == .fc ? 4 : 8), "\(layer.descriptor)")
      let times = rows.compactMap { Double($0[3]) }
      #expect(times == times.sorted() && times.count == rows.count)
      #expect(rows.first?[0] == "`simd-portable-pixels-dispatch`")
    }
  }

  @Test func numbersOfALayer() throws {
    let lines = section("### tiny: `\(ExampleRun.layers[0].descriptor)`", of: report)
    #expect(lines.contains { $0.contains("M × N × K = 16 × 8 × 8, 0.00205 MFLOP, run 3 times.") })
    // 2·16·8·8 = 2048 FLOP in 250 ns; naive with two threads took 4000 ns; one thread 500 ns.
    let rows = cells(lines)
    #expect(
      rows[0] == [
        "`simd-portable-pixels-dispatch`", "nhwc", "2", "250", "1.00", "8.19", "16.0×", "2.00×", "100", "0.0100",
      ])
    #expect(lines.contains { $0.contains("| time (ns) | ± (%) | GFLOP/s |") })
    #expect(!report.contains("roofline (%)") && !report.contains("clock (GHz)") && !report.contains("| places"))
  }

  @Test func columnsAppearWhenARowHasThem() {
    var rows = ExampleRun.rows
    rows[0].peakPercent = 80
    rows[0].clockGHz = 2.5
    rows[1].bind = "spread"
    let text = MarkdownReport.render(ExampleRun.manifest, rows)
    #expect(text.contains("| peak (%) |") && text.contains("| clock (GHz) |") && text.contains("| bind |"))
    #expect(!text.contains("| places |"))
  }

  @Test func wholeNetworkTimesByHand() throws {
    let lines = section("### tiny: 0.00000563 GMAC", of: report)
    // Σ count·m·n·k = 3·1024 + 1·2048 + 2·256 = 5632 MAC.
    #expect(lines.contains("3 distinct layers, run 6 times in all."))
    let rows = cells(lines)
    // nchw, simd, 1 thread: 3·1000 + 1·400 + 2·600 = 4600 ns; 2 threads: 1500 + 250 + 1200 = 2950 ns.
    // nhwc halves the convolutions: 2900 and 2075 ns. naive: 24000 + 2000 + 12000 = 38000 and 19000 ns.
    func time(_ variant: String, _ layout: String, _ threads: String) -> [String]? {
      rows.first { $0[0] == variant && $0[1] == layout && $0[2] == threads }.map { Array($0[3...]) }
    }
    let simd = "`simd-portable-pixels-dispatch`"
    #expect(time(simd, "nchw", "1") == ["4.60", "2.45", "8.26×"])
    #expect(time(simd, "nchw", "2") == ["2.95", "3.82", "6.44×"])
    #expect(time(simd, "nhwc", "1") == ["2.90", "3.88", "13.1×"])
    #expect(time(simd, "nhwc", "2") == ["2.08", "5.43", "9.16×"])
    #expect(time("`naive-portable-pixels-dispatch`", "nhwc", "2") == ["19.0", "0.593", "1.00×"])
    #expect(time("*fastest of each layer*", "nhwc", "2") == ["2.08", "5.43", "9.16×"])
    #expect(rows.count == 12)
  }

  @Test func headlinesByHand() {
    let rows = cells(section("## Results in brief", of: report))
    // Best over naive, nchw, 1 thread: 8³·5¹·10² to the power of 1/6 = 7.97.
    #expect(
      rows.contains([
        "tiny", "nchw", "1", "`simd-portable-pixels-dispatch`", "4.60", "2.45", "7.97×", "3 of 3",
      ]))
  }

  @Test func winnersByHand() {
    let rows = cells(section("### tiny", of: report))
    #expect(rows.count == 2 * 2 + 2 * 2 + 2)
    #expect(
      rows.contains([
        #"`mb1ic32oc8n"fc*2"`"#, "2", "nc", "2", "`simd-portable-pixels-dispatch`", "600", "597 to 606", "1.00",
        "0.853", "5.00×", "1.00×",
      ]))
  }

  @Test func theRowsOwnSpeedupIsShown() {
    var rows = ExampleRun.rows
    for index in rows.indices { rows[index].speedup = 3.21 }
    let text = MarkdownReport.render(ExampleRun.manifest, rows)
    #expect(cells(section("### tiny: `\(ExampleRun.layers[0].descriptor)`", of: text))[0][7] == "3.21×")
  }

  @Test func casesWithoutAResultAreShown() {
    var rows = ExampleRun.rows
    rows[0] = ExampleRun.unmeasured(rows[0], .skipped, "one execution would take 12 s | too long")
    rows[2] = ExampleRun.unmeasured(rows[2], .incorrect, "row 3 differs")
    rows[2].maxError = 0.5
    rows[2].errorBound = 1e-5
    rows[3] = ExampleRun.unmeasured(rows[3], .unsupported, "needs avx512")
    var manifest = ExampleRun.manifest
    manifest.skippedEntries = [
      RunManifest.SkippedEntry(file: "shapes_x", line: 7, text: "mb1kh3", reason: "the kernel is 3×3")
    ]
    let text = MarkdownReport.render(manifest, rows)
    let others = cells(section("### Cases without a result", of: text))
    #expect(others.count == 4)
    #expect(others[0][0] == "incorrect" && others[0][6].contains("largest error 0.5, bound 1e-05"))
    #expect(others[1][0] == "unsupported" && others[2][0] == "skipped")
    #expect(others[2][6] == #"one execution would take 12 s \| too long"#)
    #expect(others[3] == ["shapes\\_x", "7", "`mb1kh3`", "the kernel is 3×3"])

    let warnings = section("## Warnings", of: text)
    #expect(warnings.contains("- Incorrect results: 1 of 20 cases."))
    #expect(warnings.contains("- Skipped: 1 of 20 cases."))
    #expect(warnings.contains("- Not supported: 1 of 20 cases."))

    // The totals of what is missing are gone, and the report says so.
    let network = section("### tiny: 0.00000563 GMAC", of: text)
    #expect(network.contains("No total, because some layers have no result:"))
    let incomplete = cells(network).filter { $0.last?.hasSuffix("of 3") == true }
    #expect(
      incomplete.map { $0.prefix(3).joined(separator: " ") + " " + ($0.last ?? "") } == [
        "`naive-portable-pixels-dispatch` nchw 1 2 of 3", "`simd-portable-pixels-dispatch` nchw 1 2 of 3",
        "`simd-portable-pixels-dispatch` nchw 2 2 of 3",
      ])
    // An incorrect row has no performance, and stands below those that were measured.
    let table = cells(section("### tiny: `\(ExampleRun.layers[0].descriptor)`", of: text))
    #expect(table.count == 8)
    #expect(table[5].contains("incorrect: row 3 differs") && table[5][3] == "–")
  }

  @Test func warningsSayWhatIsWrong() {
    var rows = ExampleRun.rows
    rows[0].quality = .oversubscribed
    rows[1].timeCILow = nil
    rows[1].timeCIHigh = nil
    rows[2].timeCIHigh = rows[2].timeMedian.map { $0 * 1.5 }
    rows[3].gflops = 1e6
    var manifest = ExampleRun.manifest
    manifest.status = .interrupted
    manifest.resumed = [manifest.started, manifest.started]
    manifest.environment.build = .debug
    manifest.environment.hypervisor = "QEMU"
    manifest.environment.governors = ["powersave"]
    manifest.environment.cpuQuota = 1.5
    manifest.environment.loadAverage = [3, 2, 1]
    manifest.environment.caches?.removeLast()
    let text = MarkdownReport.render(manifest, rows, dropped: [DroppedLine(file: "R/results.csv", line: 9)])
    let warnings = section("## Warnings", of: text).joined(separator: "\n")
    for expected in [
      "interrupted", "continued 2 times", "debug build", "More threads than CPUs: 1 of 20", "Without a 95 % interval",
      "wider than the ±2.00 % that was asked for: 1 of 20", "contradict each other: 1 of 20 cases", "virtual (QEMU)",
      "powersave", "only 1.5 CPUs", "load average was 3.", "no cache of level 3",
      "R/results.csv:9: the last line is incomplete",
    ] { #expect(warnings.contains(expected), "\(expected)") }
  }

  @Test func tablesAreValidForHostileNames() {
    var rows = ExampleRun.rows
    for index in rows.indices {
      rows[index].network = "a|b\n<c>"
      rows[index].variant += "|`x`"
      rows[index].notes = "x | y\n| z \\| <script>"
    }
    rows[0] = ExampleRun.unmeasured(rows[0], .failed, "a|b\r\nc")
    let text = MarkdownReport.render(ExampleRun.manifest, rows)
    var width = 0
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      guard line.hasPrefix("|") else {
        width = 0
        continue
      }
      let count = split(line).count
      if width == 0 { width = count }
      #expect(count == width, "\(line)")
    }
    #expect(!text.contains("<script>") || text.contains("\\<script\\>"))
    #expect(text.contains("failed: a\\|b"))
  }

  @Test func theRunCanBeRepeated() {
    #expect(report.contains("```sh\npointwise run 'my suite.yaml' --threads 1,2\n```"))
    #expect(report.contains("`--seed 42`"))
  }

  @Test(arguments: [
    (["--output", "/tmp/x"], ""), (["--output=/tmp/x", "--seed", "1"], " --seed 1"),
    (["--layer", "a", "--output", "x", "--threads", "1"], " --layer a --threads 1"),
    (["--", "--output"], " -- --output"), (["--output"], ""),
  ])
  func theFolderIsNotRepeated(arguments: [String], kept: String) {
    var manifest = ExampleRun.manifest
    manifest.commandLine = ["pointwise", "run"] + arguments
    #expect(MarkdownReport.render(manifest, []).contains("```sh\npointwise run\(kept)\n```"), "\(arguments)")
  }

  @Test func doubtfulRowsAreMarked() {
    let valid = section("## Fastest variant", of: report) + section("### tiny", of: report)
    #expect(!valid.joined().contains("quality") && !valid.joined().contains("≈"))
    // The fastest variant of the first layer in nchw on two threads, and the row that it is compared with over one.
    var rows = ExampleRun.rows
    for index in rows.indices where rows[index].kernel == "simd" && rows[index].op == .conv1x1 {
      let isFirst = rows[index].count == 3 && rows[index].layout == .nchw
      guard isFirst, rows[index].threads == 2 else { continue }
      rows[index].quality = .noisy
      rows[index].timeCIHigh = rows[index].timeMedian.map { $0 * 3 }
    }
    let text = MarkdownReport.render(ExampleRun.manifest, rows)
    let found = cells(section("### tiny", of: text))
    let noisy = found.filter { $0.last == "noisy" }
    #expect(
      noisy.map { Array($0[2...]) } == [
        [
          "nchw", "2", "`simd-portable-pixels-dispatch`", "500", "498 to 1500", #"\>100"#, "4.10", "≈8.00×", "≈2.00×",
          "noisy",
        ]
      ])
    #expect(found.count { $0.contains { $0.hasPrefix("≈") } } == 1)
    // So are the ratios of the network with that layer, and no others.
    let brief = cells(section("## Results in brief", of: text))
    #expect(brief.count { $0[6].hasPrefix("≈") } == 1 && brief.count == 4)
    let totals = cells(section("### tiny: 0.00000563 GMAC", of: text)).filter { $0.last?.hasPrefix("≈") == true }
    #expect(totals.map { $0[1...2].joined(separator: " ") } == ["nchw 2", "nchw 2"])
  }

  @Test func aDisturbedBaselineMarksTheRatiosOverIt() {
    var rows = ExampleRun.rows
    for index in rows.indices where rows[index].kernel == "naive" && rows[index].threads == 1 {
      rows[index].quality = .throttled
    }
    let text = MarkdownReport.render(ExampleRun.manifest, rows)
    for row in cells(section("### tiny: `\(ExampleRun.layers[0].descriptor)`", of: text)) {
      let (isNaive, threads) = (row[0].contains("naive"), row[2])
      // A row is as fast as itself, whatever disturbed it.
      #expect(row[6].hasPrefix("≈") == (!isNaive && threads == "1"), "\(row)")
      #expect(row[7].hasPrefix("≈") == (isNaive && threads == "2"), "\(row)")
    }
  }

  private static func quantity(_ median: Double, _ unit: String) -> JSONValue {
    .object(["median": .number(median), "low": .number(median / 2), "unit": .string(unit), "samples": .integer(5)])
  }

  @Test func everyTeamsCeilingsHaveATable() {
    func team(_ threads: Int, _ cpus: String) -> JSONValue {
      .object([
        "threads": .integer(threads), "team": .string("dispatch"), "cpus": .string(cpus),
        "multiplyAdds": .object([
          "avx2": Self.quantity(100, "GFLOP/s"), "portable": Self.quantity(25, "GFLOP/s"),
        ]),
        "bandwidths": .array([
          .object([
            "level": .string("L1"), "bytesPerWorker": .integer(8), "read": Self.quantity(200, "GB/s"),
            "triad": Self.quantity(150, "GB/s"),
          ])
        ]),
        "forkJoin": Self.quantity(900, "ns"), "rendezvousPercent": .integer(99), "clock": Self.quantity(2.5, "GHz"),
        "timer": .object(["resolution": .integer(20), "overhead": .number(22.5)]),
      ])
    }
    #expect(section("## Ceilings", of: report).isEmpty)
    var manifest = ExampleRun.manifest
    manifest.peaks = .array([team(1, "0"), team(2, "")])
    let text = MarkdownReport.render(manifest, ExampleRun.rows)
    for title in ["### 1 thread, dispatch, CPUs 0", "### 2 threads, dispatch, not pinned"] {
      #expect(
        cells(section(title, of: text)) == [
          ["multiply-adds, portable", "25.0", "12.5", "–", "GFLOP/s"],
          ["multiply-adds, avx2", "100", "50.0", "–", "GFLOP/s"], ["L1, read", "200", "100", "–", "GB/s"],
          ["L1, triad", "150", "75.0", "–", "GB/s"], ["fork and join", "900", "450", "–", "ns"],
          ["clock", "2.50", "1.25", "–", "GHz"], ["runs in which all threads met", "99.0", "–", "–", "%"],
          ["timer, smallest step", "20.0", "–", "–", "ns"], ["timer, one reading", "22.5", "–", "–", "ns"],
        ], "\(title)")
    }
    // Another form is left out, and said to be.
    for peaks: JSONValue in [.string("x"), .object([:]), .array([.object(["threads": .integer(1)])])] {
      manifest.peaks = peaks
      let text = MarkdownReport.render(manifest, ExampleRun.rows)
      #expect(section("## Ceilings", of: text).isEmpty && text.contains("- The ceilings in run.json"), "\(peaks)")
    }
  }

  /// What fork and join and the timer are of the shortest case of a team, by that team's own rows.
  @Test func forkJoinAndTimerAreStatedAsPartsOfTheShortestCase() throws {
    let json = """
      [{"threads": 2, "team": "dispatch", "cpus": "0 1", "multiplyAdds": {}, "bandwidths": [],
        "forkJoin": {"median": 150, "unit": "ns"}, "timer": {"resolution": 20, "overhead": 22}}]
      """
    let ceilings = try #require(
      Ceilings.list(try JSONDecoder().decode(JSONValue.self, from: Data(json.utf8)))?.first)
    var short = try #require(ExampleRun.rows.first { $0.status == .ok })
    (short.threads, short.team, short.cpus, short.timeMedian, short.iterations) = (2, "dispatch", "0 1", 1000, 1000)
    var long = short
    (long.timeMedian, long.iterations) = (4e5, 2)
    var other = short
    (other.cpus, other.timeMedian) = ("0 2", 10)
    #expect(
      ceilings.shares(of: [long, other, short]).map(\.plain) == [
        "Fork and join are part of every time: at most 15.0 % of it, in the shortest case.",
        "Short layers are repeated within a sample: the timer's smallest step is at most 0.00250 % of one.",
      ])
    #expect(ceilings.shares(of: [other]).isEmpty)
    // One of the two threads alone has no fork-join, but the timer's step.
    var alone = short
    (alone.notes, alone.timeMedian) = ("auto took none: 1 of 2 threads computes; stopped by precision", 500)
    #expect(
      ceilings.shares(of: [long, alone, short]).map(\.plain) == [
        "Fork and join are part of every time: at most 15.0 % of it, in the shortest case.",
        "Short layers are repeated within a sample: the timer's smallest step is at most 0.00400 % of one.",
      ])
  }

  /// A suite may say that a network runs each of two layers as often as there are integers.
  @Test func countsMayAddUpToMoreThanAnInteger() {
    var rows = ExampleRun.rows
    for index in rows.indices { (rows[index].count, rows[index].rounds, rows[index].cleanRounds) = (.max, .max, .max) }
    let report = MarkdownReport.render(ExampleRun.manifest, rows)
    #expect(section("## Noise", of: report).contains { $0.contains("100") })
    #expect(report.contains(" times in all."))
  }

  @Test func whatAnInterruptionCutShortIsSaid() {
    func noise(_ rows: [Row]) -> String {
      section("## Noise", of: MarkdownReport.render(ExampleRun.manifest, rows)).joined(separator: "\n")
    }
    var rows = ExampleRun.rows
    #expect(noise(rows).contains("spent on it") && !noise(rows).contains("stopped by interrupted"))
    for index in rows.indices where rows[index].status == .ok { rows[index].notes = Row.cutShortNote }
    #expect(noise(rows).contains("stopped by interrupted"))
  }

  @Test func cacheStatesStandSideBySide() {
    #expect(section("## Cache states", of: report).isEmpty)
    var rows: [Row] = []
    for (state, factor) in [("cold", 3.0), ("hot", 1), ("cold-weights", 2)] {
      for var row in ExampleRun.rows {
        row.cache = state
        ExampleRun.measure(&row, (row.timeMedian ?? 0) * factor)
        if state == "cold" && row.op == .fc { row.quality = .noisy }
        rows.append(row)
      }
    }
    let text = MarkdownReport.render(ExampleRun.manifest, rows)
    let lines = text.split(separator: "## Cache states")[1].split(separator: "\n## ")[0]
      .split(separator: "\n").map(String.init)
    #expect(lines.contains("| layer | layout | threads | hot (ns) | cold-weights (ns) | cold (ns) | quality |"))
    let found = cells(lines)
    // Layer, layout and threads: 2·2 for each convolution, 2 for the fully connected layer.
    #expect(found.count == 2 * 4 + 2)
    for row in found {
      let times = row[3...5].compactMap { Double($0) }
      #expect(times.count == 3 && times.map { $0 / times[0] } == [1, 2, 3], "\(row)")
      #expect(row[6] == (row[1] == "nc" ? "cold noisy" : ""), "\(row)")
    }
  }

  @Test func aRunWithoutRowsHasAReport() {
    let text = MarkdownReport.render(ExampleRun.manifest, [])
    #expect(text.contains("No variant was measured on every layer of a network"))
    #expect(text.contains("## Machine"))
    #expect(ConsoleReport.render([]) == "")
  }
}
