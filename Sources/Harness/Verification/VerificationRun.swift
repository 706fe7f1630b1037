public import Kernels
public import Layers
import Teams
public import Topology

/// Checks kernels without timing them: every kernel, split and number of threads over a list of layers.
public struct VerificationRun {
  /// One check.
  public struct Outcome: Sendable {
    /// The layer.
    public let layer: Layer
    /// Kernel, ISA, split and team.
    public let variant: Variant
    /// How many threads computed it.
    public let threads: Int
    /// What it showed, on integer and on real data.
    public let verification: Verification
  }

  private let kernels: [Kernel]
  private let layers: [Layer]
  private let splits: [Split]
  private let placements: [Placement]
  private let topology: HwlocTopology
  private let seed: UInt64

  /// A run over all combinations of kernels, layers, splits and placements. `none` is the split of one thread, and only
  /// of one; a split that does not suit a layer is left out. The machine of `topology` must be this system.
  public init(
    kernels: [Kernel], layers: [Layer], splits: [Split] = Split.allCases, placements: [Placement],
    topology: HwlocTopology, seed: UInt64
  ) {
    self.kernels = kernels
    self.layers = layers
    self.splits = splits
    self.placements = placements
    self.topology = topology
    self.seed = seed
  }

  /// Runs every check, and hands each outcome to `report`, until `isInterrupted` says to stop.
  ///
  /// - Throws: `OutOfMemory`, `TeamError` if a worker cannot be bound to its CPU, or what `report` throws.
  public func run(isInterrupted: () -> Bool = { false }, report: (Outcome) throws -> Void) throws {
    let teams = TeamPool(topology)
    let references = ReferenceCache()
    for layer in layers {
      let workbench = try Workbench(
        layer, caches: CacheSizes(topology.machine), threads: placements.map(\.threads).max() ?? 1, pattern: .integer,
        seed: seed)
      var checks: [(kernel: Kernel, split: Split, placement: Placement, result: Verification)] = []
      for kernel in kernels where kernel.supports(workbench.problem) {
        for placement in placements {
          for split in placement.threads == 1 ? [.none] : splits.filter({ $0 != .none })
          where split.suits(workbench.problem, threads: placement.threads) {
            checks.append((kernel, split, placement, Verification()))
          }
        }
      }
      for pattern in [DataPattern.integer, .real] {
        try workbench.use(pattern)
        let (reference, projection) = references.reference(for: workbench.tensors, seed: seed)
        let verifier = Verifier(workbench, reference, projection)
        for index in checks.indices where checks[index].result.passed {
          if isInterrupted() { return }
          let (kernel, split, placement, _) = checks[index]
          let division = split.division(of: workbench.problem, for: kernel, threads: placement.threads)
          checks[index].result = try verifier.check(
            kernel, division, on: try teams.team(DispatchTeam.kind, placement))
        }
      }
      for (kernel, split, placement, result) in checks {
        try report(
          Outcome(
            layer: layer,
            variant: Variant(kernel: kernel.name, isa: kernel.isa.rawValue, split: split, team: DispatchTeam.kind),
            threads: placement.threads, verification: result))
      }
    }
  }
}
