public import Kernels

/// How a layer's output is divided among the threads of a team.
public enum Split: String, Sendable, Hashable, Codable, CaseIterable {
  /// Not at all: one worker computes everything.
  case none
  /// By output channels, or neurons: every worker reads the whole input and its part of the weights.
  case channels
  /// By output pixels, or batch rows: every worker reads its part of the input and all weights.
  case pixels

  /// The block of each of `threads` workers. Together they cover the output, no element twice.
  ///
  /// Borders fall on multiples of `grain`, and shares differ by at most one grain. With more threads than grains, some
  /// blocks are empty.
  public func blocks(m: Int, n: Int, threads: Int, grain: Grain) -> [Block] {
    (0..<threads).map { worker in
      switch self {
      case .none: Block(rows: worker == 0 ? 0..<m : 0..<0, columns: 0..<n)
      case .channels: Block(rows: 0..<m, columns: share(of: n, grain: grain.columns, worker, threads))
      case .pixels: Block(rows: share(of: m, grain: grain.rows, worker, threads), columns: 0..<n)
      }
    }
  }

  private func share(of count: Int, grain: Int, _ worker: Int, _ threads: Int) -> Range<Int> {
    let grains = (count + grain - 1) / grain
    return min(count, grains * worker / threads * grain)..<min(count, grains * (worker + 1) / threads * grain)
  }
}
