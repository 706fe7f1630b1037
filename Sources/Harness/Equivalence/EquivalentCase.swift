import Kernels
import Teams

extension Case {
  /// The kernel of a case of an equivalence plan, which has no peers.
  var formKernel: Kernel {
    guard let kernel else { preconditionFailure("equivalence plans have no peers") }
    return kernel
  }

  /// Whether the forms of a layer can be computed so: each with blocks of the output, by one of the lab's kernels.
  var hasForms: Bool {
    kernel != nil && split != .reduction && split != .auto
  }
}

/// A team's execution of something that has steps, after each of which the workers meet.
final class TimedSteps: Timed {
  private let execution: Execution
  private let team: any Team
  private let witness: Witness
  private let steps: Int

  init(_ execution: Execution, _ team: any Team, _ witness: Witness, steps: Int = 1) {
    self.execution = execution
    self.team = team
    self.witness = witness
    self.steps = steps
  }

  var bestRate: Double { witness.bestRate }

  func run(warmUp: Int, iterations: Int) -> TeamTiming {
    let timing = team.run(execution.work(warmUp: warmUp * steps, iterations: iterations * steps))
    return TeamTiming(total: timing.total, iterations: iterations, busy: timing.busy)
  }

  func observe(warmUp: Int, iterations: Int) -> (TeamTiming, Evidence) {
    var (timing, evidence) = witness.observe(execution.work(warmUp: warmUp * steps, iterations: iterations * steps))
    evidence.executions /= steps
    return (TeamTiming(total: timing.total, iterations: iterations, busy: timing.busy), evidence)
  }
}
