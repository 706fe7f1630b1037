import Kernels

/// The model by which ``Split/auto`` chooses: the time of the slowest worker, in cycles, under each split.
///
/// A worker takes the longer of two times, for out-of-order cores overlap them:
/// - its multiply-adds, at two vectors a cycle, empty lanes of a tile included, counted from the kernel's loops, or from
///   its grain if it does not count them: so splits that are not balanced lose;
/// - its traffic, each element of its part of input, weights and output once, at the rate of the innermost level that
///   holds it: its own L2 cache, its share of the last-level cache, or memory, which all workers share.
///
/// A reduction adds a fork-join, and writing, reading and adding up the partial sums.
///
/// The rates are round numbers of present server cores and rank splits, no more: what they say of a layer's time is not
/// used. Only where one of them is far off the ranking changes, for the traffic of two splits differs by factors.
///
/// Whether to divide the layer at all is a question of its time, and so asked of better numbers: the kernel's work, counted
/// from its own loops and priced by ``CoreCosts``. One worker computes alone where that takes no longer than the
/// slowest worker's part and a fork-join. That is so where there is less to save than a fork-join takes, and where the
/// kernel's grain leaves nothing for the others. What every worker spends once, such as 20 ns of calls and addresses, is on
/// both sides; activations are not counted. It is not asked
/// - of a kernel that does not count its work: the peak would only tell the least that it may take;
/// - of a layer that does not fit the L2 cache of one worker: to read it takes many times the fork-join of any team
///   that shares a cache, and the caches of several workers hold more.
struct SplitModel {
  private let problem: Problem
  private let kernel: Kernel
  private let threads: Int

  /// Bytes that a core reads in a cycle from its L1 cache, from its L2 cache and from the last-level cache, and all cores
  /// together from memory.
  private static let l1Rate = 128.0
  private static let l2Rate = 32.0
  private static let l3Rate = 12.0
  private static let memoryRate = 10.0
  /// Cycles until a cache line that one core has written is read by another: half of what ``forkJoin`` was measured to be.
  private static let lineTransfer = 250.0
  /// Cycles of the second release and join of a reduction, with all that its smaller parts cost beyond their traffic.
  ///
  /// With ``forkJoin`` alone, 500 cycles for two threads, a reduction was taken for one row of 1152→48 on two threads of a
  /// Zen 5: 1.97 µs, where channels take 1.58.
  private static let meetingAgain = 1500.0
  /// A split that is predicted to be faster by less than this part is not preferred to a simpler one.
  private static let margin = 0.02

  init(_ problem: Problem, _ kernel: Kernel, threads: Int) {
    self.problem = problem
    self.kernel = kernel
    self.threads = threads
  }

  /// The division that should be the fastest: of all workers, or of one where that is enough.
  var best: Division {
    let divided = bestOfAll
    return isOneAsFast(as: divided) ? alone : divided
  }

  private var alone: Division { Split.none.division(of: problem, for: kernel, threads: threads) }

  /// Cycles of releasing and joining the team: the line of the release, which all others read at once, and the line of the
  /// arrivals, which they write one after the other.
  ///
  /// Measured with two threads on a Zen 5 at 3.75 GHz: 0.14 µs, 525 cycles.
  var forkJoin: Double { Self.lineTransfer * Double(threads) }

  /// Whether a layer is so small that one of several workers may be the fastest: its tensors fit the worker's L2 cache.
  static func mayTakeOne(_ problem: Problem) -> Bool {
    4 * ((problem.m + problem.n) * problem.k + problem.m * problem.n) <= problem.caches.l2
  }

  /// Whether one worker should end no later than all with a fork-join.
  private func isOneAsFast(as divided: Division) -> Bool {
    guard threads > 1, Self.mayTakeOne(problem), let one = countedCycles(alone), let all = countedCycles(divided) else {
      return false
    }
    return one <= all + forkJoin + combining(divided)
  }

  /// The time of the slowest worker by its kernel's work, in cycles; nil if the kernel does not count it.
  private func countedCycles(_ division: Division) -> Double? {
    var slowest = 0.0
    for (worker, block) in division.blocks.enumerated() where !block.isEmpty {
      guard let work = kernel.work(division.part(of: problem, worker: worker), block) else {
        return nil
      }
      let terms = division.terms?[worker].count ?? problem.k
      let bytes = 4 * ((block.rows.count + block.columns.count) * terms + block.count)
      let costs = CoreCosts(l2: bytes <= problem.caches.l1d ? Self.l1Rate : Self.l2Rate, home: nil)
      slowest = max(slowest, costs.cycles(work, inputBytes: 0, outputBytes: 0, sharesInput: false).core)
    }
    return slowest
  }

  /// The division among all workers with the shortest predicted time; of several within 2 %, the first of channels,
  /// pixels, grid and reduction.
  var bestOfAll: Division {
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

  /// The predicted time of the slowest worker, in cycles, by which splits are ranked.
  func cycles(_ division: Division) -> Double {
    let grain = kernel.grain(problem)
    let slowest =
      division.blocks.indices.map { worker -> Double in
        let block = division.blocks[worker]
        if block.isEmpty { return 0 }
        let terms = Double(division.terms?[worker].count ?? problem.k)
        let tiles = Double(rounded(block.rows.count, grain.rows) * rounded(block.columns.count, grain.columns))
        let computed = kernel.work(division.part(of: problem, worker: worker), block)?.multiplyAdds ?? tiles * terms
        let rows = Double(block.rows.count)
        let columns = Double(block.columns.count)
        let bytes = 4 * ((rows + columns) * terms + rows * columns)
        return max(computed / multiplyAddsPerCycle, bytes / rate(bytes))
      }.max() ?? 0
    return slowest + combining(division)
  }

  /// What combining partial sums adds, in cycles; nothing where there are none.
  private func combining(_ division: Division) -> Double {
    if division.terms == nil { return 0 }
    // Every worker writes a whole output of partial sums, and reads its part of all of them.
    let partialSums = 8 * Double(problem.m * problem.n)
    return Self.meetingAgain + partialSums / Self.l3Rate
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
