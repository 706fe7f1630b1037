import Layers

/// A measured case: one line of results.csv.
///
/// What identifies the case is always known. A measurement that was not made, or that the machine cannot make, is nil
/// and an empty field, never 0. Times are of one execution of the layer.
public struct Row: Sendable, Hashable {
  /// The version of the columns that this code writes and reads.
  public static let schemaVersion = 1

  /// The version of the columns: ``schemaVersion``.
  public var schema: Int
  /// The identifier of the run, as in run.json.
  public var run: String
  /// The name of the suite.
  public var suite: String
  /// The network that the layer belongs to; empty if the suite names none.
  public var network: String
  /// The benchdnn descriptor of the layer.
  public var layer: String
  /// The operation.
  public var op: Op
  /// The memory layout of input and output.
  public var layout: Layout
  /// The element type.
  public var dtype: DataType
  /// Minibatch.
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
  /// Rows of the GEMM view: mb·oh·ow.
  public var m: Int
  /// Columns of the GEMM view: oc.
  public var n: Int
  /// The summed dimension of the GEMM view: ic, or ic·ih·iw of a fully connected layer.
  public var k: Int
  /// How often the network runs the layer.
  public var count: Int
  /// Whether the layer adds a bias.
  public var bias: Bool
  /// The activation that ends the layer.
  public var activation: Activation
  /// The variant: kernel, ISA, split and team.
  public var variant: String
  /// The kernel.
  public var kernel: String
  /// The ISA that the kernel was compiled for.
  public var isa: String
  /// How the output is divided among threads.
  public var split: String
  /// The team that runs the threads.
  public var team: String
  /// The number of threads.
  public var threads: Int
  /// The kind of place a thread is bound to.
  public var places: String
  /// The binding policy.
  public var bind: String
  /// The CPUs by their OS numbers, one entry a thread in thread order, separated by spaces: `0 2`. An entry may be a
  /// list or range (`0-3`) if the thread may run on any of them. Empty if the threads are not bound.
  public var cpus: String
  /// The cache state before an execution.
  public var cache: String
  /// How the case ended.
  public var status: Status
  /// How far the measurement can be trusted.
  public var quality: Quality?
  /// Why the status is not ok, or the quality not valid.
  public var notes: String?
  /// |output − reference| of the checked element that comes nearest to its bound, or goes farthest beyond it.
  public var maxError: Double?
  /// The bound of that element: the output is correct if ``maxError`` is at most this.
  public var errorBound: Double?
  /// Samples taken.
  public var rounds: Int?
  /// Samples that nothing disturbed.
  public var cleanRounds: Int?
  /// Executions of the layer in one sample.
  public var iterations: Int?
  /// Shortest time of one execution, in ns.
  public var timeMin: Double?
  /// Median time of one execution, in ns.
  public var timeMedian: Double?
  /// Mean time of one execution, in ns.
  public var timeMean: Double?
  /// 90th percentile of the time of one execution, in ns.
  public var timeP90: Double?
  /// Median absolute deviation of the time of one execution, in ns.
  public var timeMAD: Double?
  /// Coefficient of variation of the time, in percent.
  public var timeCV: Double?
  /// Lower bound of the median's 95 % confidence interval, in ns.
  public var timeCILow: Double?
  /// Upper bound of the median's 95 % confidence interval, in ns.
  public var timeCIHigh: Double?
  /// 2·m·n·k ÷ ``timeMedian``, in GFLOP/s.
  public var gflops: Double?
  /// Least traffic ÷ ``timeMedian``, in GB/s (10⁹ bytes).
  public var gbytesPerSecond: Double?
  /// FLOP per byte of least traffic.
  public var arithmeticIntensity: Double?
  /// FMA throughput of the same CPUs, in GFLOP/s.
  public var peakGFLOPS: Double?
  /// Bandwidth of the level that the working set fits, in GB/s.
  public var peakGbytesPerSecond: Double?
  /// What limits the layer on this machine: compute or a memory level.
  public var bound: String?
  /// ``gflops`` in percent of ``peakGFLOPS``.
  public var peakPercent: Double?
  /// ``gflops`` in percent of the roofline.
  public var rooflinePercent: Double?
  /// Median time of the same kernel and layer on one thread ÷ ``timeMedian``.
  public var speedup: Double?
  /// 100 × ``speedup`` ÷ ``threads``.
  public var efficiencyPercent: Double?
  /// Time to pack the weights, once ahead of all executions, in ns.
  public var prepare: Double?
  /// How much longer the slowest worker took than the mean, in percent.
  public var imbalancePercent: Double?
  /// Clock while it was measured, in GHz.
  public var clockGHz: Double?

  /// A row of a case that has no measurements yet; they are set afterwards.
  public init(
    run: String, suite: String, network: String, layer: String, op: Op, layout: Layout, dtype: DataType, mb: Int,
    ic: Int, oc: Int, ih: Int, iw: Int, oh: Int, ow: Int, sh: Int, sw: Int, m: Int, n: Int, k: Int, count: Int,
    bias: Bool, activation: Activation, variant: String, kernel: String, isa: String, split: String, team: String,
    threads: Int, places: String, bind: String, cpus: String, cache: String, status: Status
  ) {
    schema = Self.schemaVersion
    self.run = run
    self.suite = suite
    self.network = network
    self.layer = layer
    self.op = op
    self.layout = layout
    self.dtype = dtype
    self.mb = mb
    self.ic = ic
    self.oc = oc
    self.ih = ih
    self.iw = iw
    self.oh = oh
    self.ow = ow
    self.sh = sh
    self.sw = sw
    self.m = m
    self.n = n
    self.k = k
    self.count = count
    self.bias = bias
    self.activation = activation
    self.variant = variant
    self.kernel = kernel
    self.isa = isa
    self.split = split
    self.team = team
    self.threads = threads
    self.places = places
    self.bind = bind
    self.cpus = cpus
    self.cache = cache
    self.status = status
  }
}

extension Row: CSVRecord {
  /// What a dimension of a layer, or of its GEMM view, may be: no tensor has more elements.
  private static let sizes = 1...Layer.maximumElements

  /// The columns of results.csv, in their order.
  public static let columns: [CSVColumn<Row>] = [
    CSVColumn("schema", \.schema),
    CSVColumn("run", \.run),
    CSVColumn("suite", \.suite),
    CSVColumn("network", \.network),
    CSVColumn("layer", \.layer),
    CSVColumn("op", \.op),
    CSVColumn("layout", \.layout),
    CSVColumn("dtype", \.dtype),
    CSVColumn("mb", \.mb, in: sizes),
    CSVColumn("ic", \.ic, in: sizes),
    CSVColumn("oc", \.oc, in: sizes),
    CSVColumn("ih", \.ih, in: sizes),
    CSVColumn("iw", \.iw, in: sizes),
    CSVColumn("oh", \.oh, in: sizes),
    CSVColumn("ow", \.ow, in: sizes),
    CSVColumn("sh", \.sh, in: sizes),
    CSVColumn("sw", \.sw, in: sizes),
    CSVColumn("m", \.m, in: sizes),
    CSVColumn("n", \.n, in: sizes),
    CSVColumn("k", \.k, in: sizes),
    CSVColumn("count", \.count, in: 1...Int.max),
    CSVColumn("bias", \.bias),
    CSVColumn("activation", \.activation),
    CSVColumn("variant", \.variant),
    CSVColumn("kernel", \.kernel),
    CSVColumn("isa", \.isa),
    CSVColumn("split", \.split),
    CSVColumn("team", \.team),
    CSVColumn("threads", \.threads, in: 1...1 << 16),
    CSVColumn("places", \.places),
    CSVColumn("bind", \.bind),
    CSVColumn("cpus", \.cpus),
    CSVColumn("cache", \.cache),
    CSVColumn("status", \.status),
    CSVColumn("quality", \.quality),
    CSVColumn("notes", \.notes),
    CSVColumn("max_error", \.maxError),
    CSVColumn("error_bound", \.errorBound),
    CSVColumn("rounds", \.rounds),
    CSVColumn("clean_rounds", \.cleanRounds),
    CSVColumn("iterations", \.iterations),
    CSVColumn("time_min_ns", \.timeMin),
    CSVColumn("time_median_ns", \.timeMedian),
    CSVColumn("time_mean_ns", \.timeMean),
    CSVColumn("time_p90_ns", \.timeP90),
    CSVColumn("time_mad_ns", \.timeMAD),
    CSVColumn("time_cv_pct", \.timeCV),
    CSVColumn("time_ci_lo_ns", \.timeCILow),
    CSVColumn("time_ci_hi_ns", \.timeCIHigh),
    CSVColumn("gflops", \.gflops),
    CSVColumn("gbytes_per_s", \.gbytesPerSecond),
    CSVColumn("arithmetic_intensity", \.arithmeticIntensity),
    CSVColumn("peak_gflops", \.peakGFLOPS),
    CSVColumn("peak_gbytes_per_s", \.peakGbytesPerSecond),
    CSVColumn("bound", \.bound),
    CSVColumn("peak_pct", \.peakPercent),
    CSVColumn("roofline_pct", \.rooflinePercent),
    CSVColumn("speedup", \.speedup),
    CSVColumn("efficiency_pct", \.efficiencyPercent),
    CSVColumn("prepare_ns", \.prepare),
    CSVColumn("imbalance_pct", \.imbalancePercent),
    CSVColumn("clock_ghz", \.clockGHz),
  ]

  /// A row for the reader to fill.
  public static var blank: Row {
    Row(
      run: "", suite: "", network: "", layer: "", op: .fc, layout: .nc, dtype: .f32, mb: 0, ic: 0, oc: 0, ih: 0,
      iw: 0, oh: 0, ow: 0, sh: 0, sw: 0, m: 0, n: 0, k: 0, count: 0, bias: false, activation: .none, variant: "",
      kernel: "", isa: "", split: "", team: "", threads: 0, places: "", bind: "", cpus: "", cache: "",
      status: .failed)
  }
}

extension Row {
  /// What the notes of a row say that a signal ended before it was measured as long as it should be.
  public static let cutShortNote = "stopped by interrupted"

  /// Whether a signal ended the measurement early, so that a run that goes on measures the case again.
  public var wasCutShort: Bool { notes?.split(separator: "; ").contains { $0 == Self.cutShortNote } ?? false }

  /// Floating-point operations of one execution: 2·m·n·k.
  public var flops: Double { 2 * Double(m) * Double(n) * Double(k) }

  /// What tells this case from every other of its run: the `case` of its samples.
  ///
  /// It is made of identity columns alone, so it stays the same from run to run.
  public var caseKey: String {
    [
      suite, network, layer, layout.rawValue, dtype.rawValue, bias ? "bias" : "nobias", activation.rawValue, variant,
      "t\(threads)", places, bind, cache,
    ].joined(separator: "|")
  }
}
