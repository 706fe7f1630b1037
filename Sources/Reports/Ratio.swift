import Layers
import Results

/// How many times faster one measurement is than another.
struct Ratio: Hashable, Sendable {
  var value: Double
  /// Whether nothing speaks against either side. Otherwise the two may have been disturbed differently.
  var isValid: Bool
}

/// The rows that others are compared with: the fastest `naive` one and the fastest one-thread one, as ``Baselines``
/// chooses them. It gives the ratios, and these rows their quality.
struct BaselineRows: Sendable {
  private let baselines: Baselines
  private var naive: [[String]: Row] = [:]
  private var oneThread: [[String]: Row] = [:]

  init(_ rows: [Row]) {
    baselines = Baselines(rows)
    for row in rows where row.isMeasured {
      if row.kernel == Baselines.naiveKernel { Self.keep(row, in: &naive, Self.naiveKey(row)) }
      if row.threads == 1 { Self.keep(row, in: &oneThread, Self.oneThreadKey(row)) }
    }
  }

  /// The speedup of `row` over the textbook loops.
  func speedupOverNaive(_ row: Row) -> Ratio? {
    baselines.speedupOverNaive(row).map { Self.ratio($0, row, naive[Self.naiveKey(row)]) }
  }

  /// The row's own speedup over one thread, or the one that the other rows give if it has none.
  func speedupOverOneThread(_ row: Row) -> Ratio? {
    guard row.isMeasured else { return nil }
    return (row.speedup ?? baselines.speedupOverOneThread(row)).map {
      Self.ratio($0, row, oneThread[Self.oneThreadKey(row)])
    }
  }

  private static func ratio(_ value: Double, _ row: Row, _ baseline: Row?) -> Ratio {
    // A row is exactly as fast as itself, whatever disturbed it.
    let isItself = row.caseKey == baseline?.caseKey
    return Ratio(value: value, isValid: isItself || (row.quality == .valid && baseline?.quality == .valid))
  }

  private static func keep(_ row: Row, in rows: inout [[String]: Row], _ key: [String]) {
    guard let time = row.timeMedian, time < rows[key]?.timeMedian ?? .infinity else { return }
    rows[key] = row
  }

  private static func layerKey(_ row: Row) -> [String] {
    [
      row.suite, row.network, row.layer, row.op.rawValue, row.dtype.rawValue, "\(row.bias)",
      row.activation.rawValue, row.layout.rawValue, row.cache,
    ]
  }

  private static func naiveKey(_ row: Row) -> [String] {
    layerKey(row) + ["\(row.threads)", row.places, row.bind]
  }

  private static func oneThreadKey(_ row: Row) -> [String] { layerKey(row) + [row.kernel, row.isa] }
}
