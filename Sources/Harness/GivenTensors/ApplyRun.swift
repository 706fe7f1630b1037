import Kernels
public import Layers
public import Statistics
import Teams
import Tensors
public import Topology

/// Applies a layer to a user's tensors: every case is checked against the Double reference, and timed.
public struct ApplyRun {
  /// What one case came to.
  public struct Outcome: Sendable {
    /// The case.
    public let item: Case
    /// What comparing its output with the reference showed.
    public let verification: Verification
    /// The time of one execution in nanoseconds; nil if the output is wrong.
    public let time: SampleSummary?
  }

  /// What the run came to.
  public struct Result: Sendable {
    /// Every case, in the plan's order.
    public var outcomes: [Outcome] = []
    /// The fastest case of those whose output is right; nil if there is none.
    public var best: Outcome?
    /// The output of ``best``, in the layer's layout, checked after the timing; nil if there is none.
    public var output: SharedBuffer?
    /// How many of the layer's rows (pixels, or batch rows) were compared.
    public var comparedRows = 0
    /// What comparing the expected output with the reference showed; nil if there was none to compare.
    public var expectation: ResultCheck?
  }

  /// Layers with more FLOP than this are compared with the reference in some of their rows: 100 GFLOP, half a minute.
  static let fullLimit = 1e11

  /// Samples of each case, if it is not slow. The median's interval needs six.
  static let samples = 11

  private let group: CaseGroup
  private let topology: HwlocTopology

  /// A run of the cases of `group`, on the machine of `topology`, which must be this system.
  public init(_ group: CaseGroup, topology: HwlocTopology) {
    self.group = group
    self.topology = topology
  }

  /// Runs every case.
  ///
  /// - Parameters:
  ///   - tensors: of the group's layer.
  ///   - expected: what another program computed, in the layer's layout; nil for nothing.
  ///   - available: free memory in bytes, or nil if it is not known; the reference takes up to a quarter of it.
  ///   - isInterrupted: asked between cases; once it says so, no output is given.
  /// - Throws: `TensorError` if sums leave the range of single precision, `OutOfMemory`, or `TeamError`.
  public func run(
    _ tensors: LayerTensors, expected: SharedBuffer?, availableMemory available: Int?,
    isInterrupted: () -> Bool
  ) throws -> Result {
    let layer = tensors.layer
    let threads = group.cases.map(\.threads).max() ?? 1
    let workbench = try Workbench(tensors, caches: CacheSizes(topology.machine), threads: threads)
    let isFull = available.map { layer.outputCount * 16 <= $0 / 4 } ?? true
    let reference = Reference(tensors, seed: 1, fullLimit: isFull ? Self.fullLimit : Reference.fullLimit)
    try tensors.requireRange(reference)
    let verifier = Verifier(workbench, reference, nil)
    let teams = TeamPool(topology)

    var result = Result()
    result.comparedRows = reference.rows.count
    if let expected { result.expectation = .compare(expected.buffer, of: layer, with: reference) }
    for item in group.cases {
      if isInterrupted() { return result }
      guard let subject = try subject(item, workbench, teams) else { continue }
      let verification = try subject.check(verifier)
      let time = verification.passed ? try Self.time(subject) : nil
      let outcome = Outcome(item: item, verification: verification, time: time)
      result.outcomes.append(outcome)
      if let time, time.median < result.best?.time?.median ?? .infinity { result.best = outcome }
    }
    guard let best = result.best, let subject = try subject(best.item, workbench, teams) else { return result }

    // Once more, so that what is written is what was compared.
    let last = try subject.check(verifier)
    if last.passed {
      result.output = try SharedBuffer(copying: workbench.output.pointer, count: workbench.output.count)
    } else {
      result.best = nil
      result.outcomes.append(Outcome(item: best.item, verification: last, time: nil))
    }
    return result
  }

  /// A kernel's case; nil for a library's, which has no user's tensors.
  private func subject(_ item: Case, _ workbench: Workbench, _ teams: TeamPool) throws -> KernelSubject? {
    guard case .kernel(let kernel) = item.contender else { return nil }
    return try KernelSubject(kernel, item, workbench, teams)
  }

  /// Samples of about a millisecond after a warm-up; of an execution that takes longer than a tenth of a second, three.
  private static func time(_ subject: KernelSubject) throws -> SampleSummary? {
    let first = try subject.run(warmUp: 1, iterations: 1).perIteration
    let iterations = Int(max(1, min(1e6, 1e6 / max(first, 1))))
    return SampleSummary(
      try (0..<(first > 1e8 ? 3 : samples)).map { _ in
        try subject.run(warmUp: 0, iterations: iterations).perIteration
      })
  }
}
