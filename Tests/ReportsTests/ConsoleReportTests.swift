import Results
import Testing

@testable import Reports

@Suite struct ConsoleReportTests {
  @Test func everyLayerAndTheNetworkHaveALine() {
    let text = ConsoleReport.render(ExampleRun.rows)
    let lines = text.split(separator: "\n").map(String.init)
    #expect(lines[0] == "tiny: 3 layers, 0.00000563 GMAC")
    for layer in ExampleRun.layers {
      #expect(lines.count { $0.hasPrefix(layer.descriptor + " ") } == (layer.op == .fc ? 2 : 4))
    }
    #expect(
      lines.contains(
        "whole network, nhwc, 2 threads: 2.08 µs, 5.43 GFLOP/s by simd-portable-pixels-dispatch"))
    #expect(lines.last == "20 cases: 20 ok")
    #expect(!text.contains("placement"))
  }

  @Test func narrowTerminalsGetShorterLines() {
    let wide = ConsoleReport.render(ExampleRun.rows)
    let widest = wide.split(separator: "\n").map { displayWidth(String($0)) }.max() ?? 0
    #expect(ConsoleReport.render(ExampleRun.rows, width: widest) == wide)
    for width in [80, 100, widest - 1] {
      let lines = ConsoleReport.render(ExampleRun.rows, width: width).split(separator: "\n").map(String.init)
      #expect(lines.allSatisfy { displayWidth($0) <= width }, "\(lines)")
      // What the names have lost stands above them.
      #expect(lines[1] == "all variants: ISA portable, team dispatch")
      #expect(lines.contains("whole network, nhwc, 2 threads: 2.08 µs, 5.43 GFLOP/s by simd pixels"))
    }
    let narrow = ConsoleReport.render(ExampleRun.rows, width: 80).split(separator: "\n").map(String.init)
    for layer in ExampleRun.layers { #expect(narrow.count { $0 == layer.descriptor } == 1) }
    // Variants of two teams keep their whole names.
    var rows = ExampleRun.rows
    rows[0].team = "dispatch-apply"
    #expect(!ConsoleReport.render(rows, width: 80).contains("all variants"))
    #expect(ConsoleReport.render(rows, width: 80).contains("simd-portable-pixels-dispatch"))
  }

  @Test func doubtfulRowsAreMarked() {
    let valid = ConsoleReport.render(ExampleRun.rows)
    #expect(!valid.contains("≈") && !valid.contains("quality") && !valid.contains("!"))
    var rows = ExampleRun.rows
    for index in rows.indices where rows[index].kernel == "simd" && rows[index].op == .fc {
      rows[index].quality = .noisy
      rows[index].timeCIHigh = rows[index].timeMedian.map { $0 * 3 }
    }
    let wide = ConsoleReport.render(rows)
    #expect(wide.split(separator: "\n").count { $0.hasSuffix("  noisy") && $0.contains(" >100 ") } == 2)
    #expect(wide.contains("≈5.00×") && wide.contains("\n≈: a side of the ratio is not valid"))
    let narrow = ConsoleReport.render(rows, width: 80)
    let lines = narrow.split(separator: "\n").map(String.init)
    #expect(lines.allSatisfy { displayWidth($0) <= 80 }, "\(narrow)")
    #expect(lines.count { $0.contains(" >100! ") } == 2 && lines.contains("!: noisy"), "\(narrow)")
  }

  @Test(arguments: [nil, 80]) func layoutsOfALibrarysOwnAreMarked(_ width: Int?) {
    var rows = ExampleRun.rows
    for index in rows.indices where rows[index].kernel == "simd" { rows[index].kernel = "a.any~2" }
    let text = ConsoleReport.render(rows, width: width, ownLayoutKernels: ["a.any"])
    let lines = text.split(separator: "\n")
    #expect(lines.count { $0.contains("simd") && $0.contains("pixels") && $0.contains("†") } == 14, "\(text)")
    #expect(lines.contains("†: the library chose the layout of input and output"))
    #expect(!ConsoleReport.render(rows, width: width, ownLayoutKernels: ["b.any"]).contains("†"))
  }

  @Test func linesOfNetworksNameWhatVaries() {
    let example = ExampleRun.rows
    func copy(_ change: (inout Row) -> Void) -> [Row] {
      example.map { row in
        var row = row
        change(&row)
        return row
      }
    }
    let variants: [(axes: String, rows: [Row])] = [
      ("places sockets", copy { $0.places = "sockets" }), ("bind spread", copy { $0.bind = "spread" }),
      ("cache cold", copy { $0.cache = "cold" }),
      (
        "team dispatch-apply",
        copy {
          $0.team = "dispatch-apply"
          $0.variant += "-apply"
        }
      ),
    ]
    for (axes, rows) in variants {
      let text = ConsoleReport.render(example + rows)
      let names = text.split(separator: "\n").filter { $0.hasPrefix("whole network") }.map {
        $0.split(separator: ":")[0]
      }
      #expect(names.count == 8 && Set(names).count == 8, "\(names)")
      #expect(names.contains("whole network, nhwc, 2 threads, \(axes)"), "\(names)")
    }
  }

  @Test func columnsWithoutTitlesAreAligned() {
    let lines = TextColumns.lines(
      [["a", "1", "x"], ["日本", "20", ""], ["c"]], alignments: [.left, .right], indent: 2)
    #expect(lines == ["  a      1  x", "  日本  20", "  c"])
    #expect(TextColumns.lines([]).isEmpty)
  }

  @Test func columnsAreAligned() {
    let table = Table(
      [.text("name"), .number("n"), .optionalText("note"), .text("end")],
      rows: [["日本", "1", "", "|"], ["e\u{301}", "100", "", "|"], ["a\nb", "–", "", "|"], ["👩‍👩‍👧", "2", "–", "|"]])
    let lines = table.text.split(separator: "\n").map(String.init)
    #expect(lines.count == 5 && !table.text.contains("note"))
    let ends = lines.dropFirst().map { displayWidth(String($0.prefix { $0 != "|" })) }
    #expect(Set(ends) == [4 + 2 + 3 + 2], "\(lines)")
  }

  @Test(arguments: [
    ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("µs", 2), ("👍", 2), ("✔\u{FE0F}", 2), ("×", 1),
    ("\u{200B}", 0),
  ])
  func widths(text: String, width: Int) {
    #expect(displayWidth(text) == width)
  }

  @Test(arguments: [
    (0.0, "0"), (1.0, "1.00"), (9.994, "9.99"), (9.996, "10.0"), (99.96, "100"), (123.4, "123"), (1234.0, "1230"),
    (999_600, "1000000"), (0.001234, "0.00123"), (-12.34, "-12.3"), (0.000_009_996, "0.0000100"),
  ])
  func threeSignificantDigits(value: Double, text: String) {
    #expect(Format.number(value) == text)
  }

  @Test func unknownNumbersAreDashes() {
    #expect(Format.number(nil) == "–" && Format.number(.nan) == "–" && Format.number(.infinity) == "–")
  }

  @Test(arguments: [
    (0.5, "0.500 ns"), (999.0, "999 ns"), (1_000.0, "1.00 µs"), (1.5e6, "1.50 ms"), (2.5e9, "2.50 s"),
    (7.2e12, "7200 s"),
  ])
  func unitsFit(nanoseconds: Double, text: String) {
    #expect(TimeUnit.text(nanoseconds) == text)
  }
}
