import Kernels
import Statistics

/// Why the search for a winner ended early.
enum TuningStop: Error {
  case interrupted
  case modelUnmeasured(CaseResult)
}

/// Measures the candidates of one task in sessions that it is given, and counts what came of them.
struct TuningBench {
  let task: TuningTask
  let caches: CacheSizes
  /// Candidates of one session, and the memory that it may need in bytes, if there is a limit.
  let batchLimit: (count: Int, bytes: Int?)
  let sieveSettings: RunSettings
  let settings: RunSettings
  let progress: (TuningSearch.Stage, Int) -> Void
  /// Runs a session and gives what it reports, in any order.
  let session: (CaseGroup, RunSettings) throws -> [CaseResult]

  private(set) var candidates = 0
  private(set) var faults: [CaseResult] = []
  /// The model's time in the last session.
  private(set) var modelNanoseconds: Double?

  /// Finds the winner.
  ///
  /// - Throws: `TuningStop`, or what a session throws.
  mutating func result() throws -> TuningResult {
    let problem = Problem(task.group.layer, caches: caches)
    let threads = task.model.threads
    let splits = TuningCandidate.splits(of: task.splits, for: problem, threads: threads)
    func split(_ kernel: Kernel) -> Split {
      threads == 1 ? .none : Split.auto.division(of: problem, for: kernel, threads: threads).split
    }
    let model = TuningCandidate(task.kernel.tile(for: problem), split(task.kernel))
    let tiles = TuningCandidate.tiles(of: task.tiles, for: task.kernel, problem).map { tile in
      let auto = split(task.kernel.with(tile))
      return TuningCandidate(tile, threads == 1 || splits.contains(auto) ? auto : splits.first ?? auto)
    }
    let winner = try TuningSearch.winner(tiles: tiles, model: model, splits: splits) { stage, candidates in
      try measure(stage, candidates, model)
    }
    // Where there was nothing to compare it with, it is measured alone.
    if modelNanoseconds == nil { _ = try trials([], sieveSettings) }
    guard let modelNanoseconds else { preconditionFailure("a session measures the model's choice, or it throws") }
    return TuningResult(
      task: task, model: model, modelNanoseconds: modelNanoseconds, winner: winner, candidates: candidates,
      faults: faults)
  }

  private mutating func measure(
    _ stage: TuningSearch.Stage, _ candidates: [TuningCandidate], _ model: TuningCandidate
  ) throws -> [TuningTrial] {
    var trials: [TuningTrial] = []
    for batch in batches(candidates) {
      progress(stage, batch.count)
      if stage == .sieve { self.candidates += batch.count }
      trials += try self.trials(batch, stage == .sieve ? sieveSettings : settings)
    }
    return trials
  }

  /// Candidates in groups that can be measured together.
  private func batches(_ candidates: [TuningCandidate]) -> [[TuningCandidate]] {
    var batches: [[TuningCandidate]] = []
    for candidate in candidates {
      let larger = (batches.last ?? []) + [candidate]
      let fits =
        larger.count <= batchLimit.count
        && batchLimit.bytes.map { group(larger).memoryBytes(coldBytes: 0, caches: caches) <= $0 } ?? true
      if fits && !batches.isEmpty {
        batches[batches.count - 1] = larger
      } else {
        batches.append([candidate])
      }
    }
    return batches
  }

  private func group(_ candidates: [TuningCandidate]) -> CaseGroup {
    CaseGroup(
      suite: task.group.suite, entry: task.group.entry, layer: task.group.layer,
      cases: [task.model] + candidates.map(item))
  }

  private func item(_ candidate: TuningCandidate) -> Case {
    let model = task.model
    return Case(
      kernel: candidate.tile.map(task.kernel.with) ?? task.kernel, split: candidate.split, team: model.team,
      placement: model.placement, cache: model.cache)
  }

  private mutating func trials(_ candidates: [TuningCandidate], _ settings: RunSettings) throws -> [TuningTrial] {
    let variants = Dictionary(uniqueKeysWithValues: candidates.map { (item($0).variant, $0) })
    var results = try session(group(candidates), settings)
    guard var own = results.first(where: { $0.item.variant == task.model.variant }) else {
      preconditionFailure("a session reports every case")
    }
    if case .skipped = own.outcome, settings.stopRule != self.settings.stopRule {
      // The time of the sieve was meant for a faster machine.
      results = try session(group(candidates), self.settings)
      own = results.first { $0.item.variant == task.model.variant } ?? own
    }
    guard case .measured(let model) = own.outcome else { throw TuningStop.modelUnmeasured(own) }
    modelNanoseconds = model.summary.median
    return results.compactMap { result in
      guard let candidate = variants[result.item.variant] else { return nil }
      switch result.outcome {
      case .measured(let measurement):
        return PairedRatio(measurement.pairedSamples, over: model.pairedSamples).map {
          TuningTrial(
            candidate: candidate, ratio: $0.estimate, nanoseconds: measurement.summary.median,
            modelNanoseconds: model.summary.median)
        }
      case .incorrect, .failed:
        if !faults.contains(where: { $0.item.variant == result.item.variant }) { faults.append(result) }
        return nil
      case .skipped: return nil
      }
    }
  }
}

extension Measurement {
  /// Its samples, to be compared round by round.
  fileprivate var pairedSamples: [PairedRatio.Sample] {
    samples.map {
      PairedRatio.Sample(round: $0.round, time: $0.nanoseconds, isClean: $0.taints.isEmpty, visit: $0.visit)
    }
  }
}
