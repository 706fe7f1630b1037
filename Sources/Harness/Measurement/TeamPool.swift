import Kernels
import Teams
import Topology

/// The teams of a run, and their witnesses: each is made when it is first needed, and kept until the run ends.
final class TeamPool {
  /// The machine that the teams are on.
  var machine: Machine { topology.machine }

  private struct Key: Hashable {
    let kind: TeamKind
    let cpus: [Int?]
  }

  private struct WitnessKey: Hashable {
    let team: Key
    let isa: ISA
  }

  private let topology: HwlocTopology
  private let probes: [ProbeSet]
  private let events: [PerformanceEvent]
  private var teams: [Key: any Team] = [:]
  private var counters: [Key: TeamCounters] = [:]
  private var witnesses: [WitnessKey: Witness] = [:]
  private var bursts: [ISA: Burst] = [:]

  /// A pool for a machine, with the probes of the ISAs that witnesses are asked for, and the events that they count.
  init(_ topology: HwlocTopology, probes: [ProbeSet] = [], events: [PerformanceEvent] = []) {
    self.topology = topology
    self.probes = probes
    self.events = events
  }

  /// The team of a kind on a placement.
  ///
  /// - Throws: `TeamError` if a worker cannot be bound to its CPU.
  func team(_ kind: TeamKind, _ placement: Placement) throws(TeamError) -> any Team {
    let key = Self.key(kind, placement)
    if let team = teams[key] { return team }
    let team: any Team =
      switch kind {
      case .dispatch, .library: try DispatchTeam(cpus: key.cpus, topology: topology)
      case .pinned: try PinnedTeam(cpus: key.cpus, topology: topology)
      case .dispatchApply: DispatchApplyTeam(threads: placement.threads)
      }
    teams[key] = team
    return team
  }

  /// The witness of a team, whose bursts use `isa`. It remembers the best burst of the run.
  ///
  /// - Requires: the pool has a probe of `isa`.
  /// - Throws: `TeamError` if a worker cannot be bound to its CPU, `OutOfMemory`.
  func witness(_ kind: TeamKind, _ placement: Placement, _ isa: ISA) throws -> Witness {
    let key = WitnessKey(team: Self.key(kind, placement), isa: isa)
    if let witness = witnesses[key] { return witness }
    guard let probe = probes.first(where: { $0.isa == isa }) else { preconditionFailure("no probe of \(isa)") }
    let burst = bursts[isa] ?? Burst(probe)
    bursts[isa] = burst
    let witness = Witness(
      try team(kind, placement), burst, counters: try counters(kind, placement),
      caches: try CacheReading(probe, threads: placement.threads))
    witnesses[key] = witness
    return witness
  }

  /// The counters of a team, one set for all its witnesses; nil where nothing can be counted, or where a worker is not one
  /// thread.
  private func counters(_ kind: TeamKind, _ placement: Placement) throws(TeamError) -> TeamCounters? {
    if events.isEmpty || !kind.isPinned { return nil }
    let key = Self.key(kind, placement)
    if let counters = counters[key] { return counters }
    let made = TeamCounters(try team(kind, placement), events)
    counters[key] = made
    return made
  }

  private static func key(_ kind: TeamKind, _ placement: Placement) -> Key {
    // Unpinned control teams differ in their number of threads only.
    Key(kind: kind.witness, cpus: placement.assignments.map(\.cpu))
  }
}
