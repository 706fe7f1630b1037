import Kernels
import Layers
import Teams

/// What checking one case showed.
public struct Verification: Sendable, Hashable {
  /// The error of the element that comes nearest to its bound on real data; see `ResultCheck.error`.
  public var error: Double?
  /// What that error may be.
  public var bound: Double?
  /// What is wrong, in words, or nil if nothing is.
  public var failure: String?

  /// Whether every check passed.
  public var passed: Bool { failure == nil }
}

/// Checks results against the Double reference, before anything is timed.
///
/// A kernel runs twice, into an output poisoned with NaN, and its guard bands are looked at each time:
/// - on integer data, on which every sum is exact: the result must be right to the last bit. A missing, doubled or
///   misplaced term shows here however long the sum is, where Higham's bound alone would forgive it;
/// - on real data: every element must lie within Higham's bound.
///
/// Beyond `Reference.fullLimit` FLOP, some rows are checked element by element, and on integer data all rows through a
/// random projection, without activation.
struct Verifier {
  let workbench: Workbench
  private let makeReference: () -> Reference
  let projection: Projection?
  /// The reference, made when it is first needed.
  var reference: Reference { makeReference() }

  /// Checks cases on what `workbench` holds now.
  ///
  /// - Requires: `reference` was made of tensors with the same pattern, and so was `projection`, which is needed only if
  ///   the reference is not complete and its data is exact.
  init(
    _ workbench: Workbench, _ reference: @autoclosure @escaping () -> Reference, _ projection: Projection?
  ) {
    self.workbench = workbench
    makeReference = reference
    self.projection = projection
  }

  /// Sets of buffers that are checked: all are copies of one another, and tiny layers have thousands.
  static let checkedSets = 32

  /// Runs `kernel` over the parts of `division` on `team`, once for each set of buffers up to ``checkedSets``, and compares every output.
  func check(
    _ kernel: Kernel, _ division: Division, cache: CacheState = .hot, replica: Int = 1, on team: any Team
  ) throws(OutOfMemory) -> Verification {
    let layer = workbench.layer
    let execution = try execute(kernel, division, cache, replica, nil, on: team)
    let result = compare(execution)
    let damage = try workbench.damage(kernel, division, execution, replica: replica)
    var last = execution
    defer { withExtendedLifetime(last) {} }
    return try verification(result, failure: execution.differing(first: Self.checkedSets) ?? damage) {
      () throws(OutOfMemory) in
      if layer.activation != .none { last = try execute(kernel, division, cache, replica, Activation.none, on: team) }
      return UnsafePointer(last.lastOutput?.buffer.pointer ?? workbench.output.pointer)
    }
  }

  /// What comparing an output, and whatever else was looked at, amounts to.
  ///
  /// - Parameters:
  ///   - failure: what is wrong besides, in words.
  ///   - linearOutput: gives the output of the layer without its activation. It is asked for only if rows are left that
  ///     were not compared, and nothing is wrong so far.
  func verification<Failure>(
    _ result: ResultCheck, failure: String?, linearOutput: () throws(Failure) -> UnsafePointer<Float>
  ) throws(Failure) -> Verification {
    var failure = result.failure ?? failure
    if failure == nil, let projection {
      failure = projection.failure(of: try linearOutput(), layer: workbench.layer.with(activation: .none))
    }
    let tensors = workbench.tensors
    let kind = tensors.origin != nil ? "the given" : tensors.pattern == .integer ? "integer" : "random"
    return Verification(
      error: result.error, bound: result.bound, failure: failure.map { "on \(kind) data, \($0)" })
  }

  /// Compares an output that is not the workbench's with the reference.
  func compare(_ output: UnsafePointer<Float>) -> ResultCheck {
    ResultCheck.compare(output, of: workbench.layer, with: reference)
  }

  /// What is wrong with an output, in words; nil if nothing is.
  ///
  /// - Parameter known: the digest of an output that was right: the same numbers need not be compared again. It becomes
  ///   that of this output if it is right.
  func failure(of output: UnsafePointer<Float>, known: inout OutputDigest?) -> String? {
    let digest = OutputDigest(output, count: workbench.layer.outputCount)
    if digest == known { return nil }
    if let failure = compare(output).failure { return failure }
    known = digest
    return nil
  }

  /// Compares the last output of an execution with the reference.
  func compare(_ execution: Execution) -> ResultCheck {
    if let output = execution.lastOutput {
      return ResultCheck.compare(output.buffer, of: workbench.layer, with: reference)
    }
    return ResultCheck.compare(workbench.output, of: workbench.layer, with: reference)
  }

  private func execute(
    _ kernel: Kernel, _ division: Division, _ cache: CacheState, _ replica: Int, _ activation: Activation?,
    on team: any Team
  ) throws(OutOfMemory) -> Execution {
    let execution = try workbench.execution(
      kernel, division, cache: cache, replica: replica, activation: activation)
    workbench.output.poison()
    for buffer in execution.outputs + execution.partials { buffer.buffer.poison() }
    _ = team.run(execution.work(warmUp: 0, iterations: min(execution.setCount, Self.checkedSets)))
    return execution
  }
}

/// The references of the layer that is being measured, shared by its layouts, activations and cases.
final class ReferenceCache {
  private struct Key: Equatable {
    let op: Op
    let shape: Shape
    let bias: Bool
    let pattern: DataPattern
    let seed: UInt64
    let origin: String?
  }

  private var entries: [(key: Key, reference: Reference, projection: Projection?)] = []

  /// The reference of `tensors`, and a projection if the reference is not complete and its data exact.
  func reference(for tensors: LayerTensors, seed: UInt64) -> (Reference, Projection?) {
    let layer = tensors.layer
    let key = Key(
      op: layer.op, shape: layer.shape, bias: layer.bias, pattern: tensors.pattern, seed: seed,
      origin: tensors.origin)
    if let entry = entries.first(where: { $0.key == key }) { return (entry.reference, entry.projection) }
    // One layer at a time: two patterns of it. The others go before the new one needs memory.
    entries = entries.filter { $0.key.shape == key.shape && $0.key.op == key.op }.suffix(1)
    let reference = Reference(tensors, seed: seed)
    let projection = reference.isComplete || !reference.isExact ? nil : Projection(tensors, seed: seed)
    entries.append((key, reference, projection))
    return (reference, projection)
  }

  /// Forgets all, so that the memory is free for something else.
  func removeAll() { entries = [] }
}
