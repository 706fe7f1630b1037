/// What tuning a kernel for a layer came to.
public struct TuningResult: Sendable {
  /// The layer, the kernel and the threads.
  public let task: TuningTask
  /// What the model chose: its tile, and the split that `auto` took.
  public let model: TuningCandidate
  /// The median time of one execution of the model's choice, in nanoseconds, in the last measurement it took part in.
  public let modelNanoseconds: Double
  /// The candidate that beat it, as the confirmation measured it; nil if none did.
  public let winner: TuningTrial?
  /// How many candidates were measured.
  public let candidates: Int
  /// Candidates that computed something wrong, or failed; none of them can win.
  public let faults: [CaseResult]
}

/// How tuning a kernel for a layer ended.
public enum TuningOutcome: Sendable {
  /// With a winner: a candidate, or the model's choice.
  case tuned(TuningResult)
  /// Without, for the model's choice itself was not measured: the case says why.
  case unmeasured(TuningTask, CaseResult)
}
