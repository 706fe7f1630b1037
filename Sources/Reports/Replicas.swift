import Results
import Statistics

/// The cases of a run that were measured more than once (`--replicates`), each compared with its first.
///
/// Replicas are the same code on the same data, so every difference between them is noise, or memory that happens to lie
/// better. Ratios are computed from samples.csv, round by round, as any two variants are compared.
struct Replicas {
  /// A replica and the first of its case.
  struct Pair {
    var row: Row
    var first: Row
    /// The replica's time ÷ that of the first; nil if they have too few rounds in common.
    var ratio: PairedRatio?
  }

  let pairs: [Pair]

  /// Pairs of `rows` that were both measured, in the order of the rows.
  init(_ rows: [Row], _ samples: [Sample]) {
    let samples = PairedSamples(samples)
    let measured = rows.filter(\.isMeasured)
    let firsts = Dictionary(measured.map { ($0.caseKey, $0) }) { first, _ in first }
    pairs = measured.filter { $0.replica.number > 1 }.compactMap { row in
      firsts[row.firstReplicaKey].map { first in
        Pair(
          row: row, first: first, ratio: samples.ratio(row.caseKey, over: first.caseKey))
      }
    }
  }
}
