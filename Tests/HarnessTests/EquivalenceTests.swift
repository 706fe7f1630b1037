import Kernels
import KernelsPortable
import Layers
import Teams
import Testing

@testable import Harness

/// Forms of a layer against each other: identical bits where a kernel sums in the same order, and planted faults.
@Testing.Suite struct EquivalenceTests {
  static let layers: [(String, Activation)] = [
    ("mb1ic17ih3oc5kh1", .none), ("mb2ic33ih5oc19kh1sh2", .gelu), ("mb3ic64ih4iw3oc40kh1", .relu),
    ("mb1ic40oc9", .none), ("mb5ic130oc33", .tanh), ("mb2ic6ih3oc17", .relu6), ("mb4ic3000oc20", .none),
  ]

  static func forms(_ text: String, _ activation: Activation = .none) throws -> EquivalentForms {
    guard case .layer(let d) = try Descriptor.parse(text) else { throw SuiteError("no layer", at: nil) }
    return try EquivalentForms(
      Harness.Suite.Entry(
        op: d.op, shape: d.shape, network: "net", bias: true, activation: activation,
        location: SourceLocation(file: "test.yaml", line: 1)),
      layouts: [.nhwc, .nchw])
  }

  static func results(
    _ forms: EquivalentForms, _ cases: [Case], isInterrupted: @escaping () -> Bool = { false }
  ) throws -> [EquivalenceResult] {
    let topology = try Examples.topology()
    var results: [EquivalenceResult] = []
    try EquivalenceSession(
      forms: forms, suite: "test", cases: cases, settings: Examples.quick,
      teams: TeamPool(topology, probes: Catalog.current().probes), caches: .assumed, steal: StealTime(),
      isInterrupted: isInterrupted
    ) { results.append($0) }.run()
    return results
  }

  /// Every kernel of every ISA, on one thread and on three that share the channels or the pixels.
  @Test(arguments: layers) func formsAgree(text: String, activation: Activation) throws {
    let forms = try Self.forms(text, activation)
    var cases: [Case] = []
    for kernel in Catalog.current().kernels {
      cases.append(try Examples.item(kernel))
      cases.append(try Examples.item(kernel, .channels, threads: 3))
      cases.append(try Examples.item(kernel, .pixels, threads: 3))
    }
    for result in try Self.results(forms, cases) {
      let what = "\(text), \(result.item.variant), \(result.item.threads) threads, seed \(Examples.quick.seed)"
      #expect(result.failures.isEmpty, "\(what): \(result.failures)")
      #expect(result.results.allSatisfy { $0?.measurement != nil }, "\(what)")
      #expect(result.replica?.measurement != nil, "\(what)")
      for (crossing, found) in zip(forms.crossings, result.crossings) {
        let found = try #require(found)
        let (a, b) = (forms.forms[crossing.from], forms.forms[crossing.to])
        #expect(found.elements == forms.forms[0].layer.outputCount)
        if found.hasSameOrder { #expect(found.isIdentical && found.largestDifference == 0, "\(what)") }
        // What lies in channels-last order in both forms is summed in the same order by every kernel of the lab.
        if a.layer.layout != .nchw && b.layer.layout != .nchw && crossing.weights.isIdentity {
          #expect(found.hasSameOrder, "\(what)")
        }
        // The two that take one product after the other do so in every layout, but for channels past a multiple.
        if ["naive", "packed"].contains(result.item.contender.name) && crossing.weights.isIdentity {
          let orders = [a, b].map { result.item.kernel?.summationOrder(Problem($0.layer)) }
          let haveTails = orders.contains { $0?.tail != nil }
          #expect(found.hasSameOrder || haveTails, "\(what)")
        }
        #expect((found.ratio != nil) == (a.role != b.role), "\(what)")
        #expect((found.moves != nil) == crossing.movesData, "\(what)")
      }
    }
  }

  @Test func formsAreThoseOfTheLayer() throws {
    let convolution = try Self.forms("mb2ic33ih5oc19kh1sh2")
    #expect(convolution.forms.map(\.role) == [.convolution, .convolution, .fullyConnected])
    let rows = try #require(convolution.forms.last).layer
    #expect([rows.m, rows.n, rows.k] == [2 * 3 * 3, 19, 33])
    // A stride gathers rows, NCHW moves the output too; where neither is, nothing moves.
    #expect(convolution.crossings.map { $0.movesInput } == [false, true, true])
    #expect(convolution.crossings.map { $0.movesOutput } == [false, false, true])
    let unit = try Self.forms("mb2ic33ih5oc19kh1")
    #expect(!unit.crossings[1].movesData && unit.crossings[2].movesData)
    let plain = try Self.forms("mb5ic130oc33")
    #expect(plain.forms.map { $0.layer.layout } == [.nc, .nhwc, .nchw])
    #expect(plain.crossings.allSatisfy { $0.input.isIdentity && $0.weights.isIdentity && $0.output.isIdentity })
    let flatten = try Self.forms("mb2ic6ih3oc17")
    #expect(flatten.forms.count == 4 && flatten.forms.allSatisfy { $0.layer.k == 54 })
    #expect(flatten.crossings.map { $0.weights.isIdentity } == [true, false, true])
  }

  /// A conversion that permutes wrongly: the other form computes a wrong result, or one from wrong data.
  @Test(arguments: ["input", "weights", "output", "second input"]) func aWrongConversionIsCaught(part: String) throws {
    var forms = try Self.forms("mb2ic6ih4iw3oc4kh1")
    let index = part == "second input" ? 2 : 1
    let right = forms.crossings[index]
    let layer = forms.forms[0].layer
    // Transposes images within the batch's pixels, or the weights; reads the output as if it were NCHW.
    forms.crossings[index] = Crossing(
      from: right.from, to: right.to,
      input: part == "input"
        ? .permutation(of: [2, 4, 3, 6], order: [0, 2, 1, 3])
        : part == "second input"
          ? .identity(count: layer.inputCount) : right.input,
      weights: part == "weights" ? .permutation(of: [6, 4], order: [1, 0]) : right.weights,
      output: part == "output" ? .permutation(of: [2, 12, 4], order: [0, 2, 1]) : right.output)
    let kernel = try #require(Catalog.current().kernels.first)
    let result = try #require(try Self.results(forms, [try Examples.item(kernel)]).first)
    #expect(!result.failures.isEmpty, "\(part)")
    #expect(result.results.allSatisfy { $0?.measurement == nil }, "a wrong result has no speed")
  }

  /// Promises an order that it does not keep: sums forwards on maps in NHWC, and backwards elsewhere.
  private enum Fickle<Target: VectorISA>: KernelFamily {
    static var name: String { "fickle" }
    static var summary: String { "promises an order that it does not keep" }
    static func summationOrder(_ problem: Problem) -> SummationOrder? { SummationOrder(chains: 1, cut: problem.k) }

    static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
      for m in block.rows {
        for n in block.columns {
          var sum = operands.bias?[n] ?? 0
          for term in 0..<problem.k {
            let k = problem.imagePixels > 1 ? term : problem.k - 1 - term
            sum +=
              operands.input[problem.inputOffset(m) + k * problem.inputChannelStride]
              * operands.weights[n * problem.k + k]
          }
          operands.output[problem.outputOffset(m) + n * problem.outputChannelStride] = sum
        }
      }
    }
  }

  @Test func aBrokenPromiseOfOrderIsCaught() throws {
    let kernel = Kernel(Fickle<Portable>.self)
    let result = try #require(
      try Self.results(try Self.forms("mb2ic300ih4oc8kh1"), [try Examples.item(kernel)]).first)
    #expect(result.results.allSatisfy { $0?.verification?.passed == true }, "each form by itself is right")
    #expect(result.failures.contains { $0.contains("same products in the same order") }, "\(result.failures)")
  }

  @Test func anInterruptionReportsWhatWasMeasured() throws {
    let kernels = Catalog.current().kernels
    let cases = try kernels.map { try Examples.item($0) }
    var asked = 0
    let results = try Self.results(try Self.forms("mb1ic17ih3oc5kh1"), cases) {
      asked += 1
      return asked > kernels.count + 40
    }
    #expect(!results.isEmpty && results.count < cases.count)
    #expect(results.allSatisfy { $0.failures.isEmpty })
    #expect(try Self.results(try Self.forms("mb1ic17ih3oc5kh1"), cases) { true }.isEmpty)
  }

  @Test func summationOrdersAreKept() throws {
    let problem = Problem(try Layer(op: .fc, shape: .fc(mb: 8, ic: 4000, oc: 16), layout: .nc))
    let nchw = Problem(
      try Layer(op: .conv1x1, shape: .conv1x1(ic: 4000, oc: 16, ih: 2, iw: 4), layout: .nchw))
    for kernel in Catalog.current().kernels {
      let order = try #require(kernel.summationOrder(problem))
      #expect((order == kernel.summationOrder(nchw)) == (kernel.name != "simd"), "\(kernel.identifier)")
      #expect((order.cut < 4000) == (kernel.name == "tiled"), "\(kernel.identifier)")
    }
  }
}
