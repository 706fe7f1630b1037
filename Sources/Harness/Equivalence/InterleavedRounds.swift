import Layers
import Statistics

/// Measures contestants in rounds, each once a round in a new random order, until all stop rules are satisfied.
///
/// Unlike cases of one layer, of which each ends by itself, contestants stay together to the end: every round of one has
/// its pair in every other.
struct InterleavedRounds {
  let settings: RunSettings
  let steal: StealTime
  let isInterrupted: () -> Bool

  /// Measures. Before every sample `prepare` is called with the contestant's index.
  ///
  /// - Returns: why each stopped; nil if the user interrupted before all had a sample.
  func measure(
    _ samplers: [Sampler], order: Int, prepare: (Int, inout SeededGenerator) -> Void
  ) throws -> [StopRule.Reason]? {
    for sampler in samplers {
      if isInterrupted() { return nil }
      try sampler.calibrate(target: settings.sampleNanoseconds)
    }
    var generator = SeededGenerator(seed: settings.seed, stream: UInt64(bitPattern: Int64(order)))
    var reasons = [StopRule.Reason?](repeating: nil, count: samplers.count)
    var places = Array(samplers.indices)
    var round = 0
    while reasons.contains(nil) {
      places.shuffle(using: &generator)
      let stolenBefore = steal.perCPU()
      for (position, index) in places.enumerated() {
        if isInterrupted() {
          return round == 0 ? nil : reasons.map { $0 ?? .interrupted }
        }
        prepare(index, &generator)
        try samplers[index].sample(round: round, position: position)
      }
      samplers.noteSteal(from: stolenBefore, to: steal.perCPU())
      for (index, sampler) in samplers.enumerated() where reasons[index] == nil {
        reasons[index] = sampler.reasonToStop
        if reasons[index] == nil { sampler.series.endRound() }
      }
      round += 1
    }
    return reasons.map { $0 ?? .interrupted }
  }
}

extension RunSettings {
  /// Why something whose one execution took `nanoseconds` is not timed, in words; nil if it is. The rounds that an interval
  /// needs would take too long then.
  func reasonNotToTime(_ nanoseconds: UInt64) -> String? {
    let (taken, most) = (Double(nanoseconds) * 1e-9, max(1, 10 * stopRule.maxTime))
    return taken > most ? "one execution takes about \(seconds(taken)), more than \(seconds(most))" : nil
  }
}

extension Measurement {
  /// The samples as one side of a ratio, round by round.
  var paired: [PairedRatio.Sample] {
    samples.map { .init(round: $0.round, time: $0.nanoseconds, isClean: $0.taints.isEmpty) }
  }

  /// The samples of doing this and then `other`: the sum of both, in the rounds that have both.
  func paired(and other: Measurement) -> [PairedRatio.Sample] {
    let others = Dictionary(other.samples.map { ($0.round, $0) }) { first, _ in first }
    return samples.compactMap { sample in
      others[sample.round].map { other in
        .init(
          round: sample.round, time: sample.nanoseconds + other.nanoseconds,
          isClean: sample.taints.isEmpty && other.taints.isEmpty)
      }
    }
  }
}
