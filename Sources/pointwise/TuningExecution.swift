import ArgumentParser
import Foundation
import Harness
import Kernels
import Reports
import Results
import Teams
import Topology

/// Carries out `pointwise tune`: plans, measures, stores every layer as soon as it is tuned, and prints what was found.
struct TuningExecution {
  private let topology: HwlocTopology
  private let catalog: Catalog
  private let environment: Environment
  private let plan: TuningPlan
  private let settings: RunSettings
  private let cache: TuningCache
  private let machine: TuningEntry.Machine

  /// Plans what `command` asks for.
  ///
  /// - Throws: the error that ends the process, after one sentence on standard error.
  init(_ command: TuneCommand, _ suites: [Suite], _ cache: TuningCache) throws {
    topology = try topologyOrExit(nil)
    catalog = Catalog.current()
    environment = Environment.capture(isas: catalog.isas.map(\.rawValue))
    self.cache = cache
    machine = TuningEntry.Machine(environment, topology.machine)
    settings = command.settings(suites)
    let variables = try command.placement.environment(suites)
    if let note = variables.note { printToStandardError(note) }
    var selection = Selection(command.selection)
    selection.environment = variables
    selection.teams = command.team.map { [$0] }
    selection.places = command.placement.places?.values
    selection.binds = command.placement.bind?.values
    selection.policy = command.placement.commonPolicy
    let all: TuningPlan
    do {
      all = try TuningPlan(
        suites: suites, selection: selection, machine: topology.machine, catalog: catalog,
        availableMemory: environment.memoryAvailable)
    } catch {
      throw Exit.failure(error, error.isUsage ? Exit.usage : Exit.data)
    }
    if all.tasks.isEmpty {
      throw Exit.failure("no layer is left to tune; expected a layer in a layout that the flags leave", Exit.usage)
    }
    try withTuningCache { () throws(ResultsError) in try cache.prepare() }
    // An entry that this version cannot use is tuned anew.
    let known = Set(try TunedEntries(cache, machine).choices(catalog).keys)
    plan = command.again ? all : all.without(known)
    let stored = all.tasks.count - plan.tasks.count
    if stored > 0 {
      printToStandardError(
        "\(stored) of \(all.tasks.count) are stored in \(cache.path) already; '--again' tunes them anew, '--show' shows "
          + "them")
    }
  }

  /// Tunes until all is done, a signal arrives or something fails.
  ///
  /// - Throws: the error that ends the process, after one sentence on standard error.
  func run(_ status: StatusLine, _ interruption: Interruption) throws {
    if plan.tasks.isEmpty { return }
    try Supplies.require(plan.tasks.map(\.model))
    status.print(
      "\(plan.tasks.count) to tune, each a layer in a layout on a number of threads; results in \(cache.path)")
    for line in MachineCheckText.brief(findings()) { status.print(line) }
    var found: [TuningEntry] = []
    var isFaulty = false
    var current = ""
    var failure: (any Error)?
    do {
      try Tuner(topology, catalog, settings: settings, availableMemory: environment.memoryAvailable).run(
        plan, isInterrupted: { interruption.isRequested },
        starting: { index, task in
          current = "\(index + 1) of \(plan.tasks.count), \(Self.words(task))"
          status.show(current)
        },
        progress: { stage, candidates in status.show("\(current): \(stage.rawValue) of \(candidates)") },
        report: { outcome in
          switch outcome {
          case .tuned(let result):
            let entry = TuningEntry(result, machine: machine)
            try cache.merge([entry])
            found.append(entry)
            status.print("\(found.count) of \(plan.tasks.count), \(TuningText.line(entry))")
            for fault in result.faults {
              isFaulty = true
              status.print("\(Self.words(fault)): \(fault.item.variant), \(Self.words(result.task))")
            }
          case .unmeasured(let task, let result):
            if result.isFault { isFaulty = true }
            status.print("\(Self.words(result)): \(result.item.variant), \(Self.words(task))")
          }
        })
    } catch {
      failure = error
    }
    status.close()
    // The sentence comes before the table, which nobody may be able to read any more.
    var exit: (any Error)?
    if let failure {
      let isSystemError = (failure as? ResultsError)?.isSystemError ?? false
      exit = Exit.failure("\(failure)", isSystemError ? Exit.io : Exit.data)
    }
    if !found.isEmpty { try printToStandardOutput(TuningText.table(found, dated: false)) }
    let better = found.count { $0.winner != nil }
    try printToStandardOutput(
      "\(better) of \(found.count) are faster than the model's choice; stored in \(cache.path) for 'pointwise run --tuned'"
    )
    if let exit { throw exit }
    if interruption.isRequested { throw ExitCode(interruption.exitCode) }
    if isFaulty { throw Exit.incorrect }
  }

  /// What about the machine will disturb the tuning. Takes about a quarter of a second.
  private func findings() -> [Finding] {
    let models = plan.tasks.map(\.model)
    return MachineCheck.findings(
      environment: environment, machine: topology.machine, placements: models.map(\.placement),
      isPinned: models.allSatisfy(\.team.isPinned))
  }

  private static func words(_ task: TuningTask) -> String {
    "\(task.key.layer) \(task.key.layout.rawValue), \(TuningText.threads(task.key.threads))"
  }

  /// What became of a case that has no time, and why.
  private static func words(_ result: CaseResult) -> String {
    switch result.outcome {
    case .skipped(let reason): "skipped, \(reason)"
    case .failed(let reason): "failed, \(reason)"
    case .incorrect: "INCORRECT, \(result.verification?.failure ?? "it differs from the reference")"
    case .measured: "measured"
    }
  }
}

extension CaseResult {
  /// Whether it makes the process end with exit code 1.
  fileprivate var isFault: Bool {
    switch outcome {
    case .incorrect, .failed: true
    case .measured, .skipped: false
    }
  }
}
