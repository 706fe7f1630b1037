import Layers
import Testing

@Suite struct LayerTests {
  private func error(_ op: Op, _ shape: Shape, _ layout: Layout) -> LayerError? {
    do {
      _ = try Layer(op: op, shape: shape, layout: layout)
      return nil
    } catch { return error }
  }

  @Test(
    arguments: [
      ("mb", \Shape.mb), ("ic", \Shape.ic), ("oc", \Shape.oc), ("ih", \Shape.ih), ("iw", \Shape.iw), ("oh", \Shape.oh),
      ("ow", \Shape.ow), ("sh", \Shape.sh), ("sw", \Shape.sw),
    ] as [(String, WritableKeyPath<Shape, Int> & Sendable)])
  func everyDimensionIsAtLeastOne(name: String, dimension: WritableKeyPath<Shape, Int> & Sendable) {
    for value in [0, -1, .min] {
      for op in Op.allCases {
        for layout in Layout.applicable(to: op) {
          var shape = op == .fc ? Shape.fc(ic: 3, oc: 4) : .conv1x1(ic: 3, oc: 4, ih: 5, iw: 6)
          shape[keyPath: dimension] = value
          #expect(error(op, shape, layout) == .dimension(name: name, value: value))
        }
      }
    }
  }

  @Test func outputSizesOfAConvolutionFollowFromItsInput() throws {
    for (ih, sh, oh) in [(7, 1, 7), (7, 2, 4), (8, 2, 4), (1, 2, 1), (10, 3, 4), (9, 3, 3), (5, 9, 1)] {
      let shape = Shape.conv1x1(ic: 3, oc: 4, ih: ih, iw: 6, sh: sh)
      #expect(shape.oh == oh)
      #expect(error(.conv1x1, shape, .nchw) == nil)
      for wrong in [oh - 1, oh + 1] where wrong > 0 {
        var other = shape
        other.oh = wrong
        #expect(error(.conv1x1, other, .nchw) == .outputSize(name: "oh", value: wrong, expected: oh))
      }
    }
    var wide = Shape.conv1x1(ic: 3, oc: 4, ih: 5, iw: 9, sh: 1, sw: 2)
    wide.ow = 9
    #expect(error(.conv1x1, wide, .nhwc) == .outputSize(name: "ow", value: 9, expected: 5))
  }

  @Test(
    arguments: [
      ("oh", \Shape.oh), ("ow", \Shape.ow), ("sh", \Shape.sh), ("sw", \Shape.sw),
    ] as [(String, WritableKeyPath<Shape, Int> & Sendable)])
  func aFullyConnectedLayerHasOnePixelAndNoStride(
    name: String, dimension: WritableKeyPath<Shape, Int> & Sendable
  ) {
    var shape = Shape.fc(ic: 3, oc: 4, ih: 5, iw: 6)
    #expect(error(.fc, shape, .nc) == nil)
    shape[keyPath: dimension] = 2
    #expect(error(.fc, shape, .nc) == .outputSize(name: name, value: 2, expected: 1))
  }

  @Test func layoutsBelongToOperations() {
    for op in Op.allCases {
      let shape = op == .fc ? Shape.fc(ic: 3, oc: 4) : .conv1x1(ic: 3, oc: 4, ih: 5, iw: 6)
      for layout in Layout.allCases {
        let expected: LayerError? =
          (op == .fc) == (layout == .nc) ? nil : .layout(op: op, layout: layout)
        #expect(error(op, shape, layout) == expected)
      }
    }
  }

  @Test func noTensorHasMoreThan2To40Elements() throws {
    let limit = Layer.maximumElements
    #expect(limit == 1 << 40)
    // Exactly the limit is a layer, in each tensor; one row more is none.
    let shapes: [(Shape, Op, Layout, String?)] = [
      (.fc(mb: 1 << 20, ic: 1 << 20, oc: 1), .fc, .nc, nil),
      (.fc(mb: 1 << 20 + 1, ic: 1 << 20, oc: 1), .fc, .nc, "input"),
      (.fc(mb: 1, ic: 1 << 20, oc: 1 << 20), .fc, .nc, nil),
      (.fc(mb: 1, ic: 1 << 20, oc: (1 << 20) + 1), .fc, .nc, "weights"),
      (.fc(mb: 1, ic: 1 << 10, oc: 1 << 20, ih: 1 << 5, iw: 1 << 6), .fc, .nc, "weights"),
      (.fc(mb: 1 << 20, ic: 1, oc: (1 << 20) + 1), .fc, .nc, "output"),
      (.conv1x1(mb: 1 << 10, ic: 1, oc: 1 << 11, ih: 1 << 10, iw: 1 << 10), .conv1x1, .nhwc, "output"),
      (.conv1x1(mb: 1 << 10, ic: 1, oc: 1 << 11, ih: 1 << 10, iw: 1 << 10, sh: 2), .conv1x1, .nhwc, nil),
      // Products that overflow Int are errors too, and not crashes.
      (.fc(mb: .max, ic: .max, oc: .max), .fc, .nc, "input"),
      (.fc(mb: 1, ic: 1 << 40, oc: 1 << 40), .fc, .nc, "weights"),
      (.conv1x1(ic: 1, oc: 1, ih: .max, iw: .max), .conv1x1, .nchw, "input"),
    ]
    for (shape, op, layout, tensor) in shapes {
      guard let tensor else {
        #expect(error(op, shape, layout) == nil)
        continue
      }
      guard case .tooLarge(tensor, _)? = error(op, shape, layout) else {
        Issue.record("\(shape): \(String(describing: error(op, shape, layout)))")
        continue
      }
    }
  }

  @Test func errorsNameTheValueAndWhatWasExpected() {
    #expect(LayerError.dimension(name: "ic", value: 0).description == "ic is 0, but a dimension must be at least 1")
    #expect(
      LayerError.outputSize(name: "oh", value: 3, expected: 4).description
        == "oh is 3, but the other dimensions make it 4")
    #expect(
      LayerError.layout(op: .conv1x1, layout: .nc).description
        == "layout nc does not apply to conv1x1; expected nchw or nhwc")
    #expect(
      LayerError.tooLarge(tensor: "input", dimensions: [2, 3]).description
        == "the input tensor, 2×3, has more than 2^40 elements")
  }

  @Test func aConvolutionAsAMatrixProduct() throws {
    let layer = try Layer(
      op: .conv1x1, shape: .conv1x1(mb: 2, ic: 6, oc: 5, ih: 7, iw: 9, sh: 2, sw: 3), layout: .nchw, bias: true)
    #expect(layer.m == 2 * 4 * 3)
    #expect(layer.n == 5)
    #expect(layer.k == 6)
    #expect(layer.flops == 2 * 24 * 5 * 6)
    #expect(layer.inputCount == 2 * 6 * 7 * 9)
    #expect(layer.weightCount == 30)
    #expect(layer.outputCount == 24 * 5)
    // Only pixels that are used, weights, bias and output.
    let elements = [24 * 6, 30, 5, 120].reduce(0, +)
    #expect(layer.leastBytes == Double(4 * elements))
    #expect(layer.arithmeticIntensity == layer.flops / layer.leastBytes)
  }

  @Test func aFullyConnectedLayerFlattensItsInput() throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 3, ic: 512, oc: 4096, ih: 7, iw: 7), layout: .nc)
    #expect((layer.m, layer.n, layer.k) == (3, 4096, 25088))
    let elements = [3 * 25088, 4096 * 25088, 3 * 4096].reduce(0, +)
    #expect(layer.leastBytes == Double(4 * elements))
  }

  @Test func anotherActivationIsAllThatChanges() throws {
    for layout in [Layout.nchw, .nhwc] {
      let shape = Shape.conv1x1(mb: 2, ic: 6, oc: 5, ih: 7, iw: 9)
      let layer = try Layer(op: .conv1x1, shape: shape, layout: layout, bias: true, activation: .gelu)
      let expected = try Layer(op: .conv1x1, shape: shape, layout: layout, bias: true, activation: .none)
      #expect(layer.with(activation: .none) == expected)
    }
  }
}
