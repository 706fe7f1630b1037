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
      let line = lines.last { $0.contains("`\(row.layer.replacing("|", with: "\\|"))`") }
      let ratio = ["2.00", "0.500", "1.25"][factors.firstIndex(of: factor)!]
      #expect(line?.contains("`a.one-avx2-none-library`") ?? false, "\(line ?? "no line")")
      #expect(line?.contains("\(ratio)× (\(ratio)–\(ratio))") ?? false, "\(line ?? "no line")")
    }
    // 3 × 2 and 1 × ½: ⁴√(2³ · ½) = √2. The worst layer is that of the smallest ratio.
    let (worst, only) = (cell(simd[1].layer), cell(simd[2].layer))
    #expect(
      lines.contains("| nchw | 1 | 1.41× (1.41–1.41) | \(worst) | 0.500× (0.500–0.500) | 1 | 1 | 2 of 2 |"), "\(lines)")
    #expect(lines.contains("| nc | 1 | 1.25× (1.25–1.25) | \(only) | 1.25× (1.25–1.25) | 1 | 0 | 1 of 1 |"), "\(lines)")
    #expect(
      lines[1] == """
        **tiny, time of the best library on the same layout ÷ time of our best (geometric means; above 1, we are faster): \
        1.41× (1.41–1.41) in nchw on 1 thread; 1.25× (1.25–1.25) in nc on 1 thread.** Worst layer: 0.500× (0.500–0.500) \
        on `\(simd[1].layer)` in nchw on 1 thread.
        """, "\(lines[1])")
    #expect(!lines.contains { $0.contains("own choice") || $0.contains("(own layout)") })
  }

  /// The first line of the section, and those of its tables.
  private func section(_ rows: [Row], _ manifest: RunManifest, samples: [Sample]? = nil) throws -> [Substring] {
    let text = MarkdownReport.render(manifest, rows, samples: samples ?? rows.flatMap { self.samples($0) })
    let start = try #require(text.range(of: "## Against vendor libraries"))
    let end = try #require(text.range(of: "## Results in brief"))
    return text[start.lowerBound..<end.lowerBound].split(separator: "\n")
  }

  private func cell(_ layer: String) -> String { "`\(layer.replacing("|", with: "\\|"))`" }

  /// Convolutions on one thread: `simd` takes half of NCHW's time in NHWC. The library `free` is the fastest everywhere,
  /// in a layout of its own: 0.6 and 0.8 times `simd` in NHWC. `plain` takes 1.25 times `simd` in each layout.
  private var rowsWithOwnLayout: [Row] {
    let own = ExampleRun.rows.filter { $0.threads == 1 && $0.op == .conv1x1 && $0.kernel == "simd" }
    return own.flatMap { row in
      let isFirst = row.layer == ExampleRun.layers[0].descriptor
      let free = (isFirst ? 0.6 : 0.8) * (row.layout == .nchw ? 0.5 : 1)
      return [row, peer(row, "onednn.plain", 1.25), peer(row, "onednn.free", free)]
    }
  }

  private func manifest(ownLayout: [String]?) -> RunManifest {
    var manifest = ExampleRun.manifest
    manifest.peers = [.init(name: "onednn", path: "/a.so", version: "3.2.0", ownLayoutKernels: ownLayout)]
    return manifest
  }

  @Test func aLayoutOfItsOwnIsNoMatchForTheRowsLayout() throws {
    let lines = try section(rowsWithOwnLayout, manifest(ownLayout: ["onednn.free"]))
    let worst = ExampleRun.layers[0].descriptor
    let both = "1.25× (1.25–1.25) in nchw on 1 thread; 1.25× (1.25–1.25) in nhwc on 1 thread"
    #expect(lines[1].contains("faster): \(both).**"), "\(lines[1])")
    for layout in ["nchw", "nhwc"] {
      #expect(lines.contains { $0.hasPrefix("| \(layout) | 1 | 1.25× (1.25–1.25) | ") }, "\(lines)")
    }
    // 3 × 0.6 and 1 × 0.8, against NHWC: ⁴√(0.6³ · 0.8) = 0.645.
    #expect(
      lines[2] == """
        tiny, the same of a library that chooses the layout of input and output (`onednn.free`), against our best over \
        all layouts: 0.645× (0.645–0.645) on 1 thread. Worst layer: 0.600× (0.600–0.600) on `\(worst)` in nhwc on 1 thread.
        """, "\(lines[2])")
    #expect(
      lines.contains("| 1 | 0.645× (0.645–0.645) | \(cell(worst)) | 0.600× (0.600–0.600) | 0 | 2 | 2 of 2 |"),
      "\(lines)")
    // One row a layer in the table of own layouts, each marked and in the layout of the lab's best.
    let free = lines.filter { $0.contains("`onednn.free-avx2-none-library` (own layout)") }
    #expect(free.count == 2 && free.allSatisfy { $0.contains("| nhwc |") }, "\(free)")
    #expect(lines.count { $0.contains("`onednn.plain-avx2-none-library` |") } == 4)
  }

  @Test func everyTableMarksLayoutsOfALibrarysOwn() {
    let rows = rowsWithOwnLayout
    let samples = rows.flatMap { self.samples($0) }
    for (ownLayout, expected) in [(["onednn.free"], true), ([], false), (nil, false)] {
      let text = MarkdownReport.render(manifest(ownLayout: ownLayout), rows, samples: samples)
      let lines = text.split(separator: "\n").filter { $0.contains("`onednn.free-avx2-none-library`") }
      #expect(lines.count > 8 && lines.allSatisfy { $0.contains("(own layout)") == expected }, "\(lines)")
      #expect(!text.contains("`onednn.plain-avx2-none-library` (own layout)"))
      #expect(text.contains("*fastest of each layer* (some in their own layout)") == expected)
    }
  }

  @Test func ownLayoutsOfOldFoldersAreKnown() throws {
    var rows = rowsWithOwnLayout
    for index in rows.indices where rows[index].kernel == "onednn.free" {
      rows[index].kernel = "onednn.any"
      rows[index].variant = "onednn.any-avx512-none-library"
    }
    let lines = try section(rows, manifest(ownLayout: nil))
    #expect(lines[2].contains("chooses the layout of input and output (`onednn.any`), against our best"))
  }

  /// Samples of two layouts were not taken in the same rounds, even if these have the same numbers.
  @Test func rowsOfDifferentLayoutsAreNotPaired() throws {
    let rows = rowsWithOwnLayout.filter { $0.kernel != "onednn.free" || $0.layout == .nchw }
    let lines = try section(rows, manifest(ownLayout: ["onednn.free"]))
    #expect(!lines.contains { $0.contains("onednn.free") }, "\(lines)")
  }

  /// A sentence with every mean of a run of many settings would be read by nobody.
  @Test(arguments: [8, 9]) func manyMeansAreARange(_ count: Int) throws {
    let one = rowsWithOwnLayout.filter { $0.layout == .nchw && $0.kernel != "onednn.free" }
    let rows = (1...count).flatMap { threads in
      one.map { row in
        var row = row
        row.threads = threads
        ExampleRun.measure(&row, (row.timeMedian ?? 0) * (row.isPeer ? 2 * Double(threads) : 1))
        return row
      }
    }
    let line = try section(rows, manifest(ownLayout: []))[1]
    #expect(line.contains("; 5.00× (5.00–5.00) in nchw on 2 threads") == (count == 8), "\(line)")
    #expect(
      line.contains("faster): from 2.50× (2.50–2.50) in nchw on 1 thread to 22.5× (22.5–22.5) in nchw on 9 threads.**")
        == (count == 9), "\(line)")
  }

  @Test func meansOfDoubtfulRowsAreMarked() throws {
    var rows = rowsWithOwnLayout
    let doubtful = try #require(rows.firstIndex { $0.kernel == "onednn.plain" && $0.layout == .nchw })
    rows[doubtful].quality = .noisy
    let lines = try section(rows, manifest(ownLayout: ["onednn.free"]))
    #expect(lines.contains { $0.hasPrefix("| nchw | 1 | ≈1.25× (1.25–1.25) | ") }, "\(lines)")
    #expect(lines.contains { $0.hasPrefix("| nhwc | 1 | 1.25× (1.25–1.25) | ") }, "\(lines)")
  }

  /// A layer without a ratio is not in the mean, and the table says so.
  @Test func layersWithoutARatioAreCounted() throws {
    let rows = rowsWithOwnLayout
    let left = rows.filter { $0.layout != .nhwc || $0.layer == ExampleRun.layers[0].descriptor }
    let lines = try section(rows, manifest(ownLayout: ["onednn.free"]), samples: left.flatMap { samples($0) })
    #expect(lines.contains { $0.hasPrefix("| nchw | 1 | ") && $0.hasSuffix(" | 2 of 2 |") }, "\(lines)")
    #expect(lines.contains { $0.hasPrefix("| nhwc | 1 | ") && $0.hasSuffix(" | 1 of 2 |") }, "\(lines)")
    let none = try section(rows, manifest(ownLayout: ["onednn.free"]), samples: [])
    #expect(none[1].contains("no library shares six rounds or more"))
  }

  @Test func withoutPeersThereIsNoSection() {
    #expect(!MarkdownReport.render(ExampleRun.manifest, ExampleRun.rows).contains("vendor"))
    #expect(MarkdownReport.render(manifest, ExampleRun.rows).contains("No layer was measured both by"))
  }
}
