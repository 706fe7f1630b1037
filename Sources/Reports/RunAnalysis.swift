import Layers
import Results
import Statistics

/// The rows of a run by network, layer and setting, and what follows from them. Orders are those in which things first
/// appear in the rows, so the same rows always give the same report.
struct RunAnalysis: Sendable {
  /// What is varied besides the variant: how many threads, where they sit, and what the caches hold.
  struct Setting: Hashable, Sendable {
    var threads: Int
    var places: String
    var bind: String
    var cache: String

    init(_ row: Row) {
      threads = row.threads
      places = row.places
      bind = row.bind
      cache = row.cache
    }
  }

  /// One layer with all its rows, layouts together.
  struct LayerRows: Sendable {
    /// The row that came first. Every row of a layer has the same dimensions, so it stands for all.
    let first: Row
    /// The rows that were measured, fastest first, and then the others by status, variant and threads.
    let ranked: [Row]
    /// The layouts that the layer was run in.
    let layouts: [Layout]
    /// The places of rows in ``ranked``, in its order.
    private let places: [Cell: [Int]]

    private struct Cell: Hashable {
      var layout: Layout
      var setting: Setting
    }

    /// The layer of the rows at `indices`.
    ///
    /// - Precondition: there is at least one.
    init(_ rows: [Row], _ indices: [Int]) {
      first = rows[indices[0]]
      let order = Dictionary(uniqueKeysWithValues: Status.allCases.enumerated().map { ($1, $0) })
      // Numbers are sorted and not rows, of which a copy holds a dozen strings.
      let keys = indices.map {
        (index: $0, status: order[rows[$0].status] ?? 0, time: rows[$0].timeMedian ?? .infinity)
      }
      let sorted = keys.sorted { a, b in
        if (a.status, a.time) != (b.status, b.time) { return (a.status, a.time) < (b.status, b.time) }
        let (left, right) = (rows[a.index].variant, rows[b.index].variant)
        if left != right { return left < right }
        return (rows[a.index].threads, rows[a.index].caseKey) < (rows[b.index].threads, rows[b.index].caseKey)
      }
      ranked = sorted.map { rows[$0.index] }
      let used = Set(ranked.map(\.layout))
      layouts = Layout.allCases.filter(used.contains)
      places = Dictionary(grouping: ranked.indices) { [ranked] in
        Cell(layout: ranked[$0].layout, setting: Setting(ranked[$0]))
      }
    }

    /// The rows in a layout and a setting, in the order of ``ranked``.
    func rows(_ layout: Layout, _ setting: Setting) -> [Row] {
      places[Cell(layout: layout, setting: setting), default: []].map { ranked[$0] }
    }

    /// The fastest measured row in a layout and a setting.
    func fastest(_ layout: Layout, _ setting: Setting) -> Row? {
      guard let place = places[Cell(layout: layout, setting: setting)]?.first, ranked[place].isMeasured else {
        return nil
      }
      return ranked[place]
    }

    /// The layout that the layer has in a network whose convolutions have `layout`: a fully connected layer has one only.
    func layout(in layout: Layout) -> Layout { first.op == .fc ? .nc : layout }
  }

  /// One network of a suite.
  struct Network: Sendable {
    let suite: String
    let name: String
    let layers: [LayerRows]
    /// The settings, by threads and then as they first appear.
    let settings: [Setting]
    /// The layouts of its convolutions; of its fully connected layers if it has no convolution.
    let layouts: [Layout]

    /// The network of the rows at `indices`.
    ///
    /// - Precondition: there is at least one.
    init(_ rows: [Row], _ indices: [Int]) {
      suite = rows[indices[0]].suite
      name = rows[indices[0]].network
      layers = indices.grouped { rows[$0].layerKey }.map { LayerRows(rows, $0) }
      settings = indices.lazy.map { Setting(rows[$0]) }.uniqued().enumerated()
        .sorted { ($0.element.threads, $0.offset) < ($1.element.threads, $1.offset) }.map(\.element)
      let used = Set(layers.flatMap(\.layouts))
      let ofConvolutions = Layout.allCases.filter { used.contains($0) && $0 != .nc }
      layouts = ofConvolutions.isEmpty ? Layout.allCases.filter(used.contains) : ofConvolutions
    }

    /// The network's name, or the suite's if it has none.
    var title: String { name.isEmpty ? suite : name }
    /// How many layers the network runs, repetitions counted. Not an integer: counts of a suite may add up to more.
    var executions: Double { layers.reduce(0) { $0 + Double($1.first.count) } }
    /// Multiply-adds of all executions.
    var macs: Double { layers.reduce(0) { $0 + Double($1.first.count) * $1.first.flops / 2 } }
  }

  /// The whole network by one variant: Σ count × median time over its layers.
  struct Total: Sendable {
    var variant: String
    var kernel: String
    var layout: Layout
    var setting: Setting
    /// Layers that were measured.
    var measured: Int
    /// Layers of the network.
    var layers: Int
    /// The sum in ns; nil unless every layer was measured.
    var time: Double?
    /// Whether nothing speaks against any of the measurements.
    var isValid: Bool
    /// The team that ran it.
    var team: String
  }

  let networks: [Network]
  let baselines: BaselineRows

  init(_ rows: [Row]) {
    baselines = BaselineRows(rows)
    networks = rows.indices.grouped { [rows[$0].suite, rows[$0].network] }.map { Network(rows, $0) }
  }

  /// The totals of every variant in every layout and setting: the complete ones first, fastest first, then those
  /// that lack the fewest layers.
  ///
  /// Convolutions count in the total's layout; fully connected layers have one layout, and count in every total.
  func totals(_ network: Network) -> [Total] {
    var totals: [Total] = []
    for layout in network.layouts {
      for setting in network.settings {
        var variants: [String: (any: Row, measured: [Row])] = [:]
        var order: [String] = []
        for layer in network.layers {
          var seen: Set<String> = []
          // Ranked rows: the first one of a variant is the measured one, if there is one.
          for row in layer.rows(layer.layout(in: layout), setting) where seen.insert(row.variant).inserted {
            if variants[row.variant] == nil { order.append(row.variant) }
            variants[row.variant, default: (row, [])].measured += row.isMeasured ? [row] : []
          }
        }
        for (any, measured) in order.compactMap({ variants[$0] }) {
          totals.append(
            Total(
              variant: any.variant, kernel: any.kernel, layout: layout, setting: setting, measured: measured.count,
              layers: network.layers.count,
              time: measured.count == network.layers.count ? measured.weightedTime : nil,
              isValid: measured.allSatisfy { $0.quality == .valid }, team: any.team))
        }
      }
    }
    return totals.enumerated().sorted { a, b in
      let left = (a.element.time ?? .infinity, -a.element.measured, a.element.variant, a.offset)
      return left < (b.element.time ?? .infinity, -b.element.measured, b.element.variant, b.offset)
    }.map(\.element)
  }

  /// The whole network with the fastest variant of each layer in ns, and whether nothing speaks against any of the
  /// measurements; nil unless every layer was measured.
  func fastestTime(_ network: Network, _ layout: Layout, _ setting: Setting) -> (time: Double, isValid: Bool)? {
    let rows = winners(network, layout, setting)
    guard rows.count == network.layers.count else { return nil }
    return (rows.weightedTime, rows.allSatisfy { $0.quality == .valid })
  }

  /// The fastest row of every layer that was measured in a layout and a setting.
  func winners(_ network: Network, _ layout: Layout, _ setting: Setting) -> [Row] {
    network.layers.compactMap { $0.fastest($0.layout(in: layout), setting) }
  }

  /// How many times faster than naive the fastest variants are: the geometric mean weighted by counts, over the layers
  /// of which both were measured, and how many these are.
  func speedupOverNaive(_ network: Network, _ layout: Layout, _ setting: Setting) -> (mean: Ratio, layers: Int)? {
    let pairs = winners(network, layout, setting).compactMap { row in
      baselines.speedupOverNaive(row).map { (ratio: $0, count: Double(row.count)) }
    }
    let isValid = pairs.allSatisfy(\.ratio.isValid)
    return geometricMean(pairs.map(\.ratio.value), weights: pairs.map(\.count)).map {
      (Ratio(value: $0, isValid: isValid), pairs.count)
    }
  }

  /// The row's own efficiency in percent, or the one that its speedup gives.
  func efficiencyPercent(_ row: Row) -> Double? {
    guard row.isMeasured else { return nil }
    return row.efficiencyPercent ?? baselines.speedupOverOneThread(row).map { 100 * $0.value / Double(row.threads) }
  }
}

extension Row {
  /// Whether the row has a time that can be compared.
  var isMeasured: Bool { status == .ok && (timeMedian ?? 0) > 0 }

  /// The quality of a measurement that is not valid; empty if it is, or there is none.
  var doubt: String {
    guard isMeasured, let quality, quality != .valid else { return "" }
    return quality.rawValue
  }

  /// The larger half of the median's 95 % interval in percent of the median.
  var halfWidthPercent: Double? {
    guard let timeMedian, let timeCILow, let timeCIHigh else { return nil }
    return SampleSummary.relativeHalfWidth(median: timeMedian, low: timeCILow, high: timeCIHigh).map { 100 * $0 }
  }
}

extension [Row] {
  /// Σ count × median time, in ns.
  var weightedTime: Double { reduce(0) { $0 + Double($1.count) * ($1.timeMedian ?? 0) } }
}

extension Sequence {
  /// The elements in groups of equal keys, both in the order of their first appearance.
  func grouped<Key: Hashable>(by key: (Element) -> Key) -> [[Element]] {
    var groups: [[Element]] = []
    var indices: [Key: Int] = [:]
    for element in self {
      let index = indices[key(element), default: groups.count]
      if index == groups.count {
        indices[key(element)] = index
        groups.append([])
      }
      groups[index].append(element)
    }
    return groups
  }
}

extension Sequence where Element: Hashable {
  /// The elements without repetition, in the order of their first appearance.
  func uniqued() -> [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
