package import Results
import Statistics

/// How far the predictions of rows on one number of threads are from what was measured.
package struct PredictionErrors: Sendable {
  /// A prediction within this many percent of the measured median counts as right.
  package static let tolerancePercent = 15.0

  /// The number of threads.
  package let threads: Int
  /// How many rows were predicted.
  package let rows: Int
  /// The rows whose prediction is right, in percent.
  package let withinPercent: Double
  /// The median of |predicted ÷ measured − 1|, in percent.
  package let medianPercent: Double
  /// The rows whose prediction with the peak beside their samples is right, in percent; nil if none has such a one.
  package let withinBesidePercent: Double?

  /// The errors by threads, ascending.
  package static func all(_ pairs: [(row: Row, time: PredictedTime)]) -> [PredictionErrors] {
    Dictionary(grouping: pairs, by: \.row.threads).sorted { $0.key < $1.key }.compactMap { threads, pairs in
      let errors = pairs.compactMap { pair in pair.row.timeMedian.map { error(pair.time.nanoseconds, $0) } }
      let beside = pairs.compactMap { pair in
        pair.row.timeMedian.flatMap { measured in pair.time.besideSamples.map { error($0, measured) } }
      }
      guard let sample = OrderedSample(errors) else { return nil }
      return PredictionErrors(
        threads: threads, rows: sample.count, withinPercent: within(errors), medianPercent: sample.median,
        withinBesidePercent: beside.isEmpty ? nil : within(beside))
    }
  }

  private static func error(_ predicted: Double, _ measured: Double) -> Double { 100 * abs(predicted / measured - 1) }

  private static func within(_ errors: [Double]) -> Double {
    100 * Double(errors.count { $0 <= tolerancePercent }) / Double(errors.count)
  }
}
