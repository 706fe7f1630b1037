public import Layers

/// What `pointwise equivalence` found: layers in all their forms, and heads of FC layers. It is in equivalence.json, and
/// equivalence.md is made of it.
public struct EquivalenceRecord: Sendable, Hashable, Codable {
  /// Cases of layers, in the order in which they were measured.
  public var layers: [LayerCase] = []
  /// Cases of heads.
  public var heads: [HeadCase] = []
  /// Cases that were planned.
  public var planned: Int

  /// An empty record of a run that plans `planned` cases.
  public init(planned: Int) { self.planned = planned }

  /// What is wrong, in words; empty if nothing is.
  public var failures: [String] { layers.flatMap(\.failures) + heads.flatMap(\.failures) }

  /// The median time of one execution with its 95 % interval, in nanoseconds.
  public struct Time: Sendable, Hashable, Codable {
    /// The median.
    public var median: Double
    /// The interval's lower bound; nil if there are too few rounds.
    public var low: Double?
    /// The interval's upper bound.
    public var high: Double?

    /// A time.
    public init(median: Double, low: Double?, high: Double?) {
      (self.median, self.low, self.high) = (median, low, high)
    }
  }

  /// A ratio of two times, round by round, with its 95 % interval.
  public struct Ratio: Sendable, Hashable, Codable {
    /// The median over the rounds.
    public var value: Double
    /// The interval's lower bound.
    public var low: Double
    /// The interval's upper bound.
    public var high: Double

    /// A ratio.
    public init(value: Double, low: Double, high: Double) { (self.value, self.low, self.high) = (value, low, high) }
  }

  /// What computed a case.
  public struct Setting: Sendable, Hashable, Codable {
    /// The variant, as in results.csv.
    public var variant: String
    /// The kernel's name.
    public var kernel: String
    /// Floats in a vector of its ISA.
    public var lanes: Int
    /// Threads.
    public var threads: Int

    /// A setting.
    public init(variant: String, kernel: String, lanes: Int, threads: Int) {
      (self.variant, self.kernel, self.lanes, self.threads) = (variant, kernel, lanes, threads)
    }
  }

  /// One form of a layer.
  public struct Form: Sendable, Hashable, Codable {
    /// What it is, in words.
    public var name: String
    /// Whether it is a convolution, rather than an FC layer.
    public var isConvolution: Bool
    /// The layer that the kernel computed.
    public var layer: Layer
    /// Its time; nil if it was not measured.
    public var time: Time?
    /// The error of the element nearest to its bound, against the Double reference.
    public var error: Double?
    /// What that error may be.
    public var bound: Double?
    /// Why there is no time, in words.
    public var note: String?

    /// A form.
    public init(
      name: String, isConvolution: Bool, layer: Layer, time: Time? = nil, error: Double? = nil, bound: Double? = nil,
      note: String? = nil
    ) {
      (self.name, self.isConvolution, self.layer, self.time) = (name, isConvolution, layer, time)
      (self.error, self.bound, self.note) = (error, bound, note)
    }

    /// Weights and biases.
    public var parameters: Int { layer.weightCount + (layer.bias ? layer.n : 0) }
  }

  /// What two forms of a layer showed of each other.
  public struct Way: Sendable, Hashable, Codable {
    /// The index of the form that it begins at.
    public var from: Int
    /// The index of the form that it ends at.
    public var to: Int
    /// Whether input, weights and output are the same memory for both.
    public var isSameMemory: Bool
    /// Whether the kernel adds up the same products in the same order.
    public var hasSameOrder: Bool
    /// Whether all outputs on random data are the same to the last bit.
    public var isIdentical: Bool
    /// The largest difference of two outputs.
    public var largestDifference: Double
    /// Outputs that were compared.
    public var elements: Int
    /// The time of moving input and output; nil if nothing moves.
    public var moves: Time?
    /// The convolution's time ÷ that of the FC layer; nil unless both were measured.
    public var ratio: Ratio?
    /// The same, with the moves on the side of the FC layer.
    public var ratioWithMoves: Ratio?

    /// A way.
    public init(
      from: Int, to: Int, isSameMemory: Bool, hasSameOrder: Bool, isIdentical: Bool, largestDifference: Double,
      elements: Int, moves: Time? = nil, ratio: Ratio? = nil, ratioWithMoves: Ratio? = nil
    ) {
      (self.from, self.to, self.isSameMemory, self.hasSameOrder) = (from, to, isSameMemory, hasSameOrder)
      (self.isIdentical, self.largestDifference, self.elements) = (isIdentical, largestDifference, elements)
      (self.moves, self.ratio, self.ratioWithMoves) = (moves, ratio, ratioWithMoves)
    }
  }

  /// A layer in all its forms, computed by one variant.
  public struct LayerCase: Sendable, Hashable, Codable {
    /// The network.
    public var network: String
    /// The layer's name; nil if it has none.
    public var name: String?
    /// The layer as it was asked for, as a descriptor.
    public var descriptor: String
    /// What computed it.
    public var setting: Setting
    /// The forms that the kernel supports.
    public var forms: [Form]
    /// What they showed of each other.
    public var ways: [Way]
    /// The time of the same form once more, with packed weights of its own ÷ the form's: noise.
    public var replica: Ratio?
    /// What is wrong, in words.
    public var failures: [String]

    /// A case.
    public init(
      network: String, name: String?, descriptor: String, setting: Setting, forms: [Form], ways: [Way],
      replica: Ratio? = nil, failures: [String] = []
    ) {
      (self.network, self.name, self.descriptor, self.setting) = (network, name, descriptor, setting)
      (self.forms, self.ways, self.replica, self.failures) = (forms, ways, replica, failures)
    }
  }

  /// A head, slid over a larger map as convolutions, and run on every window that was cut out.
  public struct HeadCase: Sendable, Hashable, Codable {
    /// Its name.
    public var name: String
    /// Its FC layers.
    public var layers: [Layer]
    /// The layout of the maps.
    public var layout: Layout
    /// The larger map, height and width.
    public var map: [Int]
    /// The map of scores, height and width.
    public var scores: [Int]
    /// What computed it.
    public var setting: Setting
    /// FLOP of the convolutions.
    public var slidFlops: Double
    /// FLOP of the FC layers on all windows.
    public var windowFlops: Double
    /// The least traffic of the convolutions, in bytes.
    public var slidBytes: Double
    /// The least traffic of the FC layers on all windows, in bytes.
    public var windowBytes: Double
    /// The scores of both against each other.
    public var hasSameOrder: Bool
    /// Whether all scores are the same to the last bit.
    public var isIdentical: Bool
    /// The largest difference of two scores.
    public var largestDifference: Double
    /// The error of the score nearest to its bound.
    public var error: Double?
    /// What that error may be.
    public var bound: Double?
    /// The time of the convolutions, windows written out included.
    public var slid: Time?
    /// The time of all windows, cut out and computed one after the other.
    public var windows: Time?
    /// The windows' time ÷ that of the convolutions.
    public var ratio: Ratio?
    /// Why there is no time, in words.
    public var note: String?
    /// What is wrong, in words.
    public var failures: [String]

    /// A case without results.
    public init(
      name: String, layers: [Layer], layout: Layout, map: [Int], scores: [Int], setting: Setting, slidFlops: Double,
      windowFlops: Double, slidBytes: Double, windowBytes: Double, hasSameOrder: Bool, isIdentical: Bool,
      largestDifference: Double, failures: [String] = []
    ) {
      (self.name, self.layers, self.layout, self.map, self.scores) = (name, layers, layout, map, scores)
      (self.setting, self.slidFlops, self.windowFlops) = (setting, slidFlops, windowFlops)
      (self.slidBytes, self.windowBytes, self.hasSameOrder) = (slidBytes, windowBytes, hasSameOrder)
      (self.isIdentical, self.largestDifference, self.failures) = (isIdentical, largestDifference, failures)
    }
  }
}
