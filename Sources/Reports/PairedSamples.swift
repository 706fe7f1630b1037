import Results
import Statistics

/// The samples of a run by case, to compare cases round by round.
struct PairedSamples {
  private let times: [String: [PairedRatio.Sample]]

  init(_ samples: [Sample]) {
    times = Dictionary(grouping: samples, by: \.caseKey).mapValues {
      $0.map { PairedRatio.Sample(round: $0.round, time: $0.time, isClean: $0.taint == nil, visit: $0.visit ?? 0) }
    }
  }

  /// The time of one case ÷ that of another; nil if they have too few rounds in common.
  func ratio(_ key: String, over other: String) -> PairedRatio? {
    PairedRatio(times[key] ?? [], over: times[other] ?? [])
  }
}
