import Layers

/// A layer's result by the plainest loops there are, over logical tensors: the reference's reference.
///
/// It shares no index arithmetic with the package: positions are counted up while walking over a tensor in the order in
/// which its layout says that it lies.
struct Textbook {
  /// Σ x·w + b and Σ |x·w| + |b|, by where the element lies in the output tensor.
  private(set) var values: [Double] = []
  private(set) var magnitudes: [Double] = []
  /// Where row m and column n of the GEMM view lie in the output tensor.
  private(set) var places: [[Int]] = []

  init(_ tensors: LayerTensors) {
    let layer = tensors.layer
    let s = layer.shape
    // The input as [image][channel][y][x].
    var input = Array(
      repeating: Array(
        repeating: Array(repeating: [Double](repeating: 0, count: s.iw), count: s.ih), count: s.ic), count: s.mb)
    var position = 0
    if layer.layout == .nhwc {
      for image in 0..<s.mb {
        for y in 0..<s.ih {
          for x in 0..<s.iw {
            for channel in 0..<s.ic {
              input[image][channel][y][x] = Double(tensors.input.pointer[position])
              position += 1
            }
          }
        }
      }
    } else {
      for image in 0..<s.mb {
        for channel in 0..<s.ic {
          for y in 0..<s.ih {
            for x in 0..<s.iw {
              input[image][channel][y][x] = Double(tensors.input.pointer[position])
              position += 1
            }
          }
        }
      }
    }

    /// One output element.
    func element(_ image: Int, _ out: Int, _ y: Int, _ x: Int) -> (Double, Double) {
      var terms: [Double] = []
      if layer.op == .fc {
        var weight = out * s.ic * s.ih * s.iw
        for channel in 0..<s.ic {
          for row in 0..<s.ih {
            for column in 0..<s.iw {
              terms.append(input[image][channel][row][column] * Double(tensors.weights.pointer[weight]))
              weight += 1
            }
          }
        }
      } else {
        for channel in 0..<s.ic {
          terms.append(
            input[image][channel][y * s.sh][x * s.sw] * Double(tensors.weights.pointer[out * s.ic + channel]))
        }
      }
      if let bias = tensors.bias { terms.append(Double(bias[out])) }
      return (terms.reduce(0, +), terms.map(abs).reduce(0, +))
    }

    places = Array(repeating: Array(repeating: -1, count: s.oc), count: s.mb * s.oh * s.ow)
    func append(_ image: Int, _ out: Int, _ y: Int, _ x: Int) {
      let (value, magnitude) = element(image, out, y, x)
      places[(image * s.oh + y) * s.ow + x][out] = values.count
      values.append(value)
      magnitudes.append(magnitude)
    }
    if layer.layout == .nchw {
      for image in 0..<s.mb {
        for out in 0..<s.oc { for y in 0..<s.oh { for x in 0..<s.ow { append(image, out, y, x) } } }
      }
    } else {
      for image in 0..<s.mb {
        for y in 0..<s.oh { for x in 0..<s.ow { for out in 0..<s.oc { append(image, out, y, x) } } }
      }
    }
  }
}

/// Layers that between them have every property that index arithmetic can get wrong.
enum ExampleLayers {
  static func all(bias: Bool = true, activation: Activation = .none) throws -> [Layer] {
    let convolutions: [Shape] = [
      .conv1x1(ic: 1, oc: 1, ih: 1, iw: 1),
      .conv1x1(ic: 5, oc: 7, ih: 3, iw: 4),
      .conv1x1(mb: 3, ic: 9, oc: 4, ih: 4, iw: 3),
      .conv1x1(mb: 2, ic: 6, oc: 5, ih: 7, iw: 9, sh: 2, sw: 2),
      .conv1x1(mb: 2, ic: 17, oc: 3, ih: 8, iw: 5, sh: 3, sw: 1),
      .conv1x1(mb: 2, ic: 4, oc: 18, ih: 5, iw: 8, sh: 1, sw: 3),
      .conv1x1(mb: 1, ic: 33, oc: 6, ih: 9, iw: 9, sh: 4, sw: 4),
    ]
    let connected: [Shape] = [
      .fc(ic: 1, oc: 1), .fc(ic: 19, oc: 8), .fc(mb: 17, ic: 40, oc: 3), .fc(mb: 2, ic: 5, oc: 9, ih: 3, iw: 4),
    ]
    return try convolutions.flatMap { shape in
      try [Layout.nchw, .nhwc].map {
        try Layer(op: .conv1x1, shape: shape, layout: $0, bias: bias, activation: activation)
      }
    } + connected.map { try Layer(op: .fc, shape: $0, layout: .nc, bias: bias, activation: activation) }
  }
}
