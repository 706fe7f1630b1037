import Layers

/// The variant to use for a layer: one of the `recommendations` of `pointwise recommend` as JSON.
public struct Recommendation: Sendable, Hashable, Codable {
  /// How sure it is.
  public enum Certainty: String, Sendable, Hashable, Codable, CaseIterable {
    /// It is faster than every other variant, beyond intervals, noise floor and chance.
    case clear
    /// Others are as fast within the noise floor; it is the simplest of them.
    case tie
    /// It is the fastest, but another one may be as fast, or faster.
    case unsure
    /// Nothing else was measured.
    case only
  }

  /// What is compared.
  public enum Scope: String, Sendable, Hashable, Codable, CaseIterable {
    /// All variants, on any number of threads.
    case layer
    /// The variants on one number of threads.
    case threads
  }

  /// What is compared.
  public var scope: Scope
  /// The suite.
  public var suite: String
  /// The network; empty if the suite names none.
  public var network: String
  /// The benchdnn descriptor of the layer.
  public var layer: String
  /// The memory layout.
  public var layout: Layout
  /// The element type.
  public var dtype: DataType
  /// Whether the layer adds a bias.
  public var bias: Bool
  /// The activation that ends the layer.
  public var activation: Activation
  /// The cache state.
  public var cache: String
  /// The variant to use: kernel, ISA, split and team.
  public var variant: String
  /// Its kernel.
  public var kernel: String
  /// The ISA that it is compiled for.
  public var isa: String
  /// How it divides the output among threads.
  public var split: String
  /// The team that runs it.
  public var team: String
  /// The number of threads.
  public var threads: Int
  /// The kind of place a thread is bound to.
  public var places: String
  /// The binding policy.
  public var bind: String
  /// Its median time, in ns.
  public var time: Double
  /// How sure it is.
  public var certainty: Certainty
  /// The fastest of the others: its variant; nil if there is none.
  public var runnerUp: String?
  /// The threads of the fastest of the others.
  public var runnerUpThreads: Int?
  /// The time of the fastest of the others ÷ that of the recommended variant, from paired rounds.
  public var ratio: Double?
  /// The lower bound of its 95 % interval, with the noise floor in it.
  public var ratioLow: Double?
  /// The upper bound.
  public var ratioHigh: Double?
  /// Why, in a few words.
  public var reason: String

  /// The recommendation of `row`, which is the fastest or as fast.
  public init(_ row: Row, time: Double, scope: Scope, certainty: Certainty, reason: String) {
    self.scope = scope
    suite = row.suite
    network = row.network
    layer = row.layer
    layout = row.layout
    dtype = row.dtype
    bias = row.bias
    activation = row.activation
    cache = row.cache
    variant = row.variant
    kernel = row.kernel
    isa = row.isa
    split = row.split
    team = row.team
    threads = row.threads
    places = row.places
    bind = row.bind
    self.time = time
    self.certainty = certainty
    self.reason = reason
  }
}
