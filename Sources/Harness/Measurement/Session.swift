import CPlatform
import Kernels
import Layers
import Statistics
import Teams
import Topology

/// Checks and measures all cases of one layer, in one visit or several.
///
/// Between visits it holds samples and no buffer: each visit makes tensors, packed weights and copies anew from the same
/// data, so they lie in other pages, and a run needs the memory of one layer at a time.
final class Session {
  private let group: CaseGroup
  private let settings: RunSettings
  private let teams: TeamPool
  private let peers: PeerPool
  private let references: ReferenceCache
  private let ceilings: Ceilings
  private let caches: CacheSizes
  private let machine: Machine
  private let steal: StealTime
  private let ledger: TimeLedger
  private let isInterrupted: () -> Bool
  private let report: (CaseResult) throws -> Void

  /// The cases that are right and have not ended, in the order of the group.
  private var cases: [MeasuredCase] = []
  /// Visits that have begun.
  private var visits = 0
  /// The next round: visits go on counting, so that a round is the same one for all cases that have it.
  private var round = 0
  private var generator: SeededGenerator
  private var recent = Ceilings.Recent()
  /// The rates at which teams read the weights beside the samples so far, in GB/s, by their CPUs.
  private var weightRates: [[Int?]: [Double]] = [:]
  private var isRefreshedAtEnd = false
  /// Whether every case has ended.
  private(set) var isEnded = false

  /// A session of `group`. `report` is called with every case as soon as it has ended.
  init(
    group: CaseGroup, settings: RunSettings, teams: TeamPool, peers: PeerPool, references: ReferenceCache,
    ceilings: Ceilings, caches: CacheSizes, machine: Machine, steal: StealTime, ledger: TimeLedger = TimeLedger(),
    isInterrupted: @escaping () -> Bool, report: @escaping (CaseResult) throws -> Void
  ) {
    self.group = group
    self.settings = settings
    self.teams = teams
    self.peers = peers
    self.references = references
    self.ceilings = ceilings
    self.caches = caches
    self.machine = machine
    self.steal = steal
    self.ledger = ledger
    self.isInterrupted = isInterrupted
    self.report = report
    generator = SeededGenerator(
      seed: settings.seed, stream: UInt64(bitPattern: Int64(group.layer.hashForOrder)))
  }

  /// Runs all visits, one after the other, or until the user interrupts it.
  func run() throws { while !isEnded { try visit() } }

  private var isFirstVisit: Bool { visits == 1 }

  /// Runs the next visit to its end, or until the user interrupts it: then the session has ended.
  ///
  /// - Precondition: the session has not ended.
  func visit() throws {
    precondition(!isEnded, "a session that has ended has no further visit")
    visits += 1
    try visitWithBuffers()
    isEnded = isEnded || cases.isEmpty || visits == settings.visits
    // So that the next visit lies in other pages, and no layer's memory is held while another one is measured.
    if settings.visits > 1 { ledger.spend(on: .preparation) { platform_release_free_memory() } }
  }

  /// Ends the session before its last visit, and reports what it has measured.
  func stop() throws { try stop(nil) }

  private func visitWithBuffers() throws {
    recent.expire()
    let workbench: Workbench
    do {
      workbench = try ledger.spend(on: .preparation) { try makeWorkbench() }
    } catch let error as TeamError {
      throw error
    } catch {
      isEnded = true
      if isFirstVisit {
        for item in group.cases { try report(CaseResult(group: group, item: item, outcome: .failed("\(error)"))) }
      } else {
        // What was measured before is kept.
        for item in cases { try finish(item, .interrupted, nil, remark: "visit \(visits) failed: \(error)") }
      }
      return
    }
    defer { for item in cases { item.endVisit() } }
    if isFirstVisit {
      cases = try ledger.spend(on: .verification) { try verified(workbench) }
    } else {
      // They are of the layer that was checked last, which may be larger than this one.
      references.removeAll()
      peers.use(group.layer, .real, seed: settings.seed, coldBytes: machine.coldBytes)
    }
    try measure(workbench)
  }

  /// The buffers of a visit: on integer data for the first one, which checks, or else on real data.
  private func makeWorkbench() throws -> Workbench {
    let files = try group.entry.files()
    let workbench = try Workbench(
      group.layer, caches: caches, threads: group.cases.map(\.threads).max() ?? 1,
      pattern: isFirstVisit || files != nil ? .integer : .real, seed: settings.seed, coldBytes: machine.coldBytes,
      placer: try placer(), files: files)
    if !isFirstVisit { try workbench.use(.real) }
    if let failure = workbench.placementFailure { throw failure }
    return workbench
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
  private func verified(_ workbench: Workbench) throws -> [MeasuredCase] {
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
      try ledger.spend(on: .preparation) { try workbench.use(pattern) }
      peers.use(group.layer, pattern, seed: settings.seed, coldBytes: machine.coldBytes)
      let (reference, projection) = references.reference(for: workbench.tensors, seed: settings.seed)
      try workbench.tensors.requireRange(reference)
      let verifier = Verifier(workbench, reference, projection)
      var passed: [MeasuredCase] = []
      for item in cases {
        if isInterrupted() { return [] }
        let checked = MeasuredCase(item, try subject(item, workbench), settings)
        try checked.attempt { checked.verification = try $0.check(verifier) }
        if checked.failure == nil && checked.verification.passed {
          passed.append(checked)
        } else {
          try report(checked.result(group, checked.failure ?? .incorrect))
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

  // MARK: Measuring

  /// Measures in rounds, each case once a round in a new random order, until every case has enough of this visit.
  private func measure(_ workbench: Workbench) throws {
    for item in cases {
      if isInterrupted() { return try stop(workbench) }
      if isFirstVisit {
        try refreshCeilings(item)
        try item.attempt { _ in
          try ledger.spend(on: .warmUp) { try item.calibrate(target: settings.sampleNanoseconds) }
        }
      } else {
        let made = try ledger.spend(on: .preparation) {
          let made = try subject(item.item, workbench)
          // Packs the weights.
          _ = made.prepareNanoseconds
          return made
        }
        try ledger.spend(on: .warmUp) { try item.beginVisit(with: made) }
        try refreshCeilings(item)
      }
    }
    try dropFailed()
    if isFirstVisit { equaliseReplicas() }
    var present = cases
    while !present.isEmpty {
      present.shuffle(using: &generator)
      let stolenBefore = steal.perCPU()
      for (position, item) in present.enumerated() {
        if isInterrupted() { return try stop(workbench) }
        if item.item.cache != .cold { workbench.output.poisonSome(&generator) }
        try item.attempt { _ in
          let spent = try ledger.spend(on: .observation) { try item.sample(round: round, position: position) }
          ledger.move(spent.timed, from: .observation, to: .timed)
          ledger.move(spent.warmUp, from: .observation, to: .warmUp)
          if let rate = item.series.samples.last?.evidence.weightRate {
            weightRates[item.item.placement.assignments.map(\.cpu), default: []].append(rate)
          }
          // Checked at once, while the output is still this case's.
          let isOver = ledger.spend(on: .statistics) { item.isVisitOver }
          if isOver { try ledger.spend(on: .verification) { try recheck(item, workbench) } }
        }
      }
      try dropFailed()
      present.removeAll { $0.failure != nil }
      present.noteSteal(from: stolenBefore, to: steal.perCPU())
      var unfinished: [MeasuredCase] = []
      for item in present {
        // Asked again: the hypervisor may have spoilt the round.
        if !(ledger.spend(on: .statistics) { item.isVisitOver }) {
          item.series.endRound()
          unfinished.append(item)
        } else if item.series.isLastVisit || !item.verification.passed {
          try finish(item, item.reasonToStop ?? .time, workbench)
        }
      }
      present = unfinished
      round += 1
    }
  }

  private func refreshCeilings(_ item: MeasuredCase) throws {
    // What a kernel's weights give is read beside every sample.
    if item.item.kernel != nil, machine.levelOfStreamedWeights(in: item.item, of: group.layer) != nil { return }
    try ledger.spend(on: .ceilings) {
      try ceilings.refresh(group.layer, item.item, on: try teams.team(item.item.team, item.item.placement), &recent)
    }
  }

  /// What the weights gave beside the kernels' samples so far on the CPUs of a case that cannot read its own, in GB/s; nil if
  /// there is none.
  ///
  /// That is a library, whose copy of them lies in another process. Reading the lab's copy beside its samples would evict
  /// it; but beside the best of the ceilings, it would look slower than a kernel that is as fast.
  private func othersWeightRate(_ item: Case) -> Double? {
    guard item.kernel == nil, machine.levelOfStreamedWeights(in: item, of: group.layer) != nil else { return nil }
    return SampleSummary(weightRates[item.placement.assignments.map(\.cpu)] ?? [])?.median
  }

  /// Reports the cases that have failed, and leaves them out from now on.
  private func dropFailed() throws {
    let failed = cases.filter { $0.failure != nil }
    cases.removeAll { $0.failure != nil }
    for item in failed { if let failure = item.failure { try report(item.result(group, failure)) } }
  }

  /// Checks the output of a case's last timed execution.
  private func recheck(_ item: MeasuredCase, _ workbench: Workbench) throws {
    let (references, seed) = (references, settings.seed)
    let verifier = Verifier(workbench, references.reference(for: workbench.tensors, seed: seed).0, nil)
    if let failure = try item.subject?.failureOfLastOutput(verifier, known: &item.rightOutput) {
      item.verification.failure = "after a timed execution, \(failure)"
    }
  }

  /// Gives replicas of a case samples of the same length and warm-up: a difference between them is to come from the machine,
  /// not from a choice that one lucky moment made.
  private func equaliseReplicas() {
    for item in cases where item.item.replica > 1 {
      guard let first = cases.first(where: { $0.item.isReplica(of: item.item) && $0.item.replica == 1 }) else {
        continue
      }
      item.series.iterations = first.series.iterations
      item.warmUp = first.warmUp
    }
  }

  /// Reports every case that has not ended as far as it was measured; `workbench` is that of the visit that is going on.
  private func stop(_ workbench: Workbench?) throws {
    isEnded = true
    for item in cases { try finish(item, .interrupted, workbench) }
  }

  /// Reports a case that ends, and leaves it out from now on.
  private func finish(
    _ item: MeasuredCase, _ reason: StopRule.Reason, _ workbench: Workbench?, remark: String? = nil
  ) throws {
    cases.removeAll { $0 === item }
    // Interrupted before its first sample: nothing was measured, so there is nothing to report.
    if item.series.samples.isEmpty { return }
    if reason == .interrupted, let workbench, item.subject != nil {
      // Its last output is overwritten by now, so it computes once more: short next to what it was measured for.
      try item.attempt {
        try $0.repeatLast()
        try recheck(item, workbench)
      }
      if let failure = item.failure { return try report(item.result(group, failure)) }
    }
    if reason != .interrupted {
      // Once more, as the first case ends.
      if !isRefreshedAtEnd { recent.expire() }
      isRefreshedAtEnd = true
      try refreshCeilings(item)
    }
    var measurement = ledger.spend(on: .statistics) { item.measurement(reason) }
    measurement.counterFailures = item.counterFailures
    measurement.roofline = ceilings.roofline(
      group.layer, item.item, peak: measurement.peak, paired: measurement.weightRate ?? othersWeightRate(item.item),
      recent)
    var result = item.result(
      group, item.verification.passed ? .measured(measurement) : .incorrect, pages: try item.pages())
    result.remarks += [remark].compactMap { $0 }
    try report(result)
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
