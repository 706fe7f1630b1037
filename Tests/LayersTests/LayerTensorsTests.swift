import Layers
import Testing

@Suite struct LayerTensorsTests {
  private static let seed: UInt64 = 11

  private func layer(_ layout: Layout, _ shape: Shape = .conv1x1(mb: 3, ic: 5, oc: 4, ih: 6, iw: 7)) throws -> Layer {
    try Layer(op: layout == .nc ? .fc : .conv1x1, shape: shape, layout: layout, bias: true)
  }

  @Test(arguments: DataPattern.allCases)
  func bothLayoutsHoldTheSameImage(pattern: DataPattern) throws {
    let shape = Shape.conv1x1(mb: 3, ic: 5, oc: 4, ih: 6, iw: 7)
    let first = try LayerTensors(try layer(.nchw, shape), pattern: pattern, seed: Self.seed)
    let last = try LayerTensors(try layer(.nhwc, shape), pattern: pattern, seed: Self.seed)
    var position = 0
    for image in 0..<shape.mb {
      for y in 0..<shape.ih {
        for x in 0..<shape.iw {
          for channel in 0..<shape.ic {
            let index = ((image * shape.ic + channel) * shape.ih + y) * shape.iw + x
            #expect(last.input.pointer[position] == first.input.pointer[index])
            position += 1
          }
        }
      }
    }
    #expect(position == first.layer.inputCount)
    for i in 0..<first.layer.weightCount { #expect(first.weights.pointer[i] == last.weights.pointer[i]) }
    let (a, b) = (try #require(first.bias), try #require(last.bias))
    for i in 0..<first.layer.n { #expect(a[i] == b[i]) }
  }

  @Test func dataFollowsFromTheSeed() throws {
    let layer = try layer(.nhwc)
    func input(_ pattern: DataPattern, _ seed: UInt64) throws -> [Float] {
      let tensors = try LayerTensors(layer, pattern: pattern, seed: seed)
      return (0..<layer.inputCount).map { tensors.input.pointer[$0] }
    }
    for pattern in DataPattern.allCases {
      let values = try input(pattern, 1)
      #expect(try input(pattern, 1) == values)
      #expect(try input(pattern, 2) != values)
    }
    let tensors = try LayerTensors(layer, pattern: .real, seed: 1)
    // Input, weights and bias come from streams of their own.
    #expect(tensors.input.pointer[0] != tensors.weights.pointer[0])
  }

  @Test func aLargeTensorIsFilledWhollyByAllCores() throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 3, ic: 100_003, oc: 2), layout: .nc)
    for pattern in DataPattern.allCases {
      let tensors = try LayerTensors(layer, pattern: pattern, seed: Self.seed)
      #expect((0..<layer.inputCount).allSatisfy { !tensors.input.pointer[$0].isNaN })
      #expect((0..<layer.weightCount).allSatisfy { !tensors.weights.pointer[$0].isNaN })
      #expect(tensors.input.firstDamage() == nil)
      #expect(tensors.weights.firstDamage() == nil)
      // Parts of the work are not copies of each other.
      let values = Set((0..<layer.inputCount).map { tensors.input.pointer[$0] })
      #expect(pattern == .integer ? values.count == 8 : values.count > layer.inputCount * 9 / 10)
    }
  }

  @Test func realDataIsUniformBetweenMinusOneAndOne() throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 100, ic: 100, oc: 100), layout: .nc, bias: true)
    let tensors = try LayerTensors(layer, pattern: .real, seed: Self.seed)
    let input = (0..<layer.inputCount).map { tensors.input.pointer[$0] }
    #expect(input.allSatisfy { $0 >= -1 && $0 < 1 })
    let mean = input.reduce(0, +) / Float(input.count)
    #expect(abs(mean) < 0.03)
    for tenth in 0..<10 {
      let low = Float(tenth) / 5 - 1
      let share = input.filter { $0 >= low && $0 < low + 0.2 }.count
      #expect(abs(share - 1000) < 150, "tenth \(tenth)")
    }
  }

  @Test(arguments: [1, 2, 3, 17, 64, 1000, 4096, 25_088])
  func sumsStayNearTwo(k: Int) throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 16, ic: k, oc: 64), layout: .nc)
    for pattern in DataPattern.allCases {
      let reference = Reference(try LayerTensors(layer, pattern: pattern, seed: Self.seed), seed: Self.seed)
      let squares = reference.values.map { $0 * $0 }.reduce(0, +) / Double(reference.values.count)
      #expect((0.7...4).contains(squares.squareRoot()), "\(pattern), k \(k)")
    }
  }

  @Test func integerDataHasNoZeroAndEightValues() throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 40, ic: 100, oc: 50), layout: .nc, bias: true)
    let tensors = try LayerTensors(layer, pattern: .integer, seed: Self.seed)
    func shares(_ values: [Float]) -> [Float: Int] { values.reduce(into: [:]) { $0[$1, default: 0] += 1 } }
    let input = shares((0..<layer.inputCount).map { tensors.input.pointer[$0] })
    #expect(Set(input.keys) == [-4, -3, -2, -1, 1, 2, 3, 4])
    // 500 of each are expected; five standard deviations.
    #expect(input.values.allSatisfy { abs($0 - 500) < 110 }, "\(input)")
    let weights = shares((0..<layer.weightCount).map { tensors.weights.pointer[$0] })
    let unit = try #require(weights.keys.map(abs).min())
    #expect(unit.significand == 1, "the weights' unit is a power of two")
    #expect(Set(weights.keys.map { $0 / unit }) == [-4, -3, -2, -1, 1, 2, 3, 4])
    let bias = try #require(tensors.bias)
    #expect((0..<layer.n).allSatisfy { [1, 2, 3, 4].contains(abs(bias[$0] / unit)) })
  }

  @Test func integerSumsAreExactInEveryOrder() throws {
    // The longest sum of the networks that ship: the first fully connected layer of VGG-16.
    let k = 25_088
    let layer = try Layer(op: .fc, shape: .fc(mb: 4, ic: k, oc: 4), layout: .nc, bias: true)
    #expect(DataPattern.integer.isExact(k: k))
    let tensors = try LayerTensors(layer, pattern: .integer, seed: Self.seed)
    let unit = (0..<layer.weightCount).map { abs(tensors.weights.pointer[$0]) }.min() ?? 0
    let bias = try #require(tensors.bias)
    for m in 0..<4 {
      for n in 0..<4 {
        let x = tensors.input.pointer + m * k
        let w = tensors.weights.pointer + n * k
        let units = (0..<k).reduce(Double(abs(bias[n]))) { $0 + Double(abs(x[$1] * w[$1])) } / Double(unit)
        #expect(units < 0x1p24 && units == units.rounded())
        let exact = (0..<k).reduce(Double(bias[n])) { $0 + Double(x[$1]) * Double(w[$1]) }
        let forwards = (0..<k).reduce(bias[n]) { $0 + x[$1] * w[$1] }
        let backwards = (0..<k).reversed().reduce(Float(0)) { $0.addingProduct(x[$1], w[$1]) } + bias[n]
        let halves =
          (0..<k / 2).reduce(Float(0)) { $0 + x[$1] * w[$1] } + (k / 2..<k).reduce(bias[n]) { $0 + x[$1] * w[$1] }
        #expect([forwards, backwards, halves].allSatisfy { Double($0) == exact })
      }
    }
  }

  @Test func exactnessIsPromisedOnlyWhereItHolds() {
    // At most 16 units a product and 4 of bias, all below 2²⁴.
    for k in [1, 1000, 25_088, (1 << 20) - 2] {
      #expect(DataPattern.integer.isExact(k: k))
      #expect(16 * k + 4 < 1 << 24)
    }
    for k in [1 << 20, 1 << 21, 1 << 30] { #expect(!DataPattern.integer.isExact(k: k)) }
    #expect(!DataPattern.real.isExact(k: 1))
  }

  @Test func aLayerWithoutBiasHasNone() throws {
    let layer = try Layer(op: .fc, shape: .fc(ic: 3, oc: 2), layout: .nc)
    #expect(try LayerTensors(layer, pattern: .real, seed: 1).bias == nil)
  }
}
