import Foundation
import Results
import Statistics

/// How many times as long a peer takes as the lab's kernel, from the rounds in which both were measured.
///
/// Within a round both meet the machine at nearly the same moment, so the ratio is taken round by round, and the median over
/// the rounds afterwards, with its order-statistics interval. Rounds that are clean for both count alone if there are six.
struct PeerRatio: Hashable {
  /// The peer's time ÷ the lab's.
  var value: Double
  /// The lower bound of the 95 % interval.
  var lower: Double
  /// The upper bound of the 95 % interval.
  var upper: Double

  /// The ratio of two cases; nil if fewer than six rounds have both.
  init?(_ peer: [Sample], over own: [Sample]) {
    let others = Dictionary(own.map { ($0.round, $0) }) { first, _ in first }
    let pairs = peer.compactMap { sample in others[sample.round].map { (sample, $0) } }
      .filter { $0.time > 0 && $1.time > 0 }
    let clean = pairs.filter { $0.taint == nil && $1.taint == nil }
    let counted = clean.count >= 6 ? clean : pairs
    guard let sample = OrderedSample(counted.map { $0.time / $1.time }), let interval = MedianInterval(of: sample)
    else {
      return nil
    }
    (value, lower, upper) = (sample.median, interval.lower, interval.upper)
  }

  /// The geometric mean of ratios of different layers, weighted by how often a network runs them; nil if there are none.
  ///
  /// The distances of the bounds from their ratios, as logarithms, add as the root of the sum of squares of their parts: the
  /// interval of the mean of just these layers.
  init?(meanOf ratios: [PeerRatio], weights: [Double]) {
    guard let mean = geometricMean(ratios.map(\.value), weights: weights) else { return nil }
    let total = weights.reduce(0, +)
    func distance(_ bound: (PeerRatio) -> Double) -> Double {
      zip(ratios, weights).reduce(0) { sum, next in
        let part = next.1 / total * log(bound(next.0))
        return sum + part * part
      }.squareRoot()
    }
    value = mean
    lower = mean / exp(distance { $0.value / $0.lower })
    upper = mean * exp(distance { $0.upper / $0.value })
  }

  /// `1.23× (1.20–1.26)`.
  var text: String { "\(Format.number(value))× (\(Format.number(lower))–\(Format.number(upper)))" }
}
