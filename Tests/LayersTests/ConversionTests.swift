import Layers
import Testing

/// Both forms of a layer over the same numbers. All data is of small integers, so that results are equal or wrong.
@Suite struct ConversionTests {
  static let seed: UInt64 = 5

  /// An image tensor of logical elements [mb][c][h][w], whatever its place in memory.
  struct Images {
    var mb: Int, c: Int, h: Int, w: Int
    var elements: [Float]

    subscript(_ image: Int, _ channel: Int, _ y: Int, _ x: Int) -> Float {
      get { elements[((image * c + channel) * h + y) * w + x] }
      set { elements[((image * c + channel) * h + y) * w + x] = newValue }
    }

    init(_ mb: Int, _ c: Int, _ h: Int, _ w: Int, fill: () -> Float = { 0 }) {
      (self.mb, self.c, self.h, self.w) = (mb, c, h, w)
      elements = (0..<mb * c * h * w).map { _ in fill() }
    }

    /// Reads a tensor in `layout`.
    init(_ mb: Int, _ c: Int, _ h: Int, _ w: Int, from memory: [Float], _ layout: Layout) {
      self.init(mb, c, h, w)
      precondition(memory.count == elements.count)
      var position = 0
      walk(layout) { image, channel, y, x in
        self[image, channel, y, x] = memory[position]
        position += 1
      }
    }

    /// The elements in the order of `layout`.
    func memory(_ layout: Layout) -> [Float] {
      var memory: [Float] = []
      walk(layout) { memory.append(self[$0, $1, $2, $3]) }
      return memory
    }

    private func walk(_ layout: Layout, _ body: (Int, Int, Int, Int) -> Void) {
      for image in 0..<mb {
        if layout == .nhwc {
          for y in 0..<h { for x in 0..<w { for channel in 0..<c { body(image, channel, y, x) } } }
        } else {
          for channel in 0..<c { for y in 0..<h { for x in 0..<w { body(image, channel, y, x) } } }
        }
      }
    }

    /// One window, as an image of its own.
    func window(_ image: Int, _ y: Int, _ x: Int, _ height: Int, _ width: Int) -> Images {
      var result = Images(1, c, height, width)
      for channel in 0..<c {
        for i in 0..<height { for j in 0..<width { result[0, channel, i, j] = self[image, channel, y + i, x + j] } }
      }
      return result
    }
  }

  /// An FC layer over logical images, flattened in the order C, H, W; the definition.
  static func connected(_ input: Images, _ weights: [Float], _ bias: [Float]?, _ activation: Activation) -> Images {
    let k = input.c * input.h * input.w
    let oc = weights.count / k
    var output = Images(input.mb, oc, 1, 1)
    for image in 0..<input.mb {
      for o in 0..<oc {
        var sum = bias?[o] ?? 0
        for i in 0..<k { sum += input.elements[image * k + i] * weights[o * k + i] }
        output[image, o, 0, 0] = Float(activation(Double(sum)))
      }
    }
    return output
  }

  /// A convolution without padding over logical images, weights OIHW; the definition.
  static func convolution(
    _ input: Images, _ weights: [Float], _ bias: [Float]?, kh: Int, kw: Int, sh: Int, sw: Int,
    _ activation: Activation
  ) -> Images {
    let oc = weights.count / (input.c * kh * kw)
    var output = Images(input.mb, oc, (input.h - kh) / sh + 1, (input.w - kw) / sw + 1)
    for image in 0..<input.mb {
      for o in 0..<oc {
        for y in 0..<output.h {
          for x in 0..<output.w {
            var sum = bias?[o] ?? 0
            for c in 0..<input.c {
              for i in 0..<kh {
                for j in 0..<kw {
                  sum += input[image, c, y * sh + i, x * sw + j] * weights[((o * input.c + c) * kh + i) * kw + j]
                }
              }
            }
            output[image, o, y, x] = Float(activation(Double(sum)))
          }
        }
      }
    }
    return output
  }

  /// What a kernel of the lab computes: `layer` from memory to memory.
  static func run(_ layer: Layer, _ input: [Float], _ weights: [Float], _ bias: [Float]?) -> [Float] {
    let s = layer.shape
    #expect(input.count == layer.inputCount && weights.count == layer.weightCount)
    switch layer.op {
    case .fc:
      return connected(
        Images(s.mb, s.ic, s.ih, s.iw, from: input, .nc), weights, layer.bias ? bias : nil, layer.activation
      ).elements
    case .conv1x1:
      let images = Images(s.mb, s.ic, s.ih, s.iw, from: input, layer.layout)
      return convolution(
        images, weights, layer.bias ? bias : nil, kh: 1, kw: 1, sh: s.sh, sw: s.sw, layer.activation
      ).memory(layer.layout)
    }
  }

  static func run(_ conversion: Conversion, _ input: [Float], _ weights: [Float], _ bias: [Float]?) -> [Float] {
    conversion.output(run(conversion.layer, conversion.input(input), conversion.weights(weights), bias))
  }

  /// Small integers, none of them zero.
  static func numbers(_ generator: inout SeededGenerator, _ count: Int) -> [Float] {
    (0..<count).map { _ in Float(Int.random(in: 1...4, using: &generator)) * (Bool.random(using: &generator) ? 1 : -1) }
  }

  static let connected: [Shape] = [
    .fc(ic: 1, oc: 1), .fc(mb: 12, ic: 7, oc: 5), .fc(mb: 6, ic: 5, oc: 3, ih: 2, iw: 3),
    .fc(mb: 2, ic: 3, oc: 4, ih: 4, iw: 1),
  ]
  static let convolutions: [Shape] = [
    .conv1x1(ic: 1, oc: 1, ih: 1, iw: 1), .conv1x1(mb: 2, ic: 5, oc: 3, ih: 3, iw: 4),
    .conv1x1(mb: 3, ic: 4, oc: 6, ih: 5, iw: 7, sh: 2, sw: 2), .conv1x1(ic: 2, oc: 3, ih: 7, iw: 4, sh: 3, sw: 1),
    .conv1x1(mb: 2, ic: 3, oc: 2, ih: 1, iw: 6, sh: 1, sw: 4),
  ]
  static let layouts: [Layout] = [.nchw, .nhwc]

  @Test(arguments: connected, layouts) func connectedAsConvolution(shape: Shape, layout: Layout) throws {
    var generator = SeededGenerator(seed: Self.seed)
    let layer = try Layer(op: .fc, shape: shape, layout: .nc, bias: true, activation: .relu)
    let conversion = try Conversion.convolution(of: layer, layout: layout)
    let input = Self.numbers(&generator, layer.inputCount)
    let weights = Self.numbers(&generator, layer.weightCount)
    let bias = Self.numbers(&generator, layer.n)
    #expect(conversion.isFree && !conversion.changesOrder)
    #expect(conversion.layer.op == .conv1x1 && conversion.layer.layout == layout)
    #expect(Self.run(conversion, input, weights, bias) == Self.run(layer, input, weights, bias))
    // There and back.
    let back = try Conversion.fullyConnected(of: conversion.layer)
    #expect(back.isFree && back.layer.m == layer.m && back.layer.k == layer.k && back.layer.bias)
  }

  @Test(arguments: convolutions, layouts) func convolutionAsConnected(shape: Shape, layout: Layout) throws {
    var generator = SeededGenerator(seed: Self.seed)
    let layer = try Layer(op: .conv1x1, shape: shape, layout: layout, bias: true, activation: .relu6)
    let conversion = try Conversion.fullyConnected(of: layer)
    let input = Self.numbers(&generator, layer.inputCount)
    let weights = Self.numbers(&generator, layer.weightCount)
    let bias = Self.numbers(&generator, layer.n)
    #expect(conversion.layer.op == .fc && conversion.layer.m == layer.m)
    #expect(Self.run(conversion, input, weights, bias) == Self.run(layer, input, weights, bias))
    if layout == .nhwc && shape.sh == 1 && shape.sw == 1 { #expect(conversion.isFree) }
    if layout == .nchw && shape.ih > 1 { #expect(!conversion.isFree) }
    #expect(!conversion.changesOrder)
    guard shape.sh == 1 && shape.sw == 1 else { return }
    let back = try Conversion.convolution(of: conversion.layer, ih: shape.ih, iw: shape.iw, layout: layout)
    #expect(back.layer == layer)
    let rows = conversion.input(input)
    #expect(back.input(rows) == input)
    #expect(Self.run(back, rows, weights, bias) == Self.run(conversion.layer, rows, weights, bias))
  }

  @Test(arguments: connected, layouts) func flattening(shape: Shape, layout: Layout) throws {
    var generator = SeededGenerator(seed: Self.seed)
    let layer = try Layer(op: .fc, shape: shape, layout: .nc, bias: true)
    let map = Images(shape.mb, shape.ic, shape.ih, shape.iw) { Self.numbers(&generator, 1)[0] }
    let weights = Self.numbers(&generator, layer.weightCount)
    let bias = Self.numbers(&generator, layer.n)
    let conversion = try Conversion.flattening(layer, from: layout)
    #expect(conversion.layer.shape.ih == 1 && conversion.layer.k == layer.k)
    #expect(conversion.input.isIdentity, "the map stays where it is")
    let expected = Self.connected(map, weights, bias, .none).elements
    #expect(Self.run(conversion, map.memory(layout), weights, bias) == expected)
    // And as a 1×1 convolution.
    let gemm = try Conversion.convolution(of: conversion.layer)
    #expect(Self.run(gemm, map.memory(layout), conversion.weights(weights), bias) == expected)
    // And back.
    let back = try Conversion.unflattening(conversion.layer, ih: shape.ih, iw: shape.iw, from: layout)
    #expect(back.layer == layer)
    #expect(back.weights(conversion.weights(weights)) == weights)
    #expect(Self.run(back, map.memory(layout), conversion.weights(weights), bias) == expected)
  }

  struct Slide: Sendable {
    var mb = 1, c = 3, h = 2, w = 2, oc = 5, ih = 5, iw = 6, sh = 1, sw = 1
  }
  static let slides = [
    Slide(), Slide(mb: 2, c: 4, h: 3, w: 2, ih: 3, iw: 2), Slide(mb: 2, h: 3, w: 1, ih: 7, iw: 4, sh: 2, sw: 3),
    Slide(c: 1, h: 1, w: 1, ih: 2, iw: 3), Slide(c: 5, h: 7, w: 7, oc: 3, ih: 14, iw: 14),
  ]

  @Test(arguments: slides, layouts) func slidingWindow(slide: Slide, layout: Layout) throws {
    var generator = SeededGenerator(seed: Self.seed)
    let layer = try Layer(
      op: .fc, shape: .fc(mb: slide.mb, ic: slide.c, oc: slide.oc, ih: slide.h, iw: slide.w), layout: .nc, bias: true,
      activation: .relu)
    let images = Images(slide.mb, slide.c, slide.ih, slide.iw) { Self.numbers(&generator, 1)[0] }
    let weights = Self.numbers(&generator, layer.weightCount)
    let bias = Self.numbers(&generator, layer.n)
    let convolution = try WindowConvolution(
      sliding: layer, ih: slide.ih, iw: slide.iw, sh: slide.sh, sw: slide.sw, layout: layout)
    let expected = Self.convolution(
      images, weights, bias, kh: slide.h, kw: slide.w, sh: slide.sh, sw: slide.sw, .relu)
    #expect(convolution.shape.oh == expected.h && convolution.shape.ow == expected.w)
    #expect(try convolution.fullyConnected == layer)

    // Every window, through the FC layer.
    for image in 0..<slide.mb {
      for y in 0..<expected.h {
        for x in 0..<expected.w {
          let window = images.window(image, y * slide.sh, x * slide.sw, slide.h, slide.w)
          let scores = Self.connected(window, weights, bias, .relu).elements
          #expect(scores == (0..<slide.oc).map { expected[image, $0, y, x] })
        }
      }
    }

    let patches = try convolution.patches
    #expect(Self.run(patches, images.memory(layout), weights, bias) == expected.memory(layout))
    #expect(patches.layer.flops == convolution.flops)

    let taps = try convolution.taps
    #expect(taps.count == slide.h * slide.w)
    #expect(taps.reduce(0) { $0 + $1.layer.flops } == convolution.flops)
    var sums = [Float](repeating: 0, count: convolution.outputCount)
    for tap in taps {
      let part = Self.run(tap.layer, tap.input(images.memory(layout)), tap.weights(weights), nil)
      for i in sums.indices { sums[i] += part[i] }
    }
    let biased = Images(slide.mb, slide.oc, expected.h, expected.w, from: sums, layout)
    var result = biased
    for image in 0..<slide.mb {
      for o in 0..<slide.oc {
        for y in 0..<expected.h {
          for x in 0..<expected.w { result[image, o, y, x] = max(0, biased[image, o, y, x] + bias[o]) }
        }
      }
    }
    #expect(result.memory(layout) == expected.memory(layout))
  }

  @Test(arguments: layouts) func convolutionalHead(layout: Layout) throws {
    var generator = SeededGenerator(seed: Self.seed)
    let (h, w, ih, iw, mb) = (3, 2, 6, 5, 2)
    let layers = [
      try Layer(op: .fc, shape: .fc(mb: mb, ic: 4, oc: 6, ih: h, iw: w), layout: .nc, bias: true, activation: .relu),
      try Layer(op: .fc, shape: .fc(mb: mb, ic: 6, oc: 5), layout: .nc, bias: true, activation: .relu6),
      try Layer(op: .fc, shape: .fc(mb: mb, ic: 5, oc: 3), layout: .nc),
    ]
    let images = Images(mb, 4, ih, iw) { Self.numbers(&generator, 1)[0] }
    let weights = layers.map { Self.numbers(&generator, $0.weightCount) }
    let biases = layers.map { Self.numbers(&generator, $0.n) }
    let head = try ConvolutionalHead(layers, ih: ih, iw: iw, layout: layout)
    #expect(head.oh == 4 && head.ow == 4 && head.scores == 3)
    #expect(try head.fullyConnected == layers)

    var map = Self.run(try head.first.patches, images.memory(layout), weights[0], biases[0])
    for (position, layer) in head.others.enumerated() {
      map = Self.run(layer, map, weights[position + 1], biases[position + 1])
    }
    let scores = Images(mb, 3, head.oh, head.ow, from: map, layout)
    var windows = 0
    for image in 0..<mb {
      for y in 0..<head.oh {
        for x in 0..<head.ow {
          var one = images.window(image, y, x, h, w)
          for (position, layer) in layers.enumerated() {
            one = Self.connected(one, weights[position], layer.bias ? biases[position] : nil, layer.activation)
          }
          #expect(one.elements == (0..<3).map { scores[image, $0, y, x] })
          windows += 1
        }
      }
    }
    #expect(head.flops == layers.reduce(0) { $0 + $1.flops } / Double(mb) * Double(windows))
  }

  @Test func theHeadOfVGG16() throws {
    let layers = [
      try Layer(op: .fc, shape: .fc(ic: 512, oc: 4096, ih: 7, iw: 7), layout: .nc),
      try Layer(op: .fc, shape: .fc(ic: 4096, oc: 4096), layout: .nc),
      try Layer(op: .fc, shape: .fc(ic: 4096, oc: 1000), layout: .nc),
    ]
    let head = try ConvolutionalHead(layers, ih: 14, iw: 14, layout: .nchw)
    #expect(head.oh == 8 && head.ow == 8 && head.scores == 1000)
    #expect(try head.first.patches.layer.descriptor == "mb64ic25088oc4096")
    #expect(head.others.map(\.descriptor) == ["mb1ic4096ih8oc4096oh8kh1ph0", "mb1ic4096ih8oc1000oh8kh1ph0"])
  }

  @Test func whatHasNoOtherForm() throws {
    let fc = try Layer(op: .fc, shape: .fc(mb: 6, ic: 10, oc: 3), layout: .nc)
    let conv = try Layer(op: .conv1x1, shape: .conv1x1(ic: 3, oc: 2, ih: 2, iw: 2), layout: .nchw)
    #expect(throws: ConversionError.operation(found: .conv1x1, expected: .fc)) { try Conversion.convolution(of: conv) }
    #expect(throws: ConversionError.operation(found: .fc, expected: .conv1x1)) { try Conversion.fullyConnected(of: fc) }
    #expect(throws: ConversionError.layout(.nc)) { try Conversion.convolution(of: fc, layout: .nc) }
    #expect(throws: ConversionError.layout(.nc)) { try Conversion.flattening(fc, from: .nc) }
    for (ih, iw) in [(4, 1), (0, 1), (2, -3), (Int.max, 2), (7, 1)] {
      #expect(throws: ConversionError.rows(6, ih: ih, iw: iw)) { try Conversion.convolution(of: fc, ih: ih, iw: iw) }
    }
    for (ih, iw) in [(3, 1), (0, 1), (-2, -5), (Int.max, Int.max)] {
      #expect(throws: ConversionError.features(10, ih: ih, iw: iw)) {
        try Conversion.unflattening(fc, ih: ih, iw: iw, from: .nhwc)
      }
    }
    let map = try Layer(op: .fc, shape: .fc(mb: 6, ic: 2, oc: 3, ih: 4, iw: 4), layout: .nc)
    for (ih, iw, sh, sw) in [(3, 4, 1, 1), (4, 3, 1, 1), (8, 8, 0, 1), (8, 8, 1, -1)] {
      #expect(throws: ConversionError.window(kh: 4, kw: 4, ih: ih, iw: iw, sh: sh, sw: sw)) {
        try WindowConvolution(sliding: map, ih: ih, iw: iw, sh: sh, sw: sw, layout: .nchw)
      }
    }
    #expect(throws: ConversionError.self) {
      try WindowConvolution(sliding: map, ih: 1 << 40, iw: 1 << 40, layout: .nchw)
    }
    #expect(throws: ConversionError.emptyHead) { try ConvolutionalHead([], ih: 1, iw: 1, layout: .nhwc) }
    #expect(throws: ConversionError.chain(position: 1, features: 10, expected: 3)) {
      try ConvolutionalHead([map, fc], ih: 5, iw: 5, layout: .nhwc)
    }
    let next = try Layer(op: .fc, shape: .fc(mb: 5, ic: 3, oc: 3), layout: .nc)
    #expect(throws: ConversionError.images(position: 1, mb: 5, expected: 6)) {
      try ConvolutionalHead([map, next], ih: 5, iw: 5, layout: .nhwc)
    }
  }

  @Test func rearrangements() {
    let source = (0..<24).map { Float($0) }
    #expect(Rearrangement.identity(count: 24).isIdentity)
    #expect(Rearrangement.permutation(of: [2, 3, 4], order: [0, 1, 2]).isIdentity)
    #expect(Rearrangement.permutation(of: [2, 1, 4], order: [0, 2, 1]).isIdentity)
    let transposed = Rearrangement.permutation(of: [2, 3, 4], order: [2, 0, 1])
    #expect(!transposed.isIdentity && transposed.count == 24 && transposed.extent == 24)
    #expect(transposed(source)[0..<7] == [0, 4, 8, 12, 16, 20, 1])
    let part = Rearrangement(sizes: [2, 2], strides: [8, 3], offset: 5)
    #expect(part(source) == [5, 8, 13, 16] && part.extent == 17)
    // Enough elements for all cores, and an inner dimension of one element.
    let large = (0..<300_000).map { Float($0) }
    let wide = Rearrangement.permutation(of: [3, 100_000, 1], order: [1, 0, 2])(large)
    let isTransposed = wide.indices.allSatisfy { (i: Int) -> Bool in
      let (row, column) = i.quotientAndRemainder(dividingBy: 3)
      return wide[i] == large[column * 100_000 + row]
    }
    #expect(isTransposed)
  }
}
