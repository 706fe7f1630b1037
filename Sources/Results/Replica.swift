extension Row {
  /// The kernel without the mark of a replica, and the replica's number, 1 for a kernel without mark: `packed~2` is the
  /// second replica of `packed`.
  public var replica: (kernel: String, number: Int) {
    guard let mark = kernel.lastIndex(of: "~"), let number = Int(kernel[kernel.index(after: mark)...]), number > 1
    else { return (kernel, 1) }
    return (String(kernel[..<mark]), number)
  }

  /// The key of the first replica of this row's case: the row's own, but for a later replica.
  public var firstReplicaKey: String {
    var first = self
    let (kernel, number) = replica
    if number == 1 { return caseKey }
    first.kernel = kernel
    first.variant = [kernel, isa, split, team].joined(separator: "-")
    return first.caseKey
  }
}
