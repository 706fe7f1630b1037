import Layers

/// What a comparison says about one case.
public enum Verdict: String, Sendable, Hashable, Codable, CaseIterable {
  /// The time is longer than the baseline's, beyond interval, noise floor and chance among many rows.
  case slower
  /// The time is shorter.
  case faster
  /// Whatever the difference is, it is smaller than the noise floor.
  case same
  /// Neither can be said.
  case undecided
}

/// A case that was compared with a baseline: one line of a comparison as CSV, and one of its `cases` as JSON.
public struct ComparedCase: Sendable, Hashable, Codable {
  /// The version of the columns that this code writes and reads.
  public static let schemaVersion = 1

  /// Which sides have the case.
  public enum Side: String, Sendable, Hashable, Codable, CaseIterable {
    /// It was compared.
    case both
    /// Only the baseline has it.
    case baseline
    /// Only the run that is compared with the baseline has it.
    case run
  }

  /// The version of the columns: ``schemaVersion``.
  public var schema = Self.schemaVersion
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
  /// How often the network runs the layer.
  public var count: Int
  /// The variant.
  public var variant: String
  /// The number of threads.
  public var threads: Int
  /// The kind of place a thread is bound to.
  public var places: String
  /// The binding policy.
  public var bind: String
  /// The cache state.
  public var cache: String
  /// Which sides have the case.
  public var side: Side
  /// The baseline: a variant of the same run, or another run.
  public var baseline: String
  /// The baseline's median time, in ns.
  public var baselineTime: Double?
  /// The median time, in ns.
  public var time: Double?
  /// ``time`` ÷ ``baselineTime``.
  public var timeRatio: Double?
  /// What was compared: the median over the rounds of a run, or ``timeRatio`` with the difference of the clocks taken out.
  public var ratio: Double?
  /// The lower bound of the 95 % interval of ``ratio``, with the noise floor in it.
  public var ratioLow: Double?
  /// The upper bound.
  public var ratioHigh: Double?
  /// The noise floor that is in the interval, in percent.
  public var noiseFloorPercent: Double?
  /// The p-value, adjusted for the number of cases.
  public var pValue: Double?
  /// The verdict; nil if only one side has the case.
  public var verdict: Verdict?
  /// Why, in a few words.
  public var reason: String

  /// The case of `row`, on which nothing is known yet.
  public init(_ row: Row, baseline: String, side: Side = .both, reason: String = "") {
    suite = row.suite
    network = row.network
    layer = row.layer
    layout = row.layout
    dtype = row.dtype
    bias = row.bias
    activation = row.activation
    count = row.count
    variant = row.variant
    threads = row.threads
    places = row.places
    bind = row.bind
    cache = row.cache
    self.side = side
    self.baseline = baseline
    if side == .baseline { baselineTime = row.timeMedian } else { time = row.timeMedian }
    self.reason = reason
  }
}

extension ComparedCase: CSVRecord {
  /// The columns, in their order.
  public static let columns: [CSVColumn<ComparedCase>] = [
    CSVColumn("schema", \.schema),
    CSVColumn("suite", \.suite),
    CSVColumn("network", \.network),
    CSVColumn("layer", \.layer),
    CSVColumn("layout", \.layout),
    CSVColumn("dtype", \.dtype),
    CSVColumn("bias", \.bias),
    CSVColumn("activation", \.activation),
    CSVColumn("count", \.count),
    CSVColumn("variant", \.variant),
    CSVColumn("threads", \.threads),
    CSVColumn("places", \.places),
    CSVColumn("bind", \.bind),
    CSVColumn("cache", \.cache),
    CSVColumn("side", \.side),
    CSVColumn("baseline", \.baseline),
    CSVColumn("baseline_time_ns", \.baselineTime),
    CSVColumn("time_ns", \.time),
    CSVColumn("time_ratio", \.timeRatio),
    CSVColumn("ratio", \.ratio),
    CSVColumn("ratio_ci_lo", \.ratioLow),
    CSVColumn("ratio_ci_hi", \.ratioHigh),
    CSVColumn("noise_floor_pct", \.noiseFloorPercent),
    CSVColumn("p_value", \.pValue),
    CSVColumn("verdict", \.verdict),
    CSVColumn("reason", \.reason),
  ]

  /// A case for the reader to fill.
  public static var blank: ComparedCase { ComparedCase(.blank, baseline: "") }
}

extension Verdict: CSVField {}
extension ComparedCase.Side: CSVField {}
