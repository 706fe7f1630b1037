import Kernels
import Layers
import Statistics
import Synchronization
import Teams
import Topology

/// Checks and measures all cases of one layer.
struct Session {
  let group: CaseGroup
  let settings: RunSettings
  let teams: TeamPool
  let peers: PeerPool
  let references: ReferenceCache
  let ceilings: Ceilings
  let caches: CacheSizes
  let machine: Machine
  let steal: StealTime
  let isInterrupted: () -> Bool
  /// Called with every case as soon as it has ended.
  let report: (CaseResult) throws -> Void

  /// A case on its way from the check to the last round.
  private final class Progress: Sampler {
    let item: Case
    let subject: any Subject
    var verification: Verification
    /// Why the case ended without a measurement; nil while it has not.
    var failure: CaseResult.Outcome?

    init(_ item: Case, _ subject: any Subject, verification: Verification, _ stopRule: StopRule) {
      self.item = item
      self.subject = subject
      self.verification = verification
      super.init(subject, stopRule)
    }

    /// Does something with the subject. A peer's failure ends this case, and no other.
    func attempt(_ body: () throws -> Void) throws {
      do { try body() } catch let error as PeerFailure { failure = error.outcome }
    }
  }

  /// Runs the session to its end, or until the user interrupts it.
  func run() throws {
    ceilings.beginLayer()
    let workbench: Workbench
    do {
      workbench = try Workbench(
        group.layer, caches: caches, threads: group.cases.map(\.threads).max() ?? 1, pattern: .integer,
        seed: settings.seed, coldBytes: machine.coldBytes, placer: try placer(), files: try group.entry.files())
      if let failure = workbench.placementFailure { throw failure }
    } catch let error as TeamError {
      throw error
    } catch {
      for item in group.cases { try report(CaseResult(group: group, item: item, outcome: .failed("\(error)"))) }
      return
    }
    var progresses = try verified(workbench)
    try measure(&progresses, workbench)
  }

  /// What places the layer's buffers; nil if nothing is asked for. The largest pinned team shares them out, for all cases
  /// use the same buffers.
  private func placer() throws -> MemoryPlacer? {
    if settings.memory.isDefault { return nil }
    let pinned = group.cases.filter { !$0.placement.cpuList.isEmpty }
    guard let item = (pinned.isEmpty ? group.cases : pinned).max(by: { $0.threads < $1.threads }) else { return nil }
    return try MemoryPlacer(settings.memory, teams.team(item.team, item.placement), item.placement, machine)
  }

  // MARK: Checking

  /// Checks every case that is not too slow, on integer and then on real data, and returns those that are right.
  private func verified(_ workbench: Workbench) throws -> [Progress] {
    var cases: [Case] = []
    peers.use(group.layer, .integer, seed: settings.seed, coldBytes: machine.coldBytes)
    for item in group.cases {
      if isInterrupted() { return [] }
      let estimate = try subject(item, workbench).estimate()
      if estimate > settings.stopRule.maxTime {
        let reason =
          "one execution would take about \(seconds(estimate)), more than the \(seconds(settings.stopRule.maxTime)) "
          + "of --max-time"
        try report(CaseResult(group: group, item: item, outcome: .skipped(reason)))
        continue
      }
      cases.append(item)
    }

    for pattern in [DataPattern.integer, .real] where !cases.isEmpty {
      try workbench.use(pattern)
      peers.use(group.layer, pattern, seed: settings.seed, coldBytes: machine.coldBytes)
      let (reference, projection) = references.reference(for: workbench.tensors, seed: settings.seed)
      try workbench.tensors.requireRange(reference)
      let verifier = Verifier(workbench, reference, projection)
      var passed: [Progress] = []
      for item in cases {
        if isInterrupted() { return [] }
        let progress = Progress(
          item, try subject(item, workbench), verification: Verification(), settings.stopRule)
        try progress.attempt { progress.verification = try progress.subject.check(verifier) }
        if progress.failure == nil && progress.verification.passed {
          passed.append(progress)
        } else {
          try report(result(progress, progress.failure ?? .incorrect))
        }
      }
      if pattern == .real { return passed }
      cases = passed.map(\.item)
    }
    return []
  }

  /// What computes a case on the present tensors.
  private func subject(_ item: Case, _ workbench: Workbench) throws -> any Subject {
    switch item.contender {
    case .kernel(let kernel): try KernelSubject(kernel, item, workbench, teams)
    case .peer(let peer): try PeerSubject(peer, item, group, peers, teams)
    }
  }

  private func result(
    _ progress: Progress, _ outcome: CaseResult.Outcome, pages: PageSurvey? = nil
  ) -> CaseResult {
    CaseResult(
      group: group, item: progress.item, division: progress.subject.division, outcome: outcome,
      verification: progress.failure == nil ? progress.verification : nil,
      prepareNanoseconds: progress.subject.prepareNanoseconds, pages: pages, remarks: progress.subject.remarks,
      strayCPUs: progress.subject.strayCPUs)
  }

  // MARK: Measuring

  /// Measures in rounds, each case once a round in a new random order, until every case's stop rule is satisfied.
  private func measure(_ progresses: inout [Progress], _ workbench: Workbench) throws {
    for progress in progresses {
      if isInterrupted() { return }
      try ceilings.refresh(group.layer, progress.item, on: progress.subject.team)
      try progress.attempt { try progress.calibrate(target: settings.sampleNanoseconds) }
    }
    try dropFailed(&progresses)
    equaliseReplicas(progresses)
    var generator = SeededGenerator(seed: settings.seed, stream: UInt64(bitPattern: Int64(group.layer.hashForOrder)))
    var round = 0
    while !progresses.isEmpty {
      progresses.shuffle(using: &generator)
      let stolenBefore = steal.perCPU()
      for (position, progress) in progresses.enumerated() {
        if isInterrupted() {
          for stopped in progresses { try finish(stopped, .interrupted, workbench) }
          return
        }
        if progress.item.cache != .cold { workbench.output.poisonSome(&generator) }
        try progress.attempt {
          try progress.sample(round: round, position: position)
          // Checked at once, while the output is still this case's.
          if progress.reasonToStop != nil { try recheck(progress, workbench) }
        }
      }
      try dropFailed(&progresses)
      progresses.noteSteal(from: stolenBefore, to: steal.perCPU())
      var unfinished: [Progress] = []
      for progress in progresses {
        // Asked again: the hypervisor may have spoilt the round.
        if let reason = progress.reasonToStop {
          try finish(progress, reason, workbench)
        } else {
          progress.series.endRound()
          unfinished.append(progress)
        }
      }
      progresses = unfinished
      round += 1
    }
  }

  /// Reports the cases that have failed, and leaves them out from now on.
  private func dropFailed(_ progresses: inout [Progress]) throws {
    for progress in progresses { if let failure = progress.failure { try report(result(progress, failure)) } }
    progresses.removeAll { $0.failure != nil }
  }

  /// Checks the output of a case's last timed execution.
  private func recheck(_ progress: Progress, _ workbench: Workbench) throws {
    let (reference, _) = references.reference(for: workbench.tensors, seed: settings.seed)
    if let failure = try progress.subject.failureOfLastOutput(Verifier(workbench, reference, nil)) {
      progress.verification.failure = "after a timed execution, \(failure)"
    }
  }

  /// Gives replicas of a case samples of the same length and warm-up: a difference between them is to come from the machine,
  /// not from a choice that one lucky moment made.
  private func equaliseReplicas(_ progresses: [Progress]) {
    for progress in progresses where progress.item.replica > 1 {
      guard let first = progresses.first(where: { $0.item.isReplica(of: progress.item) && $0.item.replica == 1 }) else {
        continue
      }
      progress.series.iterations = first.series.iterations
      progress.warmUp = first.warmUp
    }
  }

  private func finish(_ progress: Progress, _ reason: StopRule.Reason, _ workbench: Workbench) throws {
    // Interrupted before its first sample: nothing was measured, so there is nothing to report.
    if progress.series.samples.isEmpty { return }
    if reason == .interrupted {
      // Its last output is overwritten by now, so it computes once more: short next to what it was measured for.
      try progress.attempt {
        try progress.subject.repeatLast()
        try recheck(progress, workbench)
      }
      if let failure = progress.failure { return try report(result(progress, failure)) }
    }
    try ceilings.refresh(group.layer, progress.item, on: progress.subject.team)
    var measurement = progress.measurement(reason)
    measurement.counterFailures = progress.subject.counterFailures
    measurement.roofline = ceilings.roofline(group.layer, progress.item, peak: measurement.peak)
    let outcome: CaseResult.Outcome = progress.verification.passed ? .measured(measurement) : .incorrect
    try report(result(progress, outcome, pages: try progress.subject.pages()))
  }
}

extension PeerFailure {
  /// What becomes of a case that met it.
  fileprivate var outcome: CaseResult.Outcome {
    switch self {
    case .unsupported(let reason): .skipped(reason)
    case .start, .ended, .silent, .reported, .givenUp: .failed(description)
    }
  }
}

/// A duration in words, for messages.
func seconds(_ value: Double) -> String {
  switch value {
  case ..<0.001: "\(Int((value * 1e6).rounded())) µs"
  case ..<1: "\(Int((value * 1e3).rounded())) ms"
  case ..<10: "\((value * 10).rounded() / 10) s"
  case ..<120: "\(Int(value.rounded())) s"
  default: "\(Int((value / 60).rounded())) min"
  }
}

/// The next multiple of `multiple` from `count` on.
func roundedUp(_ count: Int, _ multiple: Int) -> Int { (count + multiple - 1) / multiple * multiple }

extension Layer {
  /// A number that differs between layers and is the same in every process, unlike `hashValue`.
  fileprivate var hashForOrder: Int {
    shape.named.reduce(layout == .nchw ? 1 : 2) { ($0 &* 31) &+ $1.value }
  }
}
