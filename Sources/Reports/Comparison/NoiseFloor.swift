import RealModule
import Statistics

/// Which differences between equal things are to be expected, beyond what the intervals of a run know.
///
/// Measured with runs of one build on a virtual machine with neighbours. Within a run, 95 % of the replicas of a case lie
/// within 2.3 to 2.8 % of each other. Between two runs, a process keeps its place in memory for all its rounds, and a
/// kernel that a place suits less is slower in all of them: half of the rows are more than 1 % apart, 5 % more than 5, and
/// single rows are twice as fast in one process as in the next, while the median over the rows of a kernel moves by 1 % at
/// most. More rounds do not help against that; more rows of the same code do.
public struct NoiseFloor: Sendable, Hashable, Encodable {
  /// Where it comes from.
  public enum Source: String, Sendable, Hashable, Encodable {
    /// It was given.
    case threshold
    /// From the replicas of the cases.
    case replicas
    /// From how far the rows of a kernel scatter around their median.
    case scatter
    /// From both: the larger.
    case replicasAndScatter = "replicas and scatter"
    /// Nothing in the runs tells; it is what other runs have shown.
    case assumed
  }

  /// Where it comes from.
  public let source: Source
  /// By how many percent a row may differ without a reason.
  public let rowPercent: Double
  /// By how many percent the rows of a kernel may be off together, where they say how much it differs.
  public let sharedPercent: Double
  /// By how many percent the median over the rows of a kernel may differ without a reason.
  public let kernelPercent: Double
  /// Beyond how many percent the interval of a row has to lie which differs without the others of its kernel; 0 if a row
  /// needs no others.
  public let alonePercent: Double
  /// By how many percent a row may differ that a cache or the memory limits: no burst beside the samples tells what
  /// bandwidth there was, and only where weights are streamed does a reading.
  public let bandwidthPercent: Double

  /// What is assumed where nothing was measured.
  static let assumedPercent = 3.0
  /// The most that scatter gives: where rows scatter more, the change that is looked for is what scatters.
  static let mostOfScatterPercent = 5.0
  /// The largest factor between two processes that was seen in a single row is 2.0.
  static let singleRowPercent = 100.0
  /// The least floor of rows that bandwidth limits.
  static let leastBandwidthPercent = 10.0
  /// Fewer ratios tell nothing about a floor.
  static let fewest = 8

  /// A floor that the user gives: a smaller difference means nothing, and one that is larger is called, whatever else
  /// there is.
  init(threshold percent: Double) {
    source = .threshold
    rowPercent = percent
    sharedPercent = percent
    kernelPercent = percent
    alonePercent = 0
    bandwidthPercent = percent
  }

  /// The floor between variants of one run.
  init(withinRun replicas: [RatioEstimate]) {
    let measured = replicas.count < Self.fewest ? nil : IndependentRatio.noiseFloor(of: replicas.map(\.value))
    source = measured == nil ? .assumed : .replicas
    rowPercent = measured.map { 100 * $0 } ?? Self.assumedPercent
    sharedPercent = rowPercent
    kernelPercent = rowPercent
    alonePercent = 0
    bandwidthPercent = rowPercent
  }

  /// The floor between two runs.
  ///
  /// - Parameters:
  ///   - replicas: the ratios of replicas in both runs.
  ///   - residuals: logarithms of rows' ratios, less the median of their kernel: a change of the kernel is not in them.
  ///   - sampling: the logarithmic distances of the bounds of these ratios, which are in the residuals and counted anyway.
  ///   - precisionPercent: the coarser precision of the two runs. The ratio of two medians that are known to within ±2 %
  ///     is known to within √2 times that, and no floor below it would tell more.
  init(
    betweenRuns replicas: [RatioEstimate], residuals: [Double], sampling: [Double], precisionPercent: Double
  ) {
    let least = precisionPercent * 2.0.squareRoot()
    var measured: [(Source, Double)] = []
    if replicas.count >= Self.fewest, let floor = IndependentRatio.noiseFloor(of: replicas.map(\.value)) {
      measured.append((.replicas, 100 * floor))
    }
    if residuals.count >= Self.fewest, let spread = OrderedSample(residuals)?.medianAbsoluteDeviation,
      let half = OrderedSample(sampling)?.median
    {
      // The bounds of a normal distribution whose median deviation this is. The median keeps what single rows do out.
      let bound = 1.959964 * 1.482602 * spread
      let rest = max(0, bound * bound - half * half).squareRoot()
      measured.append((.scatter, min(100 * Double.expMinusOne(rest), Self.mostOfScatterPercent)))
    }
    source = measured.count == 2 ? .replicasAndScatter : measured.first?.0 ?? .assumed
    rowPercent = max(measured.map(\.1).max() ?? Self.assumedPercent, least)
    // What rows have of their own averages over them. The rest was a third of the scatter at most; twice that is asked for
    // before a kernel is said to differ, as every row of it is then judged by what is left.
    sharedPercent = rowPercent / 3
    kernelPercent = rowPercent * 2 / 3
    alonePercent = Self.singleRowPercent
    bandwidthPercent = max(Self.leastBandwidthPercent, rowPercent)
  }

  /// Where the floor comes from, in a sentence.
  var sentence: String {
    let size = "±\(Format.number(rowPercent)) %"
    return switch source {
    case .threshold: "Noise floor \(size), as given."
    case .replicas: "Noise floor \(size): 95 % of the replicas lie within it."
    case .scatter:
      "Noise floor \(size), from how far rows scatter around the median of their kernel and the precision of the runs, and \(single)"
    case .replicasAndScatter:
      "Noise floor \(size): the largest of what replicas, the scatter of rows and the precision of the runs tell, and \(single)"
    case .assumed where alonePercent == 0:
      "Noise floor \(size), assumed: a run with --replicates 2 measures it, and --threshold sets it."
    case .assumed:
      "Noise floor \(size), assumed, as there are too few rows to measure it, and \(single)"
    }
  }

  private var single: String {
    "±\(Format.number(bandwidthPercent)) % for rows that bandwidth limits. A row that differs without the others of its "
      + "kernel is called beyond \(Format.number(alonePercent)) % alone, as memory lies elsewhere in each process. --threshold "
      + "replaces all of this."
  }
}
