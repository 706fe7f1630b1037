import Harness
import Kernels
import KernelsPortable
import Layers
import Testing

@Suite struct EpilogueTests {
  /// What an activation may be off by, in units in the last place of the exact result: what ``Elementary`` says of it.
  private static func units(_ activation: Activation) -> Double {
    switch activation {
    case .none, .relu, .relu6: 0
    case .silu, .tanh, .sigmoid: 2.5
    case .gelu: 3.5
    }
  }

  /// How far `result` is from `exact` in units in the last place of the exact value, rounded to single precision.
  private func distance(_ result: Float, _ exact: Double) -> Double {
    if result.isNaN || exact.isNaN { return result.isNaN == exact.isNaN ? 0 : .infinity }
    if Double(result) == exact || result == Float(exact) { return 0 }
    return abs(Double(result) - exact) / Double(Float(exact).ulp)
  }

  /// Every 503rd float, from −∞ over all subnormal and normal numbers to ∞ and into the NaNs, through the epilogue of a
  /// layer of one weight, 1, of every ISA. The number is prime, so that every pattern of low bits appears.
  @Test(arguments: ListedKernel.all.filter { $0.kernel.name == "simd" }, [Activation.gelu, .silu, .tanh, .sigmoid])
  func activationsAreAsCloseAsSaidOverAllFloats(listed: ListedKernel, activation: Activation) throws {
    let layer = try OneWeightLayer(listed.kernel, activation)
    var worst = (units: 0.0, x: Float(0), result: Float(0))
    var bits: UInt64 = 0
    while bits <= UInt64(UInt32.max) {
      for i in 0..<layer.input.count {
        layer.input.pointer[i] = Float(bitPattern: UInt32(truncatingIfNeeded: bits + UInt64(i) * 503))
      }
      layer.compute()
      for i in 0..<layer.input.count {
        let x = layer.input.pointer[i]
        let units = distance(layer.output.pointer[i], activation(Double(x)))
        if units > worst.units { worst = (units, x, layer.output.pointer[i]) }
      }
      bits += UInt64(layer.input.count) * 503
    }
    #expect(
      worst.units <= Self.units(activation), "\(activation)(\(worst.x)) is \(worst.result), \(worst.units) units off")
    #expect(worst.units > 0.5, "no result was rounded, so nothing was computed")
  }

  /// Vectors whose lanes are all of moderate size take a shorter way; one large lane must not change the others' bits.
  @Test(arguments: ListedKernel.all.filter { $0.kernel.name == "simd" }, [Activation.gelu, .silu, .tanh, .sigmoid])
  func anElementDoesNotDependOnItsNeighbours(listed: ListedKernel, activation: Activation) throws {
    let layer = try OneWeightLayer(listed.kernel, activation)
    let moderate = (0..<layer.input.count).map { Float($0 % 40_009) / 40_009 * 158 - 79 }
    func results(_ isLarge: (Int) -> Bool) -> [UInt32] {
      for i in moderate.indices { layer.input.pointer[i] = isLarge(i) ? 1000 : moderate[i] }
      layer.compute()
      return moderate.indices.map { layer.output.pointer[$0].bitPattern }
    }
    let alone = results { _ in false }
    let beside = results { $0 % 4 == 3 }
    let different = moderate.indices.filter { $0 % 4 != 3 && alone[$0] != beside[$0] }
    #expect(different.isEmpty, "\(activation)(\(different.first.map { moderate[$0] } ?? 0)) and others")
    #expect(moderate.indices.contains { alone[$0] != beside[$0] })
  }

  /// Where a function takes another way, where its result becomes subnormal, 0 or 1, and what lies beside it.
  private static let borders: [Float] =
    [
      0, .leastNonzeroMagnitude, .leastNormalMagnitude, 0.5, 1, 3, 9.01, 10, 13.1, 14.4, 16, 69.3, 69.7, 80, 87.4, 88.7,
      103.3, 104, 120, 1000, .greatestFiniteMagnitude, .infinity,
    ].flatMap { [$0, $0.nextUp, $0.nextDown] }.flatMap { [$0, -$0] } + farthest + [.nan]

  /// Where gelu is farthest off of all floats: without fused multiply-adds at the first two, with them at the others.
  private static let farthest: [Float] = [-0x1.41a0aep1, -0x1.1a523cp1, -0x1.1d31d6p-3, -0x1.1ee2dcp-3, -0x1.06a4dep-5]

  /// Matrices of all widths up to two vectors and a rest, and scalars: an element's bits are those that it has alone.
  @Test(arguments: ListedEpilogue.all, [Activation.gelu, .silu, .tanh, .sigmoid])
  func anElementDoesNotDependOnWhereItStands(listed: ListedEpilogue, activation: Activation) throws {
    let borders = Self.borders
    let epilogue = listed.epilogue
    let alone = borders.map { x in
      var y = x
      epilogue.columnBias(activation, nil, &y, 1, 1, 1)
      return y
    }
    for (x, y) in zip(borders, alone) {
      #expect(distance(y, activation(Double(x))) <= Self.units(activation), "\(activation)(\(x)) is \(y)")
    }
    func isSame(_ a: Float, _ b: Float) -> Bool { a.bitPattern == b.bitPattern || a.isNaN && b.isNaN }
    let rows = 3
    let gap: Float = -7
    for columns in 1...40 {
      let stride = columns + 2
      let matrix = try FloatBuffer(count: rows * stride)
      let p = matrix.pointer
      // Neighbours are far apart in the list, so that they ask for different ways. Each matrix begins with another one.
      func border(_ row: Int, _ column: Int) -> Int { (row * columns + column + 7 * columns) * 29 % borders.count }
      for i in 0..<matrix.count {
        p[i] = i % stride < columns ? borders[border(i / stride, i % stride)] : gap
      }
      epilogue.columnBias(activation, nil, p, rows, columns, stride)
      for i in 0..<matrix.count {
        let (row, column) = (i / stride, i % stride)
        let expected = column < columns ? alone[border(row, column)] : gap
        #expect(isSame(p[i], expected), "row \(row), column \(column) of \(columns): \(p[i]), not \(expected)")
      }
    }
    let naive = try #require(ListedKernel.all.first { $0.kernel.name == "naive" && $0.kernel.isa == epilogue.isa })
    let layer = try OneWeightLayer(naive.kernel, activation)
    for i in 0..<layer.input.count { layer.input.pointer[i] = i < borders.count ? borders[i] : 0 }
    layer.compute()
    for i in borders.indices {
      let result = layer.output.pointer[i]
      #expect(isSame(result, alone[i]), "\(activation)(\(borders[i])): \(alone[i]) on vectors, \(result) on scalars")
    }
  }

  /// The epilogue of an ISA as a test's argument.
  struct ListedEpilogue: Sendable, CustomTestStringConvertible {
    let epilogue: EpilogueSet
    var testDescription: String { epilogue.isa.rawValue }

    /// Of every ISA that this CPU executes.
    static let all = Catalog.current().epilogues.map(ListedEpilogue.init)
  }

  /// A layer of one weight, 1, so that its output is the activation of its input.
  private final class OneWeightLayer {
    let kernel: Kernel
    let problem: Problem
    let input: FloatBuffer
    let output: FloatBuffer
    private let one: FloatBuffer
    private let scratch: FloatBuffer

    init(_ kernel: Kernel, _ activation: Activation) throws {
      self.kernel = kernel
      let side = 256
      problem = Problem(
        try Layer(
          op: .conv1x1, shape: .conv1x1(ic: 1, oc: 1, ih: side, iw: side), layout: .nchw, activation: activation))
      input = try FloatBuffer(count: side * side)
      output = try FloatBuffer(count: side * side)
      one = try FloatBuffer(count: 1)
      one.pointer[0] = 1
      scratch = try FloatBuffer(count: kernel.scratchCount(problem))
    }

    func compute() {
      kernel.compute(
        problem,
        Operands(
          input: input.pointer, weights: one.pointer, bias: nil, output: output.pointer, scratch: scratch.pointer),
        Block(rows: 0..<problem.m, columns: 0..<1))
    }
  }

  @Test(arguments: Activation.allCases)
  func scalarsAndVectorsAgree(activation: Activation) {
    for x in [Float(0), -0.0, 1e-30, -1e-30, .leastNonzeroMagnitude, 0.5, -3, 5.9, 6.1, 30, -30, 88, -88, 104, -104] {
      let result = Epilogue<Portable>.apply(activation, x)
      #expect(distance(result, activation(Double(x))) <= Self.units(activation), "\(activation)(\(x)) is \(result)")
    }
  }

  @Test func limitsAndNaN() {
    for activation in Activation.allCases {
      for x in [Double.infinity, -.infinity] {
        #expect(Double(Epilogue<Portable>.apply(activation, Float(x))) == activation(x), "\(activation)(\(x))")
      }
      #expect(Epilogue<Portable>.apply(activation, .nan).isNaN)
    }
  }
}
