/// The operation of a layer. Both are one matrix product, C = A·Bᵀ, in different clothes.
public enum Op: String, Sendable, Hashable, Codable, CaseIterable {
  /// Convolution with a 1×1 kernel: every output pixel is a weighted sum over the channels of one input pixel.
  case conv1x1
  /// Fully connected layer (oneDNN's inner product): every output neuron is a weighted sum over the whole input.
  case fc
}

/// How a layer's activations lie in memory, slowest dimension first.
public enum Layout: String, Sendable, Hashable, Codable, CaseIterable {
  /// Channels first: pixels of one channel are contiguous (benchdnn's `abcd`). Convolution only.
  case nchw
  /// Channels last: channels of one pixel are contiguous (benchdnn's `acdb`). Convolution only.
  case nhwc
  /// Rows of features (benchdnn's `ab`). Fully connected only.
  case nc

  /// The layouts that `op` can have.
  public static func applicable(to op: Op) -> [Layout] {
    switch op {
    case .conv1x1: [.nchw, .nhwc]
    case .fc: [.nc]
    }
  }
}

/// The element type of every tensor of a layer.
public enum DataType: String, Sendable, Hashable, Codable, CaseIterable {
  /// IEEE 754 binary32.
  case f32

  /// Bytes of one element.
  public var size: Int { 4 }
}

/// The dimensions of a layer, under oneDNN's names. All are counts of elements, at least 1.
///
/// A fully connected layer with a spatial input keeps `ih` and `iw` here; its K is `ic·ih·iw`, and its output has
/// `oh = ow = 1`.
public struct Shape: Sendable, Hashable, Codable {
  /// Minibatch: images, or rows of a fully connected layer's input.
  public var mb: Int
  /// Input channels.
  public var ic: Int
  /// Output channels, or neurons.
  public var oc: Int
  /// Input height in pixels.
  public var ih: Int
  /// Input width in pixels.
  public var iw: Int
  /// Output height in pixels.
  public var oh: Int
  /// Output width in pixels.
  public var ow: Int
  /// Vertical stride in input pixels.
  public var sh: Int
  /// Horizontal stride in input pixels.
  public var sw: Int

  /// The shape of a 1×1 convolution; the output size follows from the input size and the strides.
  public static func conv1x1(mb: Int = 1, ic: Int, oc: Int, ih: Int, iw: Int, sh: Int = 1, sw: Int = 1) -> Shape {
    Shape(
      mb: mb, ic: ic, oc: oc, ih: ih, iw: iw,
      oh: sh > 0 ? (ih - 1) / sh + 1 : 0, ow: sw > 0 ? (iw - 1) / sw + 1 : 0, sh: sh, sw: sw)
  }

  /// The shape of a fully connected layer over `ic` channels of an `ih`×`iw` map (1×1 for a plain vector).
  public static func fc(mb: Int = 1, ic: Int, oc: Int, ih: Int = 1, iw: Int = 1) -> Shape {
    Shape(mb: mb, ic: ic, oc: oc, ih: ih, iw: iw, oh: 1, ow: 1, sh: 1, sw: 1)
  }

  /// The dimensions with their names, in the order of the results file.
  public var named: [(name: String, value: Int)] {
    [
      ("mb", mb), ("ic", ic), ("oc", oc), ("ih", ih), ("iw", iw), ("oh", oh), ("ow", ow), ("sh", sh), ("sw", sw),
    ]
  }
}

/// One layer to compute: operation, dimensions, memory layout, element type, bias and activation.
///
/// Its GEMM view is C[m][n] = activation(Σₖ A[m][k]·B[n][k] + bias[n]) with `m` pixels (or batch rows), `n` output
/// channels (or neurons) and `k` input channels. Weights are OIHW with a 1×1 kernel, or [out][in]: in both cases
/// `n` rows of `k` contiguous elements. A spatial input of a fully connected layer is flattened in the order C, H, W.
public struct Layer: Sendable, Hashable, Codable {
  /// The operation.
  public let op: Op
  /// The dimensions.
  public let shape: Shape
  /// The memory layout of input and output.
  public let layout: Layout
  /// The element type.
  public let dtype: DataType
  /// Whether a bias of `n` elements is added before the activation.
  public let bias: Bool
  /// The activation that ends the layer.
  public let activation: Activation

  /// The most elements that one tensor may have. Larger counts could overflow when they are turned into bytes.
  public static let maximumElements = 1 << 40

  /// Checks the dimensions and makes a layer of them.
  ///
  /// - Throws: `LayerError` if a dimension is less than 1, if the output size does not follow from the input size and
  ///   the strides, if the layout is not one of `op`'s, or if a tensor has more than ``maximumElements`` elements.
  public init(
    op: Op, shape: Shape, layout: Layout, dtype: DataType = .f32, bias: Bool = false, activation: Activation = .none
  ) throws(LayerError) {
    for (name, value) in shape.named where value < 1 { throw .dimension(name: name, value: value) }
    switch op {
    case .conv1x1:
      let expected = Shape.conv1x1(
        mb: shape.mb, ic: shape.ic, oc: shape.oc, ih: shape.ih, iw: shape.iw, sh: shape.sh, sw: shape.sw)
      if shape.oh != expected.oh { throw .outputSize(name: "oh", value: shape.oh, expected: expected.oh) }
      if shape.ow != expected.ow { throw .outputSize(name: "ow", value: shape.ow, expected: expected.ow) }
    case .fc:
      if shape.oh != 1 { throw .outputSize(name: "oh", value: shape.oh, expected: 1) }
      if shape.ow != 1 { throw .outputSize(name: "ow", value: shape.ow, expected: 1) }
      if shape.sh != 1 { throw .outputSize(name: "sh", value: shape.sh, expected: 1) }
      if shape.sw != 1 { throw .outputSize(name: "sw", value: shape.sw, expected: 1) }
    }
    guard Layout.applicable(to: op).contains(layout) else { throw .layout(op: op, layout: layout) }
    let tensors = [
      ("input", [shape.mb, shape.ic, shape.ih, shape.iw]),
      ("weights", op == .fc ? [shape.oc, shape.ic, shape.ih, shape.iw] : [shape.oc, shape.ic]),
      ("output", [shape.mb, shape.oc, shape.oh, shape.ow]),
    ]
    for (name, dimensions) in tensors {
      var count = 1
      for dimension in dimensions {
        let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
        if overflow || product > Self.maximumElements { throw .tooLarge(tensor: name, dimensions: dimensions) }
        count = product
      }
    }
    self.op = op
    self.shape = shape
    self.layout = layout
    self.dtype = dtype
    self.bias = bias
    self.activation = activation
  }

  /// Rows of the GEMM view: output pixels of all images, or batch rows.
  public var m: Int { shape.mb * shape.oh * shape.ow }
  /// Columns of the GEMM view: output channels, or neurons.
  public var n: Int { shape.oc }
  /// The summed dimension of the GEMM view: input channels, or input features.
  public var k: Int { op == .fc ? shape.ic * shape.ih * shape.iw : shape.ic }

  /// Floating-point operations of one execution: 2·m·n·k. Bias and activation are not counted.
  public var flops: Double { 2 * Double(m) * Double(n) * Double(k) }

  /// Elements of the input tensor, strided-over pixels included.
  public var inputCount: Int { shape.mb * shape.ic * shape.ih * shape.iw }
  /// Elements of the weight tensor.
  public var weightCount: Int { n * k }
  /// Elements of the output tensor.
  public var outputCount: Int { m * n }

  /// The least traffic of one execution in bytes: the input that is used, weights, bias and output, each once.
  ///
  /// Input pixels that the strides skip are not counted: no kernel has to read them.
  public var leastBytes: Double {
    (Double(m) * Double(k) + Double(weightCount) + Double(bias ? n : 0) + Double(outputCount)) * Double(dtype.size)
  }

  /// FLOP per byte of least traffic.
  public var arithmeticIntensity: Double { flops / leastBytes }

  /// The same layer with another activation, for checks that need a linear result.
  public func with(activation: Activation) -> Layer { Layer(copying: self, activation: activation) }

  private init(copying other: Layer, activation: Activation) {
    op = other.op
    shape = other.shape
    layout = other.layout
    dtype = other.dtype
    bias = other.bias
    self.activation = activation
  }
}

/// Why dimensions are not a layer.
public enum LayerError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A dimension that is not at least 1.
  case dimension(name: String, value: Int)
  /// A dimension that contradicts the others.
  case outputSize(name: String, value: Int, expected: Int)
  /// A layout that the operation does not have.
  case layout(op: Op, layout: Layout)
  /// A tensor with more than `Layer.maximumElements` elements.
  case tooLarge(tensor: String, dimensions: [Int])

  /// One sentence that names the value and what was expected.
  public var description: String {
    switch self {
    case .dimension(let name, let value):
      "\(name) is \(value), but a dimension must be at least 1"
    case .outputSize(let name, let value, let expected):
      "\(name) is \(value), but the other dimensions make it \(expected)"
    case .layout(let op, let layout):
      "layout \(layout.rawValue) does not apply to \(op.rawValue); expected "
        + Layout.applicable(to: op).map { $0.rawValue }.joined(separator: " or ")
    case .tooLarge(let tensor, let dimensions):
      "the \(tensor) tensor, \(dimensions.map(String.init).joined(separator: "×")), has more than 2^40 elements"
    }
  }
}
