import Layers

/// The numbers of a head and of the image that it slides over, in one layout.
final class HeadTensors {
  let head: SlidHead
  let layout: Layout
  let convolutions: ConvolutionalHead
  /// The first convolution as one GEMM over windows.
  let patches: Conversion
  /// Each FC layer's weights and bias.
  let tensors: [LayerTensors]
  /// A layer whose input is the image.
  let image: LayerTensors
  /// The first layer's weights in the order of the windows.
  private let reordered: SharedBuffer?

  init(_ head: SlidHead, layout: Layout, seed: UInt64) throws {
    self.head = head
    self.layout = layout
    convolutions = try ConvolutionalHead(head.layers, ih: head.ih, iw: head.iw, layout: layout)
    patches = try convolutions.first.patches
    var tensors: [LayerTensors] = []
    for (index, layer) in head.layers.enumerated() {
      tensors.append(try LayerTensors(layer, pattern: .real, seed: seed &+ UInt64(index)))
    }
    self.tensors = tensors
    let s = head.layers[0].shape
    image = try LayerTensors(
      Layer(op: .conv1x1, shape: .conv1x1(ic: s.ic, oc: 1, ih: head.ih, iw: head.iw), layout: layout), pattern: .real,
      seed: seed)
    if patches.weights.isIdentity {
      reordered = nil
    } else {
      let buffer = try SharedBuffer(count: patches.weights.count)
      patches.weights.copy(
        from: UnsafeBufferPointer(start: tensors[0].weights.pointer, count: patches.weights.extent),
        to: UnsafeMutableBufferPointer(start: buffer.buffer.pointer, count: buffer.buffer.count))
      reordered = buffer
    }
  }

  /// The weights of a layer, the first one's in the order in which windows are written out.
  func weights(_ index: Int) -> UnsafePointer<Float> {
    UnsafePointer((index == 0 ? reordered?.buffer.pointer : nil) ?? tensors[index].weights.pointer)
  }

  /// Windows of the image.
  var windowCount: Int { convolutions.oh * convolutions.ow }

  /// How window `index` is cut out of the image: a row of what ``patches`` writes out.
  func window(_ index: Int) -> Rearrangement {
    let (y, x) = index.quotientAndRemainder(dividingBy: convolutions.ow)
    let all = patches.input
    // Its dimensions are image, y, x and those of a window.
    return Rearrangement(
      sizes: Array(all.sizes.dropFirst(3)), strides: Array(all.strides.dropFirst(3)),
      offset: all.offset + y * all.strides[1] + x * all.strides[2])
  }

  /// Window `index` in the order C, H, W, straight from the definition of the layouts.
  func features(ofWindow index: Int) -> [Float] {
    let (y, x) = index.quotientAndRemainder(dividingBy: convolutions.ow)
    let s = head.layers[0].shape
    return (0..<s.ic * s.ih * s.iw).map { feature in
      let (c, place) = feature.quotientAndRemainder(dividingBy: s.ih * s.iw)
      let (i, j) = place.quotientAndRemainder(dividingBy: s.iw)
      // Every pixel is an output row of the image's layer.
      return image.input.pointer[image.layer.inputIndex(m: (y + i) * head.iw + x + j, k: c)]
    }
  }

  /// The bytes of the tensors and of all intermediate results, and of packed weights for both ways.
  static func memoryBytes(_ head: SlidHead) -> Int {
    let weights = head.layers.reduce(0) { $0 + $1.weightCount }
    let windows = (head.ih - head.layers[0].shape.ih + 1) * (head.iw - head.layers[0].shape.iw + 1)
    let features = head.layers.reduce(head.layers[0].k) { $0 + $1.k + 2 * $1.n }
    // Packed panels are filled up with zeros: a quarter more is enough for every layer of more than a few neurons.
    return (3 * weights + weights / 2 + head.layers[0].weightCount + 2 * windows * features) * head.layers[0].dtype.size
  }
}
