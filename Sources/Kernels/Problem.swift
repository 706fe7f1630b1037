public import Layers

/// The cache sizes that kernels choose their blocks by, in bytes, of the core they run on.
///
/// They come from hwloc. Where it reports none, ``assumed`` stands in, and results are the same: only speed can differ.
public struct CacheSizes: Sendable, Hashable, Codable {
  /// Level 1 data cache of a core.
  public var l1d: Int
  /// Level 2 cache of a core.
  public var l2: Int
  /// Last-level cache, shared.
  public var l3: Int

  /// Makes the sizes of one core's caches, in bytes.
  public init(l1d: Int, l2: Int, l3: Int) {
    self.l1d = l1d
    self.l2 = l2
    self.l3 = l3
  }

  /// Small sizes that every CPU of the last decade has, for machines that do not tell.
  public static let assumed = CacheSizes(l1d: 32 << 10, l2: 256 << 10, l3: 8 << 20)
}

/// A layer as a kernel sees it: the GEMM dimensions, and where the elements lie.
///
/// The element of pixel `m` and channel `k` is at `inputOffset(m) + k · inputChannelStride`, that of channel `n` in the
/// output at `outputOffset(m) + n · outputChannelStride`; the weight of `n` and `k` is at
/// `n · weightStride + k`. A fully connected layer is a channels-last layer with one pixel an image. All strides are in
/// elements.
public struct Problem: Sendable {
  /// Output pixels of all images, or batch rows.
  public let m: Int
  /// Output channels, or neurons.
  public let n: Int
  /// Terms of each sum: input channels, or input features; in a ``partial(_:)`` problem, some of them.
  public private(set) var k: Int
  /// From one output channel's weights to the next in the plain weights: all input channels.
  public let weightStride: Int

  /// Whether the channels of a pixel are contiguous (NHWC and NC) rather than the pixels of a channel (NCHW).
  public let isChannelsLast: Bool
  /// Output pixels of one image.
  public let imagePixels: Int
  /// Output pixels of one image row.
  public let rowPixels: Int
  /// Output pixels after which the even spacing of pixels, in the input and in the output, may end: all of them, an
  /// image's, or a row's.
  public let runPixels: Int
  /// From one image to the next in the input.
  public let inputImageStride: Int
  /// From one output row's pixels to the next in the input.
  public let inputRowStride: Int
  /// From one output pixel to the next of the same row in the input.
  public let inputPixelStride: Int
  /// From one input channel to the next.
  public let inputChannelStride: Int
  /// From one image to the next in the output.
  public let outputImageStride: Int
  /// From one output pixel to the next.
  public let outputPixelStride: Int
  /// From one output channel to the next.
  public let outputChannelStride: Int

  /// The activation that ends the layer.
  public private(set) var activation: Activation
  /// The caches of the core that computes.
  public let caches: CacheSizes
  /// The register tile to use, for a kernel that has several; nil leaves it to the kernel's model.
  public var tile: TileChoice?

  /// The view of `layer` on a core with `caches`.
  public init(_ layer: Layer, caches: CacheSizes = .assumed) {
    let shape = layer.shape
    m = layer.m
    n = layer.n
    k = layer.k
    weightStride = layer.k
    activation = layer.activation
    self.caches = caches
    // Images of a single pixel lie in memory alike in both layouts.
    isChannelsLast = layer.layout != .nchw || shape.ih * shape.iw == 1
    imagePixels = shape.oh * shape.ow
    rowPixels = shape.ow
    outputImageStride = imagePixels * layer.n
    if isChannelsLast {
      inputChannelStride = 1
      inputPixelStride = shape.sw * layer.k
      inputRowStride = shape.sh * shape.iw * layer.k
      inputImageStride = layer.op == .fc ? layer.k : shape.ih * shape.iw * layer.k
      outputChannelStride = 1
      outputPixelStride = layer.n
    } else {
      inputChannelStride = shape.ih * shape.iw
      inputPixelStride = shape.sw
      inputRowStride = shape.sh * shape.iw
      inputImageStride = shape.ic * shape.ih * shape.iw
      outputChannelStride = imagePixels
      outputPixelStride = 1
    }
    if inputRowStride != rowPixels * inputPixelStride && imagePixels != rowPixels {
      runPixels = rowPixels
    } else if inputImageStride != imagePixels * inputPixelStride || !isChannelsLast {
      runPixels = imagePixels
    } else {
      runPixels = m
    }
  }

  /// The same layer with the sums of `terms` alone, and no activation: what one worker computes where the summed
  /// dimension is divided.
  ///
  /// Its operands are the layer's from the first of the terms on: the input from `terms.lowerBound · inputChannelStride`
  /// and the plain weights from `terms.lowerBound`, without a bias.
  ///
  /// - Requires: `terms` are some of 0..<k, at least one.
  public func partial(_ terms: Range<Int>) -> Problem {
    precondition(!terms.isEmpty && terms.lowerBound >= 0 && terms.upperBound <= k)
    var problem = self
    problem.k = terms.count
    problem.activation = .none
    return problem
  }

  /// Where channel 0 of the input of output pixel `m` lies.
  @inlinable @inline(__always)
  public func inputOffset(_ m: Int) -> Int {
    // No divisions where they are not needed: they take as long as the multiply-adds of a small tile.
    if runPixels == self.m { return m &* inputPixelStride }
    let (image, pixel) = m.quotientAndRemainder(dividingBy: imagePixels)
    let (y, x) = pixel.quotientAndRemainder(dividingBy: rowPixels)
    return image &* inputImageStride &+ y &* inputRowStride &+ x &* inputPixelStride
  }

  /// Where channel 0 of output pixel `m` lies.
  @inlinable @inline(__always)
  public func outputOffset(_ m: Int) -> Int {
    if isChannelsLast { return m &* outputPixelStride }
    let (image, pixel) = m.quotientAndRemainder(dividingBy: imagePixels)
    return image &* outputImageStride &+ pixel &* outputPixelStride
  }

  /// The end of the longest run of output pixels that starts at `m`, ends by `limit`, and is evenly spaced by
  /// `inputPixelStride` in the input and by `outputPixelStride` in the output.
  @inlinable @inline(__always)
  public func endOfRun(from m: Int, limit: Int) -> Int { min(limit, m &- m % runPixels &+ runPixels) }
}

/// The rectangle of a layer's output that one call of a kernel computes: `rows` pixels × `columns` output channels.
public struct Block: Sendable, Hashable {
  /// Output pixels, or batch rows: a part of 0..<m.
  public var rows: Range<Int>
  /// Output channels, or neurons: a part of 0..<n.
  public var columns: Range<Int>

  /// Makes a block of `rows` × `columns`.
  public init(rows: Range<Int>, columns: Range<Int>) {
    self.rows = rows
    self.columns = columns
  }

  /// Whether there is nothing to compute.
  public var isEmpty: Bool { rows.isEmpty || columns.isEmpty }
  /// Output elements.
  public var count: Int { rows.count * columns.count }
}

/// The memory that one call of a kernel reads and writes.
///
/// `@unchecked Sendable`: the pointers are shared by the workers of a team. Input, weights and bias are only read; each
/// worker writes the elements of its own block only, and has a scratch area of its own.
public struct Operands: @unchecked Sendable {
  /// The input tensor in the layer's layout.
  public var input: UnsafePointer<Float>
  /// The weights: [n][k], rows `weightStride` apart, or what the kernel's `packWeights` made of them.
  public var weights: UnsafePointer<Float>
  /// `n` biases, or nil.
  public var bias: UnsafePointer<Float>?
  /// The output tensor in the layer's layout.
  public var output: UnsafeMutablePointer<Float>
  /// At least the kernel's `scratchCount` floats, this worker's own, with any content.
  public var scratch: UnsafeMutablePointer<Float>

  /// Gathers the pointers.
  public init(
    input: UnsafePointer<Float>, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    output: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    self.input = input
    self.weights = weights
    self.bias = bias
    self.output = output
    self.scratch = scratch
  }
}
