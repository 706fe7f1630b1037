import Kernels

/// The model by which ``Split/auto`` chooses: the time of the slowest worker, in cycles, under each split.
///
/// A worker takes the longer of two times, for out-of-order cores overlap them:
/// - its multiply-adds, at two vectors a cycle, empty lanes of a tile included: so splits that are not balanced to the
///   kernel's grain lose;
/// - its traffic, each element of its part of input, weights and output once, at the rate of the innermost level that
///   holds it: its own L2 cache, its share of the last-level cache, or memory, which all workers share.
///
/// A reduction adds a fork-join, and writing, reading and adding up the partial sums.
///
/// The rates are round numbers of present server cores and rank splits, no more: what they say of a layer's time is not
/// used. Only where one of them is far off the ranking changes, for the traffic of two splits differs by factors.
struct SplitModel {
  private let problem: Problem
  private let kernel: Kernel
  private let threads: Int

  /// Bytes that a core reads in a cycle from its L2 cache and from the last-level cache, and all cores together from
  /// memory.
  private static let l2Rate = 32.0
  private static let l3Rate = 12.0
  private static let memoryRate = 10.0
  /// Cycles of releasing and joining a team.
  private static let forkJoin = 1500.0
  /// A split that is predicted to be faster by less than this part is not preferred to a simpler one.
  private static let margin = 0.02

  init(_ problem: Problem, _ kernel: Kernel, threads: Int) {
    self.problem = problem
    self.kernel = kernel
    self.threads = threads
  }

  /// The division with the shortest predicted time; of several within 2 %, the first of channels, pixels, grid and
  /// reduction.
  var best: Division {
    let candidates = [Split.channels, .pixels, .grid, .reduction]
      .filter { $0.suits(problem, threads: threads) }
      .map { $0.division(of: problem, for: kernel, threads: threads) }
      .map { (division: $0, cycles: cycles($0)) }
    let least = candidates.map(\.cycles).min() ?? 0
    guard let first = candidates.first(where: { $0.cycles <= least * (1 + Self.margin) }) else {
      preconditionFailure("channels and pixels suit every layer")
    }
    return first.division
  }

  /// The predicted time of the slowest worker, in cycles.
  func cycles(_ division: Division) -> Double {
    let grain = kernel.grain(problem)
    let slowest =
      division.blocks.indices.map { worker -> Double in
        let block = division.blocks[worker]
        if block.isEmpty { return 0 }
        let terms = Double(division.terms?[worker].count ?? problem.k)
        let computed = Double(rounded(block.rows.count, grain.rows) * rounded(block.columns.count, grain.columns))
        let rows = Double(block.rows.count)
        let columns = Double(block.columns.count)
        let bytes = 4 * ((rows + columns) * terms + rows * columns)
        return max(computed * terms / multiplyAddsPerCycle, bytes / rate(bytes))
      }.max() ?? 0
    guard division.terms != nil else { return slowest }
    // Every worker writes a whole output of partial sums, and reads its part of all of them.
    let partialSums = 8 * Double(problem.m * problem.n)
    return slowest + Self.forkJoin + partialSums / Self.l3Rate
  }

  private var multiplyAddsPerCycle: Double {
    switch kernel.isa {
    case .portable: 8
    case .avx2: 16
    case .avx512: 32
    }
  }

  /// The bytes that one worker gets in a cycle of a working set of `bytes`.
  private func rate(_ bytes: Double) -> Double {
    if bytes <= Double(problem.caches.l2) { return Self.l2Rate }
    if bytes <= Double(problem.caches.l3 / threads) { return Self.l3Rate }
    return Self.memoryRate / Double(threads)
  }

  private func rounded(_ count: Int, _ grain: Int) -> Int { (count + grain - 1) / grain * grain }
}
