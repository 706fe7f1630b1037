import Foundation
import Layers
import Results
import Testing

@testable import Reports

@Suite struct PlotTests {
  /// The example with peaks, so that it has every kind of plot.
  static func rows(name: String = "tiny") -> [Row] {
    ["hot", "cold"].flatMap { cache in
      ExampleRun.rows.map { row in
        var row = row
        row.network = name
        row.cache = cache
        row.peakGFLOPS = 20
        row.peakPercent = row.gflops.map { 5 * $0 }
        row.arithmeticIntensity = 4
        row.bound = "compute"
        row.rooflinePercent = row.peakPercent
        return row
      }
    }
  }

  private func plots(_ rows: [Row]) -> [Plot] { ReportDocument(ReportedRun(ExampleRun.manifest, rows)).plots }

  @Test func everyKindIsThere() {
    let plots = plots(Self.rows())
    #expect(
      Set(plots.map { $0.name.split(separator: "-")[0] }) == [
        "rate", "heat", "roofline", "speedup", "efficiency", "cache",
      ])
    #expect(Set(plots.map(\.name)).count == plots.count)
    #expect(plots.allSatisfy { $0.name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") } })
  }

  @Test func namesDifferEvenIfNetworksAreWrittenAlike() {
    let names = plots(Self.rows(name: "a b") + Self.rows(name: "a-b")).map(\.name)
    #expect(Set(names).count == names.count && names.contains { $0.hasSuffix("-2") })
  }

  @Test func aReportHasSoManyPlotsAndSaysSo() {
    let run = ReportedRun(ExampleRun.manifest, Self.rows())
    let all = ReportDocument(run).plots
    let document = ReportDocument(run, plotLimit: 5)
    #expect(document.plots.map(\.name) == all.prefix(5).map(\.name))
    #expect(
      MarkdownReport.render(document, .none)
        .contains("\n- \(all.count - 5) plots more than the 5 that a report has at most are not drawn.\n"))
    #expect(!MarkdownReport.render(ReportDocument(run, plotLimit: all.count), .none).contains("not drawn"))
  }

  @Test func theAxisEndsAtThePeak() throws {
    let plots = plots(Self.rows())
    let plot = try #require(plots.first { $0.name.hasPrefix("rate") })
    #expect(plot.commands.contains("set yrange [0:20.0]") && plot.commands.contains("'peak: 20.0 GFLOP/s'"))
    // A value above the peak is not cut off: 2048 FLOP in 100 ns, and the interval's shorter end.
    var rows = Self.rows()
    for index in rows.indices where rows[index].kernel == "simd" {
      ExampleRun.measure(&rows[index], 100)
      rows[index].peakGFLOPS = 20
    }
    let high = try #require(self.plots(rows).first { $0.name.hasPrefix("rate") })
    #expect(high.commands.contains("set yrange [0:\(4096 / 99.5)]"), "\(high.commands)")
  }

  @Test(arguments: [1, 20, 21, 37, 40, 41, 60]) func atMostTwentyLayersAPlot(count: Int) {
    let row = Self.rows()[0]
    let rows = (0..<count).map { index in
      var row = row
      row.layer += "\(index)"
      return row
    }
    let rates = plots(rows).filter { $0.name.hasPrefix("rate") }
    let layers = rates.map { plot in
      plot.commands.split(separator: "\n").first { $0.hasPrefix("set xtics") }.map {
        $0.split(separator: "→").count - 1
      }
    }.compactMap { $0 }
    #expect(layers.reduce(0, +) == count && layers.allSatisfy { $0 <= 20 } && rates.count == (count + 19) / 20)
    #expect((layers.max() ?? 0) - (layers.min() ?? 0) <= 1, "even parts")
  }

  @Test func fourNumbersOfThreadsArePlotted() {
    let rows = (1...64).map { threads in
      var row = ExampleRun.rows[0]
      row.threads = threads
      return row
    }
    let network = RunAnalysis(rows).networks[0]
    #expect(network.plottedSettings.map(\.threads) == [1, 4, 16, 64])
    #expect(RunAnalysis(Array(rows.prefix(4))).networks[0].plottedSettings.count == 4)
  }

  @Test func layersHaveShortNames() {
    var row = ExampleRun.rows[0]
    (row.ic, row.oc, row.ih, row.iw, row.sh, row.sw, row.mb) = (256, 64, 56, 56, 1, 1, 1)
    #expect(LayerLabel.short(row) == "256→64 @56²")
    (row.iw, row.sh, row.sw, row.mb) = (28, 2, 2, 8)
    #expect(LayerLabel.short(row) == "8×256→64 @56×28 /2")
    row.sw = 1
    #expect(LayerLabel.short(row) == "8×256→64 @56×28 /2×1")
    var other = row
    (other.op, other.k, other.oc, other.mb) = (.fc, 2048, 1000, 1)
    #expect(
      LayerLabel.distinct([row, other, row]) == [
        "\(LayerLabel.short(row)) #1", "2048→1000", "\(LayerLabel.short(row)) #2",
      ])
  }

  @Test func stringsOfGnuplotHoldAnything() {
    #expect(GnuplotScript.string("a'b`c\"\\n\n$@") == "'a''b`c\"\\n $@'")
    #expect(GnuplotScript.number(nil) == "NaN" && GnuplotScript.number(.infinity) == "NaN")
    #expect(GnuplotScript.fileName(["ResNet-50 v1.5", "é/..", "2 threads"]) == "resnet-50-v1-5-2-threads")
  }

  @Test(.enabled(if: Programs.gnuplot != nil), arguments: PlotFormat.allCases)
  func gnuplotDrawsThemAll(format: PlotFormat) async {
    let hostile = "`touch /tmp/pointwise-hostile` '\"<&>@x $(ls) \u{7}\\"
    let plots = plots(Self.rows() + Self.rows(name: hostile))
    let images = await Gnuplot().draw(plots, as: format)
    #expect(images.failure == nil && images.files.count == plots.count, "\(images.failure ?? "")")
    #expect(!FileManager.default.fileExists(atPath: "/tmp/pointwise-hostile"))
    for plot in plots where format == .svg {
      let text = String(decoding: images.files[plot.name] ?? [], as: UTF8.self)
      #expect(text.contains("</svg>") && !text.contains("<&>"), "\(plot.name)")
      // Every layer and every kernel has its name in the picture.
      if plot.name.hasPrefix("rate") || plot.name.hasPrefix("heat") {
        for word in ["naive", "simd", "8→8 @4²", "16→8 @4²", "32→8"] {
          #expect(text.contains(word), "\(plot.name): \(word)")
        }
      }
    }
  }

  @Test func aMissingGnuplotIsOneSentence() async throws {
    let plots = plots(Self.rows())
    let images = await Gnuplot(program: "/nowhere/gnuplot").draw(plots, as: .svg)
    let sentence = try #require(images.failure)
    #expect(
      images.files.isEmpty && sentence.hasPrefix("Plots are missing (\(plots[0].name) and \(plots.count - 1) more"))
    #expect(sentence.contains("/nowhere/gnuplot cannot be started; install it") && sentence.contains("gnuplot-nox"))
  }

  @Test func aFailingGnuplotIsNamedWithItsMessage() async throws {
    let folder = try TemporaryFolder()
    let program = try folder.program("gnuplot", "cat >/dev/null; echo 'line 3: no such thing' >&2; exit 3")
    let images = await Gnuplot(program: program).draw(Array(plots(Self.rows()).prefix(1)), as: .svg)
    #expect(
      images.files.isEmpty && images.failure?.contains("line 3: no such thing") == true, "\(images.failure ?? "")")
    // Nor need it read what it is told.
    let deaf = try folder.program("deaf", "exit 1")
    for _ in 0..<5 {
      let none = await Gnuplot(program: deaf).draw(plots(Self.rows()), as: .svg)
      #expect(none.files.isEmpty && none.failure?.contains("it ended with") == true, "\(none.failure ?? "")")
    }
    // Half a picture is none.
    let half = try folder.program("half", "cat >/dev/null; echo '<?xml'; echo '<svg'")
    let other = await Gnuplot(program: half).draw(Array(plots(Self.rows()).prefix(1)), as: .svg)
    #expect(other.files.isEmpty && other.failure?.contains("not a whole SVG") == true, "\(other.failure ?? "")")
  }

  @Test func aHangingGnuplotIsEnded() async throws {
    let folder = try TemporaryFolder()
    let program = try folder.program("gnuplot", "sleep 1000 & echo $! >\(folder.path)/child; wait")
    // Long enough that the program has started: it is ended whenever that is.
    let images = await Gnuplot(program: program, timeLimit: .milliseconds(1500)).draw(plots(Self.rows()), as: .svg)
    #expect(images.files.isEmpty && images.failure?.contains("within 1.5 seconds") == true, "\(images.failure ?? "")")
    let child = try #require(Int32(folder.text("child").trimmingPrefix(" ").split(separator: "\n").first ?? ""))
    // What it started ends too, though it may take a moment; a zombie that nobody has waited for yet counts as ended.
    func isAlive() -> Bool {
      let state = try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8).split(separator: ")").last
      return state.map { !$0.hasPrefix(" Z") } ?? false
    }
    for _ in 0..<600 where isAlive() { try await Task.sleep(for: .milliseconds(100)) }
    #expect(!isAlive())
  }
}
