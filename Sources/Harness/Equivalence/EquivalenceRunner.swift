import Kernels
import Teams
public import Topology

/// Carries out an ``EquivalencePlan``.
public struct EquivalenceRunner {
  private let plan: EquivalencePlan
  private let topology: HwlocTopology
  private let catalog: Catalog
  private let settings: RunSettings

  /// A runner of `plan`, which was made of `catalog`, on the machine of `topology`, which must be this system.
  public init(_ plan: EquivalencePlan, topology: HwlocTopology, catalog: Catalog, settings: RunSettings) {
    self.plan = plan
    self.topology = topology
    self.catalog = catalog
    self.settings = settings
  }

  /// Checks and measures layer by layer, then head by head. `starting` is called before each, with what it is; `layer`
  /// and `head` with each case as soon as it has ended; an error that one of them throws ends the run.
  ///
  /// `isInterrupted` is asked between samples; once it says so, what was measured of the present case is reported, and
  /// the rest is left out.
  public func run(
    isInterrupted: @escaping () -> Bool, starting: (String) throws -> Void,
    layer: @escaping (EquivalenceResult) throws -> Void, head: @escaping (HeadResult) throws -> Void
  ) throws {
    let teams = TeamPool(topology, probes: catalog.probes)
    let caches = CacheSizes(topology.machine)
    for subject in plan.subjects {
      if isInterrupted() { return }
      try starting(subject.forms.entry.descriptor)
      try EquivalenceSession(
        forms: subject.forms, suite: subject.suite, cases: subject.cases, settings: settings, teams: teams,
        caches: caches, steal: StealTime(), isInterrupted: isInterrupted, report: layer
      ).run()
    }
    for item in plan.heads {
      if isInterrupted() { return }
      try starting("the head \(item.head.name), \(item.layout.rawValue)")
      try HeadSession(
        head: item.head, layout: item.layout, cases: item.cases, settings: settings, teams: teams, caches: caches,
        steal: StealTime(), isInterrupted: isInterrupted, report: head
      ).run()
    }
  }
}
