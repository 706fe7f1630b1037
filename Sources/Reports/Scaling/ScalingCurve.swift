import Layers
import Results
import Statistics

/// One kernel on one network, in one layout and placement, over the number of threads.
struct ScalingCurve {
  /// Its times on one number of threads.
  struct Point {
    var threads: Int
    /// Σ count × time in ns.
    var time: Double
    /// How much more work is done in the same time than on one thread.
    var overOneThread: Ratio
    /// The same with the interval that follows from those of the medians; nil if one has none.
    var estimate: RatioEstimate?
    /// How many layers both were measured on.
    var layers: Int
  }

  /// Whether the layers grow with the threads.
  var scaling: Scaling
  var series: String
  var layout: Layout
  /// The setting, whatever its threads.
  var setting: RunAnalysis.Setting
  /// By threads, ascending.
  var points: [Point]

  /// The curves of `network`: those of the layers as they are, and those of the networks in which they grow.
  static func all(_ network: RunAnalysis.Network, _ run: ReportedRun) -> [ScalingCurve] {
    let grown = run.analysis.networks.filter { other in
      other.suite == network.suite
        && other.settings.contains { $0.threads > 1 && other.name == Scaling.name(of: network.name, times: $0.threads) }
    }
    return curves(.strong, network, [network], run) + (grown.isEmpty ? [] : curves(.weak, network, grown, run))
  }

  /// The fastest row of each series on each layer, by setting. A layer is known by its place in `order`.
  private static func fastest(
    _ network: RunAnalysis.Network, _ layout: Layout, _ run: ReportedRun
  ) -> [RunAnalysis.Setting: [String: [[String]: Row]]] {
    var rows: [RunAnalysis.Setting: [String: [[String]: Row]]] = [:]
    for layer in network.layers {
      for setting in network.settings {
        for row in layer.rows(layer.layout(in: layout), setting) where row.isMeasured {
          rows[setting, default: [:]][run.series(row), default: [:]][row.shapeOfImage, default: row].keepFaster(row)
        }
      }
    }
    return rows
  }

  private static func curves(
    _ scaling: Scaling, _ network: RunAnalysis.Network, _ grown: [RunAnalysis.Network], _ run: ReportedRun
  ) -> [ScalingCurve] {
    let ofOne = network.settings.filter { $0.threads == 1 }
    let ofMany = grown.flatMap(\.settings).filter { $0.threads > 1 }
    guard !ofMany.isEmpty else { return [] }
    let placements = (ofOne + ofMany).uniqued().sorted { $0.threads < $1.threads }
      .grouped { [$0.places, $0.bind, $0.cache] }
    return network.layouts.flatMap { layout -> [ScalingCurve] in
      let base = fastest(network, layout, run)
      var rows = base.filter { $0.key.threads == 1 }
      for other in grown {
        rows.merge(fastest(other, layout, run).filter { $0.key.threads > 1 }) { first, _ in first }
      }
      return run.allSeries.flatMap { series in
        placements.compactMap { settings -> ScalingCurve? in
          // One thread needs no placement of many: the fastest one in this cache state is the baseline, wherever it sat.
          var single: [[String]: Row] = [:]
          for setting in ofOne where setting.cache == settings[0].cache {
            for (key, row) in base[setting]?[series] ?? [:] { single[key, default: row].keepFaster(row) }
          }
          let points = settings.compactMap { setting -> Point? in
            let many = rows[setting]?[series] ?? [:]
            return Point(
              setting.threads, work: scaling == .weak ? Double(setting.threads) : 1,
              pairs: many.keys.sorted { $0.lexicographicallyPrecedes($1) }.compactMap { key in
                single[key].flatMap { one in many[key].map { (one: one, many: $0) } }
              })
          }
          return points.contains { $0.threads > 1 }
            ? ScalingCurve(scaling: scaling, series: series, layout: layout, setting: settings[0], points: points) : nil
        }
      }
    }
  }
}

extension ScalingCurve.Point {
  /// The point of layers that were measured on one thread and on `threads`, where they have `work` times their work.
  fileprivate init?(_ threads: Int, work: Double, pairs: [(one: Row, many: Row)]) {
    let (one, many) = (pairs.map(\.one), pairs.map(\.many))
    guard many.weightedTime > 0 else { return nil }
    self.threads = threads
    time = many.weightedTime
    let isValid = threads == 1 || pairs.allSatisfy { $0.one.quality == .valid && $0.many.quality == .valid }
    overOneThread = Ratio(value: work * one.weightedTime / time, isValid: isValid)
    layers = pairs.count
    if threads > 1, let whole = one.weightedMedian(times: work), let part = many.weightedMedian(times: 1) {
      estimate = IndependentRatio(whole, over: part).estimate
    }
  }

  /// The point as a fit takes it.
  var fitted: ScalingPoint? {
    ScalingPoint(
      threads: threads, speedup: overOneThread.value,
      halfWidth: estimate.map { max($0.upper / $0.value - 1, 1 - $0.lower / $0.value) })
  }
}

extension [Row] {
  /// `factor` · Σ count × median time, with the interval of independent medians; nil if one has none.
  fileprivate func weightedMedian(times factor: Double) -> IndependentRatio.Median? {
    var (below, above) = (0.0, 0.0)
    for row in self {
      guard let median = row.timeMedian, let low = row.timeCILow, let high = row.timeCIHigh else { return nil }
      let count = Double(row.count)
      below += count * count * (median - low) * (median - low)
      above += count * count * (high - median) * (high - median)
    }
    let sum = weightedTime
    return IndependentRatio.Median(
      factor * sum, lower: factor * (sum - below.squareRoot()), upper: factor * (sum + above.squareRoot()))
  }
}

extension Row {
  /// What tells a layer from the others of its network, whatever its minibatch and its descriptor.
  fileprivate var shapeOfImage: [String] {
    // A name is not part of what the layer is, and two layers of one shape are one in a suite.
    [
      op.rawValue, "\(ic)", "\(oc)", "\(ih)", "\(iw)", "\(oh)", "\(ow)", "\(sh)", "\(sw)", "\(bias)",
      activation.rawValue,
    ]
      + [isGrown ? "\(mb / threads)" : "\(mb)"]
  }

  /// Whether the layer belongs to a network that grew with the threads of the row.
  private var isGrown: Bool { threads > 1 && network.hasSuffix(Scaling.name(of: "", times: threads)) }

  /// Becomes `other`, if that is faster.
  fileprivate mutating func keepFaster(_ other: Row) {
    if (other.timeMedian ?? .infinity) < (timeMedian ?? .infinity) { self = other }
  }
}
