public import Statistics

/// What measuring a candidate beside the model's choice, in the same rounds, gave.
public struct TuningTrial: Sendable, Hashable {
  /// The candidate.
  public var candidate: TuningCandidate
  /// Its time ÷ that of the model's choice: below 1, it is faster.
  public var ratio: RatioEstimate
  /// Its median time of one execution, in nanoseconds.
  public var nanoseconds: Double
  /// That of the model's choice beside it.
  public var modelNanoseconds: Double

  /// A trial.
  public init(candidate: TuningCandidate, ratio: RatioEstimate, nanoseconds: Double, modelNanoseconds: Double) {
    self.candidate = candidate
    self.ratio = ratio
    self.nanoseconds = nanoseconds
    self.modelNanoseconds = modelNanoseconds
  }
}

/// How a layer's candidates are reduced to a winner.
///
/// 1. **Sieve.** Every tile is measured for a short time beside the model's choice. One that is clearly slower than the
///    best, or than the model's choice, is dropped. On several threads, the best tiles and the model's own are then
///    sieved with the other splits.
/// 2. **Final.** The few that are left are measured as long as the stop rule asks.
/// 3. **Confirmation.** The best of the final is measured once more with the model's choice alone, on new memory. The best
///    of several looks better than it is, for its luck was chosen with it; these samples were not chosen.
///
/// The model's choice loses only to a candidate whose interval of the confirmation excludes 1, and that is faster by at
/// least ``leastGain``.
///
/// It knows neither clock nor threads: whoever measures is handed to it.
public struct TuningSearch: Sendable {
  /// What a measurement is for.
  public enum Stage: String, Sendable, Hashable {
    case sieve, final, confirmation
  }

  /// How much faster a candidate has to be, as a part of the model's time.
  public static let leastGain = 0.01
  /// Candidates in the final, at most.
  public static let finalists = 4
  /// Tiles that are tried with other splits, besides the model's own.
  public static let tilesForSplits = 2

  /// Measures candidates beside the model's choice. A candidate that could not be measured has no trial.
  public typealias Measure = (_ stage: Stage, _ candidates: [TuningCandidate]) throws -> [TuningTrial]

  /// Finds the winner.
  ///
  /// - Parameters:
  ///   - tiles: each tile with the split that it is tried with first.
  ///   - model: the model's choice, with the split that it comes to.
  ///   - splits: the splits to try on several threads.
  /// - Returns: the confirmation of the candidate that beats the model's choice; nil if none does.
  public static func winner(
    tiles: [TuningCandidate], model: TuningCandidate, splits: [Split], _ measure: Measure
  ) throws -> TuningTrial? {
    let trials = tiles.isEmpty ? [] : try measure(.sieve, tiles)
    var standing = survivors(trials)
    // A tile that loses clearly here may win by another split.
    let best = trials.sorted { $0.ratio.value < $1.ratio.value }.prefix(tilesForSplits)
    let kept = [model.tile] + best.map(\.candidate.tile)
    let others = kept.flatMap { tile in splits.map { TuningCandidate(tile, $0) } }
      .filter { $0 != model && !tiles.contains($0) }
    if !others.isEmpty { standing = survivors(standing + (try measure(.sieve, others))) }
    if standing.isEmpty { return nil }
    let final = try measure(.final, standing.prefix(finalists).map(\.candidate))
    guard let best = final.min(by: { $0.ratio.value < $1.ratio.value }), best.ratio.value <= 1 - leastGain else {
      return nil
    }
    guard let confirmed = try measure(.confirmation, [best.candidate]).first, beatsModel(confirmed.ratio) else {
      return nil
    }
    return confirmed
  }

  /// Whether a candidate's time ÷ the model's is below 1 by more than the noise, and by enough to matter.
  public static func beatsModel(_ ratio: RatioEstimate) -> Bool {
    ratio.excludesOne && ratio.value <= 1 - leastGain
  }

  /// The trials that are not clearly slower than the best of them, nor than the model's choice; the fastest first.
  public static func survivors(_ trials: [TuningTrial]) -> [TuningTrial] {
    let best = min(1, trials.map(\.ratio.upper).min() ?? 1)
    return trials.filter { $0.ratio.lower <= best }.sorted { $0.ratio.value < $1.ratio.value }
  }
}
