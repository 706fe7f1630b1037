import Foundation
import Layers
import Results
import Testing

@testable import Reports

/// The report on equivalence from fixed results: its facts are those of the record.
@Suite struct EquivalenceReportTests {
  typealias Record = EquivalenceRecord

  static func layer(
    _ op: Op, _ layout: Layout, mb: Int = 1, ic: Int, oc: Int, side: Int = 1, stride: Int = 1
  ) throws -> Layer {
    let shape =
      op == .fc
      ? Shape.fc(mb: mb, ic: ic, oc: oc, ih: side, iw: side)
      : .conv1x1(mb: mb, ic: ic, oc: oc, ih: side, iw: side, sh: stride, sw: stride)
    return try Layer(op: op, shape: shape, layout: layout, bias: true)
  }

  static func time(_ median: Double) -> Record.Time { .init(median: median, low: median * 0.99, high: median * 1.01) }

  static func ratio(_ value: Double) -> Record.Ratio { .init(value: value, low: value * 0.99, high: value * 1.01) }

  /// A convolution over 7×7 pixels and its FC layer, the convolution `slower` times as slow.
  static func item(
    _ layout: Layout = .nchw, slower: Double, kernel: String = "simd", mb: Int = 1, stride: Int = 1,
    replica: Double = 1.01
  ) throws -> Record.LayerCase {
    let convolution = try layer(.conv1x1, layout, mb: mb, ic: 64, oc: 32, side: 7, stride: stride)
    let rows = try layer(.fc, .nc, mb: convolution.m, ic: 64, oc: 32)
    return Record.LayerCase(
      network: "net", name: "a*b", descriptor: "mb1ic64ih7oc32kh1",
      setting: .init(variant: "\(kernel)-avx512-none-dispatch", kernel: kernel, lanes: 16, threads: 1),
      forms: [
        .init(
          name: "1×1 convolution", isConvolution: true, layer: convolution, time: time(10_000 * slower), error: 1e-7,
          bound: 1e-5),
        .init(
          name: "FC over pixels", isConvolution: false, layer: rows, time: time(10_000), error: 2e-7, bound: 1e-5),
      ],
      ways: [
        .init(
          from: 0, to: 1, isSameMemory: layout == .nhwc && stride == 1, hasSameOrder: layout == .nhwc,
          isIdentical: layout == .nhwc, largestDifference: layout == .nhwc ? 0 : 3e-6,
          elements: convolution.outputCount,
          moves: layout == .nhwc ? nil : time(2_500), ratio: ratio(slower),
          ratioWithMoves: layout == .nhwc ? nil : ratio(slower / 1.25))
      ], replica: ratio(replica))
  }

  static func head() throws -> Record.HeadCase {
    var head = Record.HeadCase(
      name: "small", layers: [try layer(.fc, .nc, ic: 32, oc: 256, side: 7), try layer(.fc, .nc, ic: 256, oc: 10)],
      layout: .nhwc, map: [14, 14], scores: [8, 8],
      setting: .init(variant: "packed-avx512-none-dispatch", kernel: "packed", lanes: 16, threads: 2),
      slidFlops: 64e6, windowFlops: 64e6, slidBytes: 2e6, windowBytes: 100e6, hasSameOrder: true, isIdentical: true,
      largestDifference: 0)
    (head.slid, head.windows, head.ratio) = (time(1e6), time(4e6), ratio(4))
    return head
  }

  static func record(_ layers: [Record.LayerCase], heads: [Record.HeadCase] = []) -> Record {
    var record = Record(planned: layers.count + heads.count)
    (record.layers, record.heads) = (layers, heads)
    return record
  }

  static func text(_ record: Record) -> String { EquivalenceReport.markdown(ExampleRun.manifest, record) }

  @Test func everyPointHasItsEvidence() throws {
    var connected = try Self.item(slower: 1)
    connected.descriptor = "mb1ic2048oc10"
    connected.forms = [
      .init(
        name: "FC", isConvolution: false, layer: try Self.layer(.fc, .nc, ic: 2048, oc: 10), time: Self.time(5_000)),
      .init(
        name: "conv", isConvolution: true, layer: try Self.layer(.conv1x1, .nhwc, ic: 2048, oc: 10),
        time: Self.time(5_000)),
    ]
    let text = Self.text(
      Self.record([try Self.item(.nhwc, slower: 1), try Self.item(slower: 2), connected], heads: [try Self.head()]))
    for title in [
      "Are 1×1 convolutions the same as fully connected layers?", "In brief", "What they compute", "Scope",
      "Input shape",
      "Spatial structure", "Change of dimension", "Parameters and cost", "Use in networks", "When is one faster?",
      "A head that slides", "Moving the data", "The same numbers",
    ] {
      #expect(text.contains("# \(title)\n"), "\(title)")
    }
    // 49 pixels × 64 channels to 49 × 32, all to all, are 4.92 million weights against 2048.
    #expect(text.contains("64 channels of one pixel, and the same 2048 weights serve all 49 pixels"))
    #expect(text.contains("4.92 million weights, 2400 times as many"))
    #expect(text.contains("they are identical to the last bit"))
    #expect(text.contains("the largest difference is 3.0e-06"))
    #expect(text.contains("2080 parameters in all 2 forms"))
    #expect(text.contains("every weight used 1 time,"))
    #expect(text.contains("worst of 4 results is at 2.00 % of what rounding allows"))
    // The name is text, not markup.
    #expect(text.contains("a\\*b") && !text.contains("a*b"))
  }

  @Test func theHeadIsNotPraisedForWorkThatItDoesNotSave() throws {
    let text = Self.text(Self.record([], heads: [try Self.head()]))
    #expect(text.contains("64.0 MFLOP slid, 64.0 MFLOP window by window, 1.00 times as many"))
    #expect(text.contains("2.00 MB slid, 100 MB window by window: 50.0 times as many"))
    #expect(text.contains("| 1.00 ms | 990 µs to 1.01 ms | 4.00 ms |") && text.contains("| 4.000 | 3.960 to 4.040 |"))
  }

  struct Rule: Sendable {
    var layout: Layout
    var slower: Double
    var kernel = "simd"
    var mb = 1
    var stride = 1
    var verdict: EquivalenceReason.Verdict
    var words: String
  }

  @Test(arguments: [
    Rule(layout: .nhwc, slower: 1, verdict: .equal, words: "the same code on the same memory"),
    // 2 % is within the noise of replicas that differ by 3 %.
    Rule(layout: .nchw, slower: 1.02, verdict: .equal, words: "costs nothing that shows"),
    Rule(layout: .nhwc, slower: 1.5, verdict: .connected, words: "where packed weights lie"),
    Rule(layout: .nhwc, slower: 1.5, stride: 2, verdict: .connected, words: "runs of evenly spaced pixels end after 4"),
    Rule(layout: .nchw, slower: 2, verdict: .connected, words: "49 pixels an image in 4 vectors of 16 leave 23.4 %"),
    Rule(layout: .nchw, slower: 2, mb: 3, verdict: .connected, words: "every image reads all weights anew, 1.23 GB/s"),
    Rule(layout: .nchw, slower: 2, stride: 2, verdict: .connected, words: "gathered element by element"),
    Rule(layout: .nchw, slower: 2, kernel: "packed", verdict: .connected, words: "stored transposed"),
    Rule(layout: .nchw, slower: 2, kernel: "naive", verdict: .connected, words: "lie 196 B apart"),
    Rule(layout: .nchw, slower: 0.5, verdict: .convolution, words: "adds up the lanes of a vector after every 64"),
    Rule(layout: .nchw, slower: 0.5, kernel: "packed", verdict: .convolution, words: "copied to a panel"),
  ])
  func reasonsFollowFromTheLayersAndTheTimes(rule: Rule) throws {
    let item = try Self.item(
      rule.layout, slower: rule.slower, kernel: rule.kernel, mb: rule.mb, stride: rule.stride)
    let reason = try #require(EquivalenceReason(item.ways[0], of: item, noiseFloor: 0.03))
    #expect(reason.verdict == rule.verdict && reason.reason.contains(rule.words), "\(reason)")
  }

  @Test func noiseIsThatOfTheReplicas() throws {
    let record = Self.record([try Self.item(slower: 1.05, replica: 0.92)])
    #expect(abs(try #require(record.noiseFloor) - (1 / 0.92 - 1)) < 1e-9)
    #expect(Self.text(record).contains("no difference within noise"))
    #expect(Self.record([]).noiseFloor == nil)
  }

  @Test func whatIsWrongOrMissingIsSaid() throws {
    var item = try Self.item(slower: 1)
    item.failures = ["the forms differ"]
    item.ways[0].ratio = nil
    item.forms[0].time = nil
    var record = Self.record([item])
    record.planned = 3
    let text = Self.text(record)
    #expect(text.contains("**1 result wrong**") && text.contains("## Wrong results\n\n- the forms differ"))
    #expect(text.contains("interrupted: 1 of 3 cases"))
    #expect(!text.contains("They compute the same") && !text.contains("When is one faster?"))
    #expect(EquivalenceReport.console(record).contains("1 of 3 cases"))
    // Nothing was measured: nothing is claimed.
    let empty = Self.text(Record(planned: 2))
    #expect(empty.contains("0 of 2 cases") && !empty.contains("##  ") && !empty.contains("Scope"))
  }

  @Test func theRecordSurvivesJSON() throws {
    let record = Self.record([try Self.item(slower: 2)], heads: [try Self.head()])
    #expect(try JSONDecoder().decode(Record.self, from: JSONEncoder().encode(record)) == record)
  }
}
