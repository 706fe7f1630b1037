public import Kernels
import Layers
public import Topology

/// A layer to tune a kernel for, on a placement.
public struct TuningTask: Sendable {
  /// The layer; its only case is the model's choice.
  public let group: CaseGroup
  /// The model's choice: the kernel with its own tile, and on several threads the split `auto`.
  public let model: Case
  /// The kernel.
  public let kernel: Kernel
  /// Tiles that may be tried.
  public let tiles: [TileChoice]
  /// Splits that may be tried on several threads.
  public let splits: [Split]

  /// What its winner is stored for.
  public var key: TuningKey { TuningKey(kernel, group.layer, threads: model.threads) }
}

/// What is to be tuned, in the suites' order: each key once.
public struct TuningPlan: Sendable {
  /// The layers.
  public let tasks: [TuningTask]

  /// Plans to tune the layers of `suites`, on the placements and for the ISAs that `selection` asks for.
  ///
  /// Kernel patterns choose tiles, `packed.p*` those with pixels as rows; a kernel without a tile, such as `packed`, has its
  /// splits tuned. Without patterns, every tile is a candidate. Splits are those to try; cache states and replicas are
  /// not used, for what is tuned are hot caches. Of several placements with the same number of threads the first counts.
  ///
  /// - Throws: `PlanError` if something asked for does not exist, cannot be tuned, or does not fit the machine.
  public init(
    suites: [Suite], selection: Selection, machine: Machine, catalog: Catalog, availableMemory: Int?
  ) throws(PlanError) {
    let chosen = try Self.chosen(selection, catalog)
    var models = selection
    models.kernels = Set(chosen.map(\.family)).sorted()
    models.skippedKernels = []
    models.splits = [.auto]
    models.teams = selection.teams ?? [.dispatch]
    models.caches = [.hot]
    models.scalings = [.strong]
    models.replicates = 1
    models.peers = []
    models.tuned = nil
    let plan = try Plan(
      suites: suites, selection: models, machine: machine, catalog: catalog, availableMemory: availableMemory)
    var seen: Set<TuningKey> = []
    var tasks: [TuningTask] = []
    for group in plan.groups {
      for model in group.cases {
        guard let kernel = model.kernel, seen.insert(TuningKey(kernel, group.layer, threads: model.threads)).inserted
        else { continue }
        let tiles = chosen.filter { $0.family == kernel.name && $0.isa == kernel.isa }.compactMap(\.tile)
        tasks.append(
          TuningTask(
            group: CaseGroup(suite: group.suite, entry: group.entry, layer: group.layer, cases: [model]), model: model,
            kernel: kernel, tiles: tiles, splits: selection.splits ?? [.none, .channels, .pixels, .grid, .reduction]))
      }
    }
    self.tasks = tasks
  }

  /// The tasks whose keys are not in `known`.
  public func without(_ known: Set<TuningKey>) -> TuningPlan {
    TuningPlan(tasks: tasks.filter { !known.contains($0.key) })
  }

  private init(tasks: [TuningTask]) { self.tasks = tasks }

  private static func chosen(_ selection: Selection, _ catalog: Catalog) throws(PlanError) -> [Kernel] {
    var wanted = selection
    wanted.tuned = nil
    guard selection.kernels == nil else {
      let chosen = try Plan.kernels(nil, wanted, catalog)
      if let other = chosen.first(where: { $0.tiles.isEmpty }) {
        throw .flag(
          "--kernel", value: selection.kernels!.joined(separator: ","),
          message: "\(other.name) has nothing to tune; expected \(tunable(catalog)), or tiles such as 'packed.p*'")
      }
      return chosen
    }
    // Each tile both ways round: what its rows are is not left to the model.
    let tunableNames = Set(catalog.kernels.filter { !$0.tiles.isEmpty }.map(\.family)).sorted()
    wanted.kernels = tunableNames + tunableNames.flatMap { ["\($0).p*", "\($0).c*"] }
    return try Plan.kernels(nil, wanted, catalog)
  }

  private static func tunable(_ catalog: Catalog) -> String {
    Set(catalog.kernels.filter { !$0.tiles.isEmpty }.map(\.name)).sorted().joined(separator: ", ")
  }
}
