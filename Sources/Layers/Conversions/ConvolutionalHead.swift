/// A classifier's head of FC layers as convolutions, which slide over images larger than the one that the head was made
/// for, and give a map of scores (a fully convolutional head; Long, Shelhamer and Darrell, "Fully Convolutional Networks
/// for Semantic Segmentation", CVPR 2015).
///
/// The first layer, over a C×H×W map, becomes an H×W convolution, and each further one a 1×1 convolution over the map
/// that the one before it gives. VGG-16's 512×7×7 → 4096 → 4096 → 1000 over 512×14×14 gives 1000 scores at 8×8 places.
///
/// Pixel (y, x) of the scores is what the FC head says of the window that begins at (y·sh, x·sw). No product is computed
/// twice. Running the FC head on every window computes as many products, for its windows overlap but its sums do not: what the
/// convolutions save is reading the weights anew for every window, and, in a whole network, everything below the head.
public struct ConvolutionalHead: Sendable, Hashable {
  /// The first layer.
  public let first: WindowConvolution
  /// The other layers: 1×1 convolutions over `oh`×`ow` maps in the layout of the first, in their order. Weights [oc][ic]
  /// are those of the FC layers as they are.
  public let others: [Layer]

  /// Converts a head.
  ///
  /// - Parameters:
  ///   - layers: FC layers, the first over the C×H×W map that it was made for, each further one over what the one before
  ///     it gives, all with the same `mb`: images.
  ///   - ih: the height of the images to slide over, at least H.
  ///   - iw: their width, at least W.
  ///   - sh: rows from window to window.
  ///   - sw: columns from window to window.
  /// - Throws: `ConversionError` if there are no layers, one is no FC layer or does not continue the one before it, the
  ///   window does not fit the image, or `layout` is no layout of maps.
  public init(
    _ layers: [Layer], ih: Int, iw: Int, sh: Int = 1, sw: Int = 1, layout: Layout
  ) throws(ConversionError) {
    guard let head = layers.first else { throw .emptyHead }
    first = try WindowConvolution(sliding: head, ih: ih, iw: iw, sh: sh, sw: sw, layout: layout)
    var others: [Layer] = []
    for (position, layer) in layers.enumerated().dropFirst() {
      try layer.require(.fc)
      let before = layers[position - 1].n
      guard layer.k == before else { throw .chain(position: position, features: layer.k, expected: before) }
      let s = first.shape
      guard layer.shape.mb == s.mb else { throw .images(position: position, mb: layer.shape.mb, expected: s.mb) }
      others.append(
        try layer.reshaped(.conv1x1, .conv1x1(mb: s.mb, ic: layer.k, oc: layer.n, ih: s.oh, iw: s.ow), layout))
    }
    self.others = others
  }

  /// The reverse: the FC layers that compute one window.
  public var fullyConnected: [Layer] {
    get throws(ConversionError) {
      var layers = [try first.fullyConnected]
      for layer in others {
        layers.append(try layer.reshaped(.fc, .fc(mb: layer.shape.mb, ic: layer.k, oc: layer.n), .nc))
      }
      return layers
    }
  }

  /// The height of the map of scores.
  public var oh: Int { first.shape.oh }
  /// The width of the map of scores.
  public var ow: Int { first.shape.ow }
  /// Scores at each place.
  public var scores: Int { others.last?.n ?? first.shape.oc }
  /// Floating-point operations of all layers.
  public var flops: Double { others.reduce(first.flops) { $0 + $1.flops } }
}
