public import Layers

/// A classifier's head of FC layers, and the larger map that it slides over as convolutions.
public struct SlidHead: Sendable {
  /// Its name.
  public let name: String
  /// The FC layers, the first over the map that the head was made for.
  public let layers: [Layer]
  /// The height of the larger map.
  public let ih: Int
  /// Its width.
  public let iw: Int

  /// A head with biases, relu after every layer but the last, and no activation there.
  ///
  /// - Parameters:
  ///   - ic: channels of the map.
  ///   - window: its height and width.
  ///   - neurons: of each layer, at least two.
  ///   - side: the height and width of the larger map, at least `window`.
  /// - Throws: `LayerError` if a dimension is less than 1 or a tensor too large.
  public init(name: String, ic: Int, window: Int, neurons: [Int], side: Int) throws(LayerError) {
    precondition(neurons.count >= 2 && side >= window)
    self.name = name
    (ih, iw) = (side, side)
    var layers: [Layer] = []
    for (index, oc) in neurons.enumerated() {
      let shape =
        index == 0
        ? Shape.fc(ic: ic, oc: oc, ih: window, iw: window) : .fc(ic: neurons[index - 1], oc: oc)
      layers.append(
        try Layer(
          op: .fc, shape: shape, layout: .nc, bias: true, activation: index == neurons.count - 1 ? .none : .relu))
    }
    self.layers = layers
  }

  /// The heads that can be asked for by name.
  public enum Name: String, Sendable, CaseIterable {
    /// 32×7×7 → 256 → 256 → 100 over 14×14: a fraction of a second.
    case small
    /// That of VGG-16, 512×7×7 → 4096 → 4096 → 1000 over 14×14 (Simonyan and Zisserman, "Very Deep Convolutional Networks
    /// for Large-Scale Image Recognition", ICLR 2015): 494 MB of weights.
    case vgg16

    /// The head.
    public var head: SlidHead {
      get throws(LayerError) {
        switch self {
        case .small: try SlidHead(name: rawValue, ic: 32, window: 7, neurons: [256, 256, 100], side: 14)
        case .vgg16: try SlidHead(name: rawValue, ic: 512, window: 7, neurons: [4096, 4096, 1000], side: 14)
        }
      }
    }
  }
}

/// What one case showed of a head: slid as convolutions, and run on every window that was cut out.
public struct HeadResult: Sendable {
  /// The head.
  public let head: SlidHead
  /// The layout of the maps.
  public let layout: Layout
  /// Kernel, team and placement.
  public let item: Case
  /// The height of the map of scores.
  public let oh: Int
  /// Its width.
  public let ow: Int
  /// FLOP of the convolutions.
  public let slidFlops: Double
  /// FLOP of the FC layers on all windows.
  public let windowFlops: Double
  /// The least traffic of the convolutions, in bytes: every tensor of every layer once.
  public let slidBytes: Double
  /// The least traffic of the FC layers on all windows, in bytes.
  public let windowBytes: Double
  /// What the two showed of each other, and the windows' time ÷ that of the convolutions in ``CrossingResult/ratio``.
  public internal(set) var comparison: CrossingResult
  /// The error of the score nearest to its bound, against the Double reference.
  public internal(set) var verification: Verification
  /// The time of the convolutions, windows written out included; nil if it was not measured.
  public internal(set) var slid: Measurement?
  /// The time of cutting out every window and running the FC layers on it; nil if it was not measured.
  public internal(set) var windows: Measurement?
  /// Why there is no time, in words; nil if there is, or a result is wrong.
  public internal(set) var skipped: String?

  /// What is wrong, in words; empty if nothing is.
  public var failures: [String] { [verification.failure, comparison.failure].compactMap { $0 } }
}
