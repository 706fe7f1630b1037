import Kernels
import Layers
import Testing

@testable import Harness

/// A head that slides against every window on its own.
@Testing.Suite struct HeadEquivalenceTests {
  static func head() throws -> SlidHead {
    try SlidHead(name: "tiny", ic: 5, window: 3, neurons: [19, 7, 4], side: 5)
  }

  static func results(_ head: SlidHead, _ layout: Layout, _ cases: [Case]) throws -> [HeadResult] {
    let topology = try Examples.topology()
    var results: [HeadResult] = []
    try HeadSession(
      head: head, layout: layout, cases: cases, settings: Examples.quick,
      teams: TeamPool(topology, probes: Catalog.current().probes), caches: .assumed, steal: StealTime(),
      isInterrupted: { false }
    ) { results.append($0) }.run()
    return results
  }

  @Test(arguments: [Layout.nhwc, .nchw]) func slidAndWindowsAgree(layout: Layout) throws {
    // Three threads meet after every step: where they share a CPU, that takes milliseconds, so one kernel does it.
    let kernels = Catalog.current().kernels
    let cases = try kernels.map { try Examples.item($0) } + [Examples.item(kernels[0], .channels, threads: 3)]
    let results = try Self.results(try Self.head(), layout, cases)
    #expect(results.count == cases.count)
    for result in results {
      let what = "\(result.item.variant), \(layout.rawValue), seed \(Examples.quick.seed)"
      #expect(result.failures.isEmpty, "\(what): \(result.failures)")
      #expect([result.oh, result.ow] == [3, 3])
      #expect(result.comparison.elements == 3 * 3 * 4)
      if result.item.threads == 1 {
        #expect(result.slid != nil && result.windows != nil && result.comparison.ratio != nil, "\(what)")
      }
      #expect(result.slidFlops == result.windowFlops)
      #expect(result.windowBytes > result.slidBytes)
      if result.comparison.hasSameOrder { #expect(result.comparison.isIdentical, "\(what)") }
      // packed sums few channels and few rows in other chains than the rest.
      if result.item.contender.name == "naive" { #expect(result.comparison.hasSameOrder, "\(what)") }
      // Neither way is measured against itself: the reference knows the scores as well.
      #expect(try #require(result.verification.error) <= #require(result.verification.bound), "\(what)")
    }
  }

  /// The bound of a chain is of use only if a single wrong weight shows.
  @Test func theReferenceSeesAWrongScore() throws {
    let head = try Self.head()
    let tensors = try HeadTensors(head, layout: .nhwc, seed: 3)
    let window = tensors.features(ofWindow: 5)
    let reference = HeadReference(window: window, head: tensors.tensors)
    var wrong = window
    wrong[7] += 0.5
    let other = HeadReference(window: wrong, head: tensors.tensors)
    #expect(zip(reference.values, other.values).contains { abs($0 - $1) > 10 * reference.bounds[0] }, "\(reference)")
    // The reference's scores of one linear layer are plain sums.
    let last = HeadReference(window: [Float](repeating: 1, count: 7), head: [tensors.tensors[2]])
    let sum = (0..<7).reduce(Double(tensors.tensors[2].bias![1])) {
      $0 + Double(tensors.tensors[2].weights.pointer[7 + $1])
    }
    #expect(abs(last.values[1] - sum) < 1e-12)
  }

  @Test func vgg16IsWhatThePaperSays() throws {
    let head = try SlidHead.Name.vgg16.head
    #expect(head.layers.map(\.k) == [25088, 4096, 4096] && head.layers.map(\.n) == [4096, 4096, 1000])
    #expect(head.layers.reduce(0) { $0 + $1.weightCount } * 4 == 494_534_656)
    let convolutions = try ConvolutionalHead(head.layers, ih: head.ih, iw: head.iw, layout: .nhwc)
    #expect([convolutions.oh, convolutions.ow, convolutions.scores] == [8, 8, 1000])
    #expect(HeadTensors.memoryBytes(head) < 4 << 30)
  }
}
