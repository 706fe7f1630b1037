import Results
import Statistics

/// The rows of tuned kernels, each compared with the model's choice, which was measured in the same rounds.
struct TunedPairs {
  /// A tuned row and the model's.
  struct Pair {
    var tuned: Row
    var model: Row
    /// Tuned time ÷ the model's; nil if they have too few rounds in common.
    var ratio: PairedRatio?
  }

  let pairs: [Pair]
  /// Tuned rows that were measured, but the model's choice was not.
  let withoutModel: Int
  /// Rows of the model's choice that have no tuned row beside them.
  let untuned: Int

  init(_ rows: [Row], _ samples: [Sample]) {
    let samples = PairedSamples(samples)
    let measured = rows.filter(\.isMeasured)
    let models = Dictionary(measured.filter { $0.choice == .model }.map { ($0.caseKey, $0) }) { first, _ in first }
    let tuned = measured.filter { $0.choice == .tuned && $0.replica.number == 1 }
    pairs = tuned.compactMap { row in
      models[row.modelKey].map { model in
        Pair(tuned: row, model: model, ratio: samples.ratio(row.caseKey, over: model.caseKey))
      }
    }
    withoutModel = tuned.count - pairs.count
    let keys = Set(tuned.map(\.modelKey))
    // On several threads only the split `auto` is the model's choice.
    untuned = models.values.count {
      $0.replica.number == 1 && ["none", "auto"].contains($0.split) && !keys.contains($0.caseKey)
    }
  }
}
