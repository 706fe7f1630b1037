public import Kernels

/// What each worker of a team computes of a layer: what a ``Split`` comes to for one kernel.
///
/// A team may have more workers than a division: those have no part, and are neither released nor waited for.
public struct Division: Sendable, Hashable {
  /// The split; of ``Split/auto``, the one that it chose.
  public let split: Split
  /// The part of the output that each worker computes.
  public let blocks: [Block]
  /// The terms of its sums that each worker adds up; nil if every worker adds up all of them. Partial sums are combined
  /// when all workers have ended.
  public let terms: [Range<Int>]?

  /// A division.
  ///
  /// - Requires: as many `terms` as `blocks`, if any, and none of them empty.
  public init(split: Split, blocks: [Block], terms: [Range<Int>]? = nil) {
    precondition(terms.map { $0.count == blocks.count && !$0.contains(where: \.isEmpty) } ?? true)
    self.split = split
    self.blocks = blocks
    self.terms = terms
  }

  /// A division of the output into `blocks`, whatever made them.
  public init(_ blocks: [Block]) { self.init(split: .none, blocks: blocks) }

  /// How many workers have a part.
  public var threads: Int { blocks.count }

  /// What `worker` computes its block of: `problem`, or the partial problem of its own terms.
  func part(of problem: Problem, worker: Int) -> Problem { terms.map { problem.partial($0[worker]) } ?? problem }
}

extension Division: CustomStringConvertible {
  /// The split, and of a grid its numbers of rows and columns: `grid of 2 × 4`.
  public var description: String {
    guard split == .grid else { return split.rawValue }
    let columns = Set(blocks.map(\.columns.lowerBound)).count
    return "grid of \(threads / max(1, columns)) × \(columns)"
  }
}
