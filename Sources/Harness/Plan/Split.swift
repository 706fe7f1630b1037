public import Kernels

/// How a layer's work is divided among the threads of a team.
public enum Split: String, Sendable, Hashable, Codable, CaseIterable {
  /// Not at all: one worker computes everything, and the others of the team, if it has any, have no part.
  case none
  /// By output channels, or neurons: every worker reads the whole input and its part of the weights.
  case channels
  /// By output pixels, or batch rows: every worker reads its part of the input and all weights.
  case pixels
  /// By both: a grid of blocks, so that each worker reads a part of either.
  case grid
  /// By input channels: every worker reads its part of input and weights, and sums a part of every output; then the
  /// partial sums are combined. For layers with few outputs and long sums.
  case reduction
  /// The one of them that should be the fastest: see ``SplitModel``. On several threads too that may be ``none``: a fork
  /// and join costs more than it saves where there is little to compute.
  case auto

  /// What is measured unless something else is asked for; besides, ``auto`` where it takes fewer workers than there are.
  public static let usual: [Split] = [.channels, .pixels]
  /// The splits that divide the output, and leave every sum to one worker.
  public static let ofOutput: [Split] = [.none, .channels, .pixels, .grid]

  /// Whether the split makes sense for a layer. Only ``reduction`` ever declines.
  ///
  /// It does where sums are so short that a worker would not fill some vectors, or where writing and reading the partial
  /// sums is not small next to the traffic of the layer: more than a sixteenth of its input and weights.
  public func suits(_ problem: Problem, threads: Int) -> Bool {
    guard self == .reduction else { return true }
    let partialSums = 2 * threads * problem.m * problem.n
    return problem.k >= threads * Self.leastTerms && partialSums <= (problem.m + problem.n) * problem.k / 16
  }

  /// Terms that a worker sums at least where the sums are divided: four vectors of AVX-512.
  static let leastTerms = 64
  /// Borders between workers' terms fall on multiples of this: vectors and cache lines.
  static let termGrain = 16

  /// The division of `problem` among `threads` workers that run `kernel`. ``none`` gives all of it to one of them, and
  /// ``auto`` may.
  ///
  /// - Requires: the split suits the problem.
  public func division(of problem: Problem, for kernel: Kernel, threads: Int) -> Division {
    let grain = kernel.grain(problem)
    switch self {
    case .none:
      return Division(split: .none, blocks: [Block(rows: 0..<problem.m, columns: 0..<problem.n)])
    case .channels, .pixels, .grid:
      return Division(split: self, blocks: blocks(m: problem.m, n: problem.n, threads: threads, grain: grain))
    case .reduction:
      precondition(suits(problem, threads: threads), "the plan leaves out what does not suit")
      let whole = Block(rows: 0..<problem.m, columns: 0..<problem.n)
      return Division(
        split: self, blocks: Array(repeating: whole, count: threads),
        terms: (0..<threads).map { share(of: problem.k, grain: Self.termGrain, $0, threads) })
    case .auto:
      return SplitModel(problem, kernel, threads: threads).best
    }
  }

  /// The block of each of `threads` workers, for a split of the output. Together they cover it, no element twice.
  ///
  /// Borders fall on multiples of `grain`, and shares of a dimension differ by at most one grain. With more threads than
  /// grains, some blocks are empty.
  public func blocks(m: Int, n: Int, threads: Int, grain: Grain) -> [Block] {
    let across: Int
    switch self {
    case .none:
      return (0..<threads).map { Block(rows: $0 == 0 ? 0..<m : 0..<0, columns: 0..<n) }
    case .channels: across = threads
    case .pixels: across = 1
    case .grid: across = Self.columnsOfGrid(m: m, n: n, threads: threads, grain: grain)
    case .reduction, .auto:
      preconditionFailure("a division by terms, or one that depends on the kernel, is not one of blocks alone")
    }
    return (0..<threads).map { worker in
      Block(
        rows: share(of: m, grain: grain.rows, worker / across, threads / across),
        columns: share(of: n, grain: grain.columns, worker % across, across))
    }
  }

  /// How many blocks a row of the grid has.
  ///
  /// Of the factorisations of `threads` that are balanced best, or within 2 % of it, the one whose largest block reads
  /// least: m' rows of input and n' of weights, all of the same length.
  private static func columnsOfGrid(m: Int, n: Int, threads: Int, grain: Grain) -> Int {
    func largest(_ count: Int, _ grain: Int, _ parts: Int) -> Int {
      let grains = (count + grain - 1) / grain
      return min(count, (grains + parts - 1) / parts * grain)
    }
    let candidates = (1...threads).filter { threads % $0 == 0 }.map { across in
      let rows = largest(m, grain.rows, threads / across)
      let columns = largest(n, grain.columns, across)
      return (across: across, work: rows * columns, traffic: rows + columns)
    }
    let least = candidates.map(\.work).min() ?? 0
    let balanced = candidates.filter { Double($0.work) <= 1.02 * Double(least) }
    return balanced.min { ($0.traffic, -$0.across) < ($1.traffic, -$1.across) }?.across ?? threads
  }

  private func share(of count: Int, grain: Int, _ worker: Int, _ threads: Int) -> Range<Int> {
    let grains = (count + grain - 1) / grain
    return min(count, grains * worker / threads * grain)..<min(count, grains * (worker + 1) / threads * grain)
  }
}
