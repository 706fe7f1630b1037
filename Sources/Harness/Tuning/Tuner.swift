import Kernels
public import Topology

/// Finds, by measuring, the tile and the split that are fastest for each layer on this machine.
///
/// Candidates are cases of a session: verified before they are timed, and measured in interleaved rounds with the model's
/// choice among them. ``TuningSearch`` decides.
public struct Tuner {
  private let topology: HwlocTopology
  private let catalog: Catalog
  private let settings: RunSettings
  private let memory: Int?

  /// The sieve: samples as long as any, but few.
  private static let sieveSeconds = 0.03
  /// Executions of a layer that fill the time of the sieve at least.
  private static let sieveExecutions = 8.0
  /// FLOP in a second of one core, of which most layers reach more: for the time of the sieve alone.
  private static let modestRate = 2e10
  /// Candidates of one session at most. Packed weights of each stay in memory, and rounds that last long pair less well.
  private static let sessionCandidates = 12

  /// A tuner on the machine of `topology`, which must be this system.
  ///
  /// - Parameters:
  ///   - settings: how long the final and the confirmation measure; the sieve is shorter.
  ///   - availableMemory: free memory in bytes, or nil if it is not known.
  public init(_ topology: HwlocTopology, _ catalog: Catalog, settings: RunSettings, availableMemory: Int?) {
    self.topology = topology
    self.catalog = catalog
    self.settings = settings
    memory = availableMemory
  }

  /// Tunes the tasks of a plan, one after the other. `starting` is called before each, `progress` before each measurement
  /// of it, `report` with its outcome; an error that one of them throws ends the tuning. `isInterrupted` is asked between
  /// samples; once it says so, the present task is given up, and the rest is left out.
  public func run(
    _ plan: TuningPlan, isInterrupted: @escaping () -> Bool,
    starting: (_ index: Int, TuningTask) throws -> Void,
    progress: @escaping (TuningSearch.Stage, _ candidates: Int) -> Void,
    report: (TuningOutcome) throws -> Void
  ) throws {
    let teams = TeamPool(topology, probes: catalog.probes)
    let peers = PeerPool(PeerSettings(), environment: [:])
    let references = ReferenceCache()
    // None is measured: a choice between variants of one kernel needs no ceiling.
    let ceilings = Ceilings(PeakMeter(topology, catalog), topology.machine)
    let caches = CacheSizes(topology.machine)
    for (index, task) in plan.tasks.enumerated() {
      if isInterrupted() { return }
      try starting(index, task)
      var bench = TuningBench(
        task: task, caches: caches, batchLimit: (count: Self.sessionCandidates, bytes: memory.map { $0 / 2 }),
        sieveSettings: sieveSettings(task), settings: settings, progress: progress,
        session: { group, settings in
          var results: [CaseResult] = []
          try Session(
            group: group, settings: settings, teams: teams, peers: peers, references: references, ceilings: ceilings,
            caches: caches, machine: topology.machine, steal: StealTime(), isInterrupted: isInterrupted,
            report: { results.append($0) }
          ).run()
          if isInterrupted() { throw TuningStop.interrupted }
          return results
        })
      do {
        try report(.tuned(try bench.result()))
      } catch TuningStop.interrupted {
        return
      } catch TuningStop.modelUnmeasured(let result) {
        try report(.unmeasured(task, result))
      }
    }
  }

  /// Short, but not so short that a large layer is skipped for it.
  private func sieveSettings(_ task: TuningTask) -> RunSettings {
    var settings = settings
    let execution = task.group.layer.flops / Self.modestRate / Double(task.model.threads)
    settings.stopRule = StopRule(
      precisionPercent: max(1, settings.stopRule.precisionPercent),
      maxTime: min(settings.stopRule.maxTime, max(Self.sieveSeconds, Self.sieveExecutions * execution)), firstLook: 8)
    return settings
  }
}
