import Results
import Statistics

/// A case with a ratio, on the way to its verdict.
struct ComparedRow {
  var item: ComparedCase
  /// The ratio with an interval that knows nothing of a noise floor; nil if the case cannot be judged, as the reason says.
  var ratio: RatioEstimate?
  /// By what factor less one the row may differ without a reason.
  var floor: Double
  /// The factor beyond which the interval of a difference has to lie; 1, but for a row that differs alone.
  var margin = 1.0
  /// What to say where a difference does not reach the margin.
  var doubt = ""

  /// The false discovery rate at which differences are reported.
  private static let rate = 0.05

  /// The verdicts of rows that are looked at together, so that chance among many of them is allowed for.
  static func judged(_ rows: [ComparedRow]) -> [ComparedCase] {
    let estimates = rows.map { row in row.ratio.flatMap { $0.allowing(noiseFloor: row.floor) } }
    let adjusted = FalseDiscoveries.adjusted(estimates.compactMap { $0?.pValue }) ?? []
    var next = adjusted.makeIterator()
    return zip(rows, estimates).map { row, estimate in
      guard let ratio = row.ratio, let estimate, let p = next.next() else {
        var item = row.item
        item.verdict = .undecided
        return item
      }
      return row.judged(ratio, estimate, p)
    }
  }

  /// The verdict by a ratio without and with its noise floor, and the adjusted p-value.
  private func judged(_ ratio: RatioEstimate, _ estimate: RatioEstimate, _ p: Double) -> ComparedCase {
    var item = item
    let isBeyond = estimate.lower > margin || estimate.upper < 1 / margin
    let isCalled = estimate.excludesOne && p <= Self.rate && isBeyond
    item.ratio = ratio.value
    item.ratioLow = estimate.lower
    item.ratioHigh = estimate.upper
    item.noiseFloorPercent = 100 * floor
    item.pValue = p
    if isCalled {
      item.verdict = ratio.value > 1 ? .slower : .faster
      item.reason = "the interval excludes 1"
    } else if ratio.upper <= 1 + floor && ratio.lower >= 1 / (1 + floor) {
      item.verdict = .same
      item.reason = "within the noise floor"
    } else {
      item.verdict = .undecided
      item.reason =
        if estimate.excludesOne {
          isBeyond ? "may be chance among so many rows" : doubt
        } else if ratio.excludesOne {
          "the noise floor reaches 1"
        } else {
          "the interval is wider than the noise floor"
        }
    }
    return item
  }
}
