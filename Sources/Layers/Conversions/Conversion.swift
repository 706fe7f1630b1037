/// A layer in another form that computes the same numbers from the same numbers: the layer, and what it takes to give it
/// the original's data.
///
/// Every output element is the same sum of the same products in both forms, plus the same bias, through the same
/// activation. The products of an element are summed over the same channels in the same order unless
/// ``changesOrder`` says otherwise, so a kernel that sums in that order gives identical bits.
///
/// Shapes are written slowest dimension first. `m`, `n` and `k` are those of the GEMM view; see ``Layer``.
public struct Conversion: Sendable, Hashable {
  /// The layer in the other form.
  public let layer: Layer
  /// How its input is taken from the original's.
  public let input: Rearrangement
  /// How its weights, [n][k], are taken from the original's.
  public let weights: Rearrangement
  /// How the original's output is taken from the output of ``layer``.
  public let output: Rearrangement

  /// Whether not a byte moves: the other form computes on the same buffers.
  public var isFree: Bool { input.isIdentity && weights.isIdentity && output.isIdentity }

  /// Whether the summed dimension has another order in the other form.
  public var changesOrder: Bool { !weights.isIdentity }

  init(_ layer: Layer, input: Rearrangement, weights: Rearrangement? = nil, output: Rearrangement) {
    precondition(input.count == layer.inputCount && output.count == layer.outputCount)
    self.layer = layer
    self.input = input
    self.weights = weights ?? .identity(count: layer.weightCount)
    self.output = output
    precondition(self.weights.count == layer.weightCount)
  }

  /// FC → 1×1 convolution: features become the channels of a 1×1 image, batch rows become images.
  ///
  /// Input [mb][k] → [mb][k][1][1] or [mb][1][1][k], weights [oc][k] → [oc][k][1][1], output [mb][oc] → [mb][oc][1][1]: not
  /// a byte moves, in either layout. An FC layer over a C×H×W map, which it flattens in that order, becomes a convolution
  /// over C·H·W channels.
  ///
  /// - Parameter layout: of the convolution.
  /// - Throws: `ConversionError` if `layer` is no FC layer or `layout` no layout of convolutions.
  public static func convolution(
    of layer: Layer, layout: Layout = .nhwc
  ) throws(ConversionError) -> Conversion {
    try layer.require(.fc)
    let shape = Shape.conv1x1(mb: layer.shape.mb, ic: layer.k, oc: layer.n, ih: 1, iw: 1)
    return Conversion(
      try layer.reshaped(.conv1x1, shape, layout), input: .identity(count: layer.inputCount),
      output: .identity(count: layer.outputCount))
  }

  /// FC → 1×1 convolution over a picture: batch rows become the pixels of `ih`×`iw` images, in the order image, y, x. The
  /// reverse of ``fullyConnected(of:)`` for stride 1.
  ///
  /// Input [mb][k] → [mb ÷ (ih·iw)][ih][iw][k], where not a byte moves, or [mb ÷ (ih·iw)][k][ih][iw]; weights as they are;
  /// output likewise.
  ///
  /// - Throws: `ConversionError` if `layer` is no FC layer, its rows are not those of whole images, or `layout` is no
  ///   layout of convolutions.
  public static func convolution(
    of layer: Layer, ih: Int, iw: Int, layout: Layout = .nhwc
  ) throws(ConversionError) -> Conversion {
    try layer.require(.fc)
    guard ih >= 1, iw >= 1, ih <= layer.m, iw <= layer.m, layer.m % (ih * iw) == 0 else {
      throw .rows(layer.m, ih: ih, iw: iw)
    }
    let shape = Shape.conv1x1(mb: layer.m / (ih * iw), ic: layer.k, oc: layer.n, ih: ih, iw: iw)
    let convolution = try layer.reshaped(.conv1x1, shape, layout)
    let (images, pixels) = (shape.mb, ih * iw)
    guard layout == .nchw else {
      return Conversion(
        convolution, input: .identity(count: layer.inputCount), output: .identity(count: layer.outputCount))
    }
    return Conversion(
      convolution, input: .permutation(of: [images, pixels, layer.k], order: [0, 2, 1]),
      output: .permutation(of: [images, layer.n, pixels], order: [0, 2, 1]))
  }

  /// 1×1 convolution → FC over pixels: every output pixel becomes a row of the batch; all share the weights.
  ///
  /// Input NHWC [mb][ih][iw][ic] or NCHW [mb][ic][ih][iw] → [mb·oh·ow][ic], pixels that the strides skip left out; weights
  /// as they are; output [mb·oh·ow][oc] → NHWC or NCHW. In NHWC with stride 1 not a byte moves.
  ///
  /// - Throws: `ConversionError` if `layer` is no convolution.
  public static func fullyConnected(of layer: Layer) throws(ConversionError) -> Conversion {
    try layer.require(.conv1x1)
    let s = layer.shape
    let input = s.inputStrides(layer.layout)
    let rows = try layer.reshaped(.fc, .fc(mb: layer.m, ic: layer.k, oc: layer.n), .nc)
    return Conversion(
      rows,
      input: Rearrangement(
        sizes: [s.mb, s.oh, s.ow, s.ic],
        strides: [input.image, input.y * s.sh, input.x * s.sw, input.channel]),
      output: .outputFromRows(s, layer.layout))
  }

  /// FC after flatten → 1×1 GEMM: an FC layer over a C×H×W map becomes a plain one over C·H·W features, for a map that
  /// lies in memory as `layout`.
  ///
  /// From NCHW not a byte moves: C, H, W is the order of the weights' columns. From NHWC the map stays as it is, and the
  /// columns of the weights are put into its order, once: [oc][C][H][W] → [oc][H][W][C].
  ///
  /// - Throws: `ConversionError` if `layer` is no FC layer or `layout` is no layout of maps.
  public static func flattening(_ layer: Layer, from layout: Layout) throws(ConversionError) -> Conversion {
    try layer.require(.fc)
    let s = layer.shape
    guard layout != .nc else { throw .layout(layout) }
    return Conversion(
      try layer.reshaped(.fc, .fc(mb: s.mb, ic: layer.k, oc: s.oc), .nc), input: .identity(count: layer.inputCount),
      weights: layout == .nchw
        ? nil : .permutation(of: [s.oc, s.ic, s.ih, s.iw], order: [0, 2, 3, 1]),
      output: .identity(count: layer.outputCount))
  }

  /// The reverse of ``flattening(_:from:)``: a plain FC layer over features that are a map in `layout` becomes one over
  /// the map, `ih`×`iw` pixels of k ÷ (ih·iw) channels. Its own input is flattened in the order C, H, W.
  ///
  /// - Throws: `ConversionError` if `layer` is no plain FC layer, its features are not those of whole channels, or
  ///   `layout` is no layout of maps.
  public static func unflattening(
    _ layer: Layer, ih: Int, iw: Int, from layout: Layout
  ) throws(ConversionError) -> Conversion {
    try layer.require(.fc)
    guard layout != .nc else { throw .layout(layout) }
    guard ih >= 1, iw >= 1, ih <= layer.k, iw <= layer.k, layer.k % (ih * iw) == 0,
      layer.shape.ih == 1, layer.shape.iw == 1
    else {
      throw .features(layer.k, ih: ih, iw: iw)
    }
    let (mb, oc, ic) = (layer.m, layer.n, layer.k / (ih * iw))
    let isChannelsLast = layout == .nhwc
    return Conversion(
      try layer.reshaped(.fc, .fc(mb: mb, ic: ic, oc: oc, ih: ih, iw: iw), .nc),
      input: isChannelsLast
        ? .permutation(of: [mb, ih, iw, ic], order: [0, 3, 1, 2]) : .identity(count: layer.inputCount),
      weights: isChannelsLast ? .permutation(of: [oc, ih, iw, ic], order: [0, 3, 1, 2]) : nil,
      output: .identity(count: layer.outputCount))
  }
}

/// Why a layer has no such other form.
public enum ConversionError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A layer of the other operation.
  case operation(found: Op, expected: Op)
  /// A layout that maps do not have.
  case layout(Layout)
  /// Batch rows that are not the pixels of whole images.
  case rows(Int, ih: Int, iw: Int)
  /// Features that are not the pixels of whole channels.
  case features(Int, ih: Int, iw: Int)
  /// A kernel or a stride that the image does not allow.
  case window(kh: Int, kw: Int, ih: Int, iw: Int, sh: Int, sw: Int)
  /// A layer of a head that does not continue the one before it; `position` counts from 0.
  case chain(position: Int, features: Int, expected: Int)
  /// A layer of a head with another minibatch than the first one; `position` counts from 0.
  case images(position: Int, mb: Int, expected: Int)
  /// A head without layers.
  case emptyHead
  /// The other form's dimensions are no layer.
  case layer(LayerError)

  /// One sentence with what was found and what was expected.
  public var description: String {
    switch self {
    case .operation(let found, let expected):
      "the layer's operation is \(found.rawValue), but \(expected.rawValue) was expected"
    case .layout(let layout): "layout \(layout.rawValue) is not that of a map; expected nchw or nhwc"
    case .rows(let rows, let ih, let iw):
      "\(rows) rows are not the pixels of whole images of \(ih)×\(iw); expected a multiple of the image's pixels"
    case .features(let features, let ih, let iw):
      "\(features) plain features are not whole channels of \(ih)×\(iw) pixels; expected a multiple of the pixels"
    case .window(let kh, let kw, let ih, let iw, let sh, let sw):
      "a \(kh)×\(kw) window with strides \(sh) and \(sw) does not slide over an image of \(ih)×\(iw); expected an image of "
        + "at least the window's size and strides of at least 1"
    case .chain(let position, let features, let expected):
      "layer \(position) of the head takes \(features) features, but the one before it gives \(expected)"
    case .images(let position, let mb, let expected):
      "layer \(position) of the head has a minibatch of \(mb), but the first one has \(expected)"
    case .emptyHead: "the head has no layers; expected one or more FC layers"
    case .layer(let error): "the other form is no layer of the lab: \(error)"
    }
  }
}

extension Layer {
  /// - Throws: `ConversionError` if the operation is not `op`.
  func require(_ op: Op) throws(ConversionError) {
    if self.op != op { throw .operation(found: self.op, expected: op) }
  }

  /// A layer with this one's bias and activation and other dimensions.
  func reshaped(_ op: Op, _ shape: Shape, _ layout: Layout) throws(ConversionError) -> Layer {
    if op == .conv1x1 && layout == .nc { throw .layout(layout) }
    do {
      return try Layer(op: op, shape: shape, layout: layout, dtype: dtype, bias: bias, activation: activation)
    } catch {
      throw .layer(error)
    }
  }
}

extension Shape {
  /// How far apart neighbours are in the input of a convolution, in elements.
  func inputStrides(_ layout: Layout) -> (image: Int, y: Int, x: Int, channel: Int) {
    layout == .nchw
      ? (ic * ih * iw, iw, 1, ih * iw)
      : (ic * ih * iw, iw * ic, ic, 1)
  }
}

extension Rearrangement {
  /// The output of a convolution in `layout`, from rows of channels: [mb·oh·ow][oc] → [mb][oc][oh][ow] or
  /// [mb][oh][ow][oc].
  static func outputFromRows(_ s: Shape, _ layout: Layout) -> Rearrangement {
    layout == .nchw
      ? .permutation(of: [s.mb, s.oh * s.ow, s.oc], order: [0, 2, 1])
      : .identity(count: s.mb * s.oh * s.ow * s.oc)
  }
}
