import Kernels
import Layers
import Teams

/// What checking one case showed.
public struct Verification: Sendable, Hashable {
  /// The error of the element that comes nearest to its bound on real data; see ``ResultCheck/error``.
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
  let reference: Reference
  let projection: Projection?

  /// Checks cases on what `workbench` holds now.
  ///
  /// - Requires: `reference` was made of tensors with the same pattern, and so was `projection`, which is needed only if
  ///   the reference is not complete and its data is exact.
  init(_ workbench: Workbench, _ reference: Reference, _ projection: Projection?) {
    self.workbench = workbench
    self.reference = reference
    self.projection = projection
  }

  /// Runs `kernel` over `blocks` on `team`, and compares.
  func check(_ kernel: Kernel, _ blocks: [Block], on team: any Team) throws(OutOfMemory) -> Verification {
    let layer = workbench.layer
    workbench.output.poison()
    _ = team.run(warmUp: 0, iterations: 1, try workbench.job(kernel, blocks))
    let result = ResultCheck.compare(workbench.output, of: layer, with: reference)
    let damage = try workbench.damage(kernel)
    var failure = result.failure ?? damage
    if failure == nil, let projection {
      if layer.activation != .none {
        workbench.output.poison()
        _ = team.run(warmUp: 0, iterations: 1, try workbench.job(kernel, blocks, activation: Activation.none))
      }
      failure = projection.failure(of: workbench.output, layer: layer.with(activation: .none))
    }
    let kind = workbench.tensors.pattern == .integer ? "integer" : "random"
    return Verification(
      error: result.error, bound: result.bound, failure: failure.map { "on \(kind) data, \($0)" })
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
  }

  private var entries: [(key: Key, reference: Reference, projection: Projection?)] = []

  /// The reference of `tensors`, and a projection if the reference is not complete and its data exact.
  func reference(for tensors: LayerTensors, seed: UInt64) -> (Reference, Projection?) {
    let layer = tensors.layer
    let key = Key(op: layer.op, shape: layer.shape, bias: layer.bias, pattern: tensors.pattern, seed: seed)
    if let entry = entries.first(where: { $0.key == key }) { return (entry.reference, entry.projection) }
    let reference = Reference(tensors, seed: seed)
    let projection = reference.isComplete || !reference.isExact ? nil : Projection(tensors, seed: seed)
    // One layer at a time: two patterns of it.
    entries = entries.filter { $0.key.shape == key.shape && $0.key.op == key.op }.suffix(1)
    entries.append((key, reference, projection))
    return (reference, projection)
  }
}
