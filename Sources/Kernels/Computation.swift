/// A kernel made ready for one problem: everything that follows from the shape has been worked out.
public struct Computation: Sendable {
  @usableFromInline let body: @Sendable (Operands, Block) -> Void

  @inlinable
  init(_ body: @escaping @Sendable (Operands, Block) -> Void) { self.body = body }

  /// See ``KernelFamily/compute(_:_:_:)``.
  @inlinable
  public func compute(_ operands: Operands, _ block: Block) { body(operands, block) }
}
