/// A convolution with a `kh`×`kw` kernel, without padding: what an FC layer over a C×H×W map is when its window, the
/// whole map, slides over a larger image.
///
/// out[image][o][y][x] = activation(Σ over c, i, j of in[image][c][y·sh + i][x·sw + j] · w[o][c][i][j] + bias[o]), with
/// weights OIHW [oc][ic][kh][kw]: those of the FC layer, [oc][ic·kh·kw], as they are.
///
/// The lab's kernels compute 1×1 convolutions, so it is lowered to them, in one of two ways. Both compute each product
/// once, 2·mb·oh·ow·oc·ic·kh·kw FLOP in all:
/// - ``patches``: one 1×1 GEMM over the windows, written out (im2col); bias and activation stay in the kernel;
/// - ``taps``: kh·kw 1×1 convolutions, one for each place of the kernel, over shifted parts of the image. The sum of their
///   outputs, plus bias, through the activation, is the result. Nothing is written out more than once.
public struct WindowConvolution: Sendable, Hashable {
  /// The convolution's dimensions; `oh` and `ow` are those that the window leaves.
  public let shape: Shape
  /// The kernel's height.
  public let kh: Int
  /// The kernel's width.
  public let kw: Int
  /// The layout of input and output.
  public let layout: Layout
  /// Whether `oc` biases are added before the activation.
  public let bias: Bool
  /// The activation that ends the convolution.
  public let activation: Activation

  /// FC after flatten → H×W convolution: slides an FC layer over a C×H×W map over images of `ih`×`iw`.
  ///
  /// With `ih` and `iw` those of the layer itself there is one window an image, and the result is the FC layer's.
  ///
  /// - Parameters:
  ///   - layer: an FC layer; its `ic`, `ih` and `iw` are the window's, its `mb` the images.
  ///   - sh: rows from window to window.
  ///   - sw: columns from window to window.
  /// - Throws: `ConversionError` if `layer` is no FC layer, the window does not fit the image, a stride is less than 1,
  ///   `layout` is no layout of maps, or a tensor has too many elements.
  public init(
    sliding layer: Layer, ih: Int, iw: Int, sh: Int = 1, sw: Int = 1, layout: Layout
  ) throws(ConversionError) {
    try layer.require(.fc)
    let s = layer.shape
    guard layout != .nc else { throw .layout(layout) }
    guard ih >= s.ih, iw >= s.iw, sh >= 1, sw >= 1 else {
      throw .window(kh: s.ih, kw: s.iw, ih: ih, iw: iw, sh: sh, sw: sw)
    }
    (kh, kw) = (s.ih, s.iw)
    shape = Shape(
      mb: s.mb, ic: s.ic, oc: s.oc, ih: ih, iw: iw, oh: (ih - s.ih) / sh + 1, ow: (iw - s.iw) / sw + 1, sh: sh, sw: sw)
    self.layout = layout
    bias = layer.bias
    activation = layer.activation
    // The sizes of image and windows; the products below do not overflow after this.
    _ = try layer.reshaped(.conv1x1, .conv1x1(mb: s.mb, ic: s.ic, oc: 1, ih: ih, iw: iw), layout)
    _ = try layer.reshaped(.fc, .fc(mb: shape.mb * shape.oh * shape.ow, ic: s.ic, oc: s.oc, ih: kh, iw: kw), .nc)
  }

  /// The reverse: the FC layer that computes one window, for every image of the batch.
  ///
  /// Its weights are the convolution's as they are; its input is a window, flattened in the order C, H, W.
  public var fullyConnected: Layer {
    get throws(ConversionError) {
      do {
        return try Layer(
          op: .fc, shape: .fc(mb: shape.mb, ic: shape.ic, oc: shape.oc, ih: kh, iw: kw), layout: .nc, bias: bias,
          activation: activation)
      } catch { throw .layer(error) }
    }
  }

  /// Floating-point operations: 2·mb·oh·ow·oc·ic·kh·kw. Bias and activation are not counted.
  public var flops: Double {
    2 * Double(shape.mb) * Double(shape.oh * shape.ow) * Double(shape.oc) * Double(shape.ic * kh * kw)
  }
  /// Elements of the image tensor.
  public var inputCount: Int { shape.mb * shape.ic * shape.ih * shape.iw }
  /// Elements of the weights, [oc][ic][kh][kw].
  public var weightCount: Int { shape.oc * shape.ic * kh * kw }
  /// Elements of the output.
  public var outputCount: Int { shape.mb * shape.oc * shape.oh * shape.ow }

  /// The convolution as one FC layer over windows: [mb·oh·ow][ic·kh·kw] · weightsᵀ.
  ///
  /// Windows of NCHW images are flattened in the order C, H, W, and the weights stay as they are; those of NHWC in the
  /// order H, W, C, so that a row of a window is copied as a whole, and the weights are put into that order once. The
  /// output is that of rows of channels, which is NHWC as it is. Where windows overlap, the input has an element as often
  /// as it lies in a window.
  ///
  /// - Throws: never for a value that `init` made.
  public var patches: Conversion {
    get throws(ConversionError) {
      let s = shape
      let rows = s.mb * s.oh * s.ow
      let layer: Layer
      do {
        layer = try Layer(
          op: .fc, shape: .fc(mb: rows, ic: s.ic * kh * kw, oc: s.oc), layout: .nc, bias: bias, activation: activation)
      } catch { throw .layer(error) }
      let input = s.inputStrides(layout)
      let isChannelsLast = layout == .nhwc
      let pixels = (sizes: [s.mb, s.oh, s.ow], strides: [input.image, input.y * s.sh, input.x * s.sw])
      return Conversion(
        layer,
        input: isChannelsLast
          ? Rearrangement(sizes: pixels.sizes + [kh, kw * s.ic], strides: pixels.strides + [input.y, 1])
          : Rearrangement(
            sizes: pixels.sizes + [s.ic, kh, kw], strides: pixels.strides + [input.channel, input.y, input.x]),
        weights: isChannelsLast ? .permutation(of: [s.oc, s.ic, kh, kw], order: [0, 2, 3, 1]) : nil,
        output: .outputFromRows(s, layout))
    }
  }

  /// One place of the kernel, as a 1×1 convolution.
  public struct Tap: Sendable, Hashable {
    /// The place's row in the kernel.
    public let y: Int
    /// The place's column in the kernel.
    public let x: Int
    /// A 1×1 convolution with stride 1 over the `oh`×`ow` pixels that this place meets, in the convolution's layout,
    /// without bias and activation. Its output lies like the convolution's.
    public let layer: Layer
    /// How its input is taken from the image.
    public let input: Rearrangement
    /// How its weights, [oc][ic], are taken from [oc][ic][kh][kw].
    public let weights: Rearrangement
  }

  /// The convolution as kh·kw 1×1 convolutions, whose outputs are added up before bias and activation.
  ///
  /// - Throws: never for a value that `init` made.
  public var taps: [Tap] {
    get throws(ConversionError) {
      let s = shape
      let layer: Layer
      do {
        layer = try Layer(
          op: .conv1x1, shape: .conv1x1(mb: s.mb, ic: s.ic, oc: s.oc, ih: s.oh, iw: s.ow), layout: layout)
      } catch { throw .layer(error) }
      let input = s.inputStrides(layout)
      let (image, y, x) = (input.image, input.y * s.sh, input.x * s.sw)
      return (0..<kh * kw).map { place in
        let (i, j) = place.quotientAndRemainder(dividingBy: kw)
        return Tap(
          y: i, x: j, layer: layer,
          input: layout == .nhwc
            ? Rearrangement(
              sizes: [s.mb, s.oh, s.ow, s.ic], strides: [image, y, x, 1], offset: i * input.y + j * input.x)
            : Rearrangement(
              sizes: [s.mb, s.ic, s.oh, s.ow], strides: [image, input.channel, y, x],
              offset: i * input.y + j * input.x),
          weights: Rearrangement(sizes: [s.oc, s.ic], strides: [s.ic * kh * kw, kh * kw], offset: place))
      }
    }
  }
}
