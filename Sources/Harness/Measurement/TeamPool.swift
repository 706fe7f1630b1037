import Teams
import Topology

/// The teams of a run: each is formed when it is first needed, and kept until the run ends.
final class TeamPool {
  private struct Key: Hashable {
    let kind: TeamKind
    let cpus: [Int?]
  }

  private let topology: HwlocTopology
  private var teams: [Key: any Team] = [:]

  /// A pool for a machine.
  init(_ topology: HwlocTopology) { self.topology = topology }

  /// The team of a kind on a placement.
  ///
  /// - Throws: `TeamError` if a worker cannot be bound to its CPU.
  func team(_ kind: TeamKind, _ placement: Placement) throws(TeamError) -> any Team {
    let key = Key(kind: kind, cpus: placement.assignments.map(\.cpu))
    if let team = teams[key] { return team }
    let team: any Team =
      switch kind {
      case .dispatch: try DispatchTeam(cpus: key.cpus, topology: topology)
      case .dispatchApply: DispatchApplyTeam(threads: placement.threads)
      }
    teams[key] = team
    return team
  }
}
