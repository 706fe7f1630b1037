public import Kernels
public import Layers
public import Topology

/// How long a layer should take on a machine, from its topology and its rates alone: nothing is run.
///
/// Every worker has the part of the layer that the split gives it. It needs the time of its kernel's work, counted by
/// the kernel and priced by ``CoreCosts`` at the clock that the multiply-adds tell, and waits for what comes from beyond
/// its L2 cache, at the rate of the innermost level that holds it: the L3 cache that it shares, or the memory of its NUMA
/// node. Caches and nodes divide what they give among the workers on them, hardware threads of a core share its
/// units. The slowest worker and the fork-join make the time.
///
/// A kernel that does not count its work has no other model than a part of the peak, which must be given.
///
/// The model knows no conflicts in caches, no hybrids (all cores have the same rates), no remote memory, and no cold
/// caches: tensors are where an execution before left them.
public struct Predictor: Sendable {
  private let machine: Machine
  private let rates: MachineRates
  private let efficiency: Double?
  private var cpus: [Int]
  private let caches: CacheSizes

  /// A predictor for workers on `cpus`, one each.
  ///
  /// - Parameters:
  ///   - cpus: OS indices of the workers' CPUs; if there are none, the first eligible ones of `machine`.
  ///   - efficiency: the part of a core's multiply-adds that the kernel reaches; nil to count its work.
  public init(_ machine: Machine, _ rates: MachineRates, threads: Int, cpus: [Int], efficiency: Double? = nil) {
    self.machine = machine
    self.rates = rates
    self.efficiency = efficiency
    let eligible = machine.eligiblePUs.map(\.osIndex)
    self.cpus = cpus.isEmpty ? (0..<threads).map { eligible[$0 % eligible.count] } : cpus
    caches = CacheSizes(machine)
  }

  /// The prediction for `layer`, run by `kernel` and divided by `split`; nil if the split does not suit it, or the
  /// kernel's work is not counted and no efficiency was given.
  public func prediction(_ layer: Layer, _ kernel: Kernel, _ split: Split) -> Prediction? {
    let problem = Problem(layer, caches: caches)
    guard split.suits(problem, threads: cpus.count) else { return nil }
    let division = split.division(of: problem, for: kernel, threads: cpus.count)
    var predictor = self
    // Workers without a part take nothing of what the others share, and nobody waits for them.
    predictor.cpus = Array(cpus.prefix(division.threads))
    return predictor.prediction(layer, problem, kernel, division)
  }

  private func prediction(
    _ layer: Layer, _ problem: Problem, _ kernel: Kernel, _ division: Division
  ) -> Prediction? {
    var workers: [Worker] = []
    for worker in division.blocks.indices {
      guard let one = self.worker(worker, division, problem, kernel) else { return nil }
      workers.append(one)
    }
    guard let slowest = workers.max(by: { $0.nanoseconds < $1.nanoseconds }) else { return nil }
    let mean = workers.reduce(0) { $0 + $1.nanoseconds } / Double(workers.count)
    var forkJoin = rates.forkJoin(threads: division.threads)
    var nanoseconds = slowest.nanoseconds
    if division.terms != nil {
      // Every worker has written a whole output of partial sums, and reads its part of all of them.
      forkJoin *= 2
      nanoseconds += 8 * Double(layer.outputCount) / (rate(.l3, worker: 0) ?? slowest.rate)
    }
    let blocks = division.blocks.filter { !$0.isEmpty }
    func most(_ part: KeyPath<Block, Range<Int>>) -> Int { blocks.map { $0[keyPath: part].count }.max() ?? 0 }
    let terms = division.terms?.map(\.count).max() ?? layer.k
    return Prediction(
      division: division.description, nanoseconds: nanoseconds + forkJoin, forkJoin: forkJoin, limit: slowest.limit,
      imbalancePercent: mean > 0 ? max(0, 100 * (slowest.nanoseconds / mean - 1)) : 0,
      inputBytes: 4 * Double(most(\.rows) * terms), weightBytes: 4 * Double(most(\.columns) * terms),
      outputBytes: 4 * Double(division.blocks.map(\.count).max() ?? 0))
  }

  private struct Worker {
    var nanoseconds: Double
    /// `compute`, or the level that its time is spent on.
    var limit: String
    /// Bytes of its part of input, weights and output.
    var bytes: Double
    /// The rate of the level that holds them, in GB/s.
    var rate: Double
  }

  private func worker(_ index: Int, _ division: Division, _ problem: Problem, _ kernel: Kernel) -> Worker? {
    let block = division.blocks[index]
    if block.isEmpty { return Worker(nanoseconds: 0, limit: "compute", bytes: 0, rate: 1) }
    let part = division.part(of: problem, worker: index)
    let bytes = Self.bytes([block], terms: part.k)
    let level = home(bytes, index, division, part.k)
    guard let home = rate(level, worker: index) else { return nil }
    let traffic = bytes / home
    if let efficiency {
      let compute = 2 * Double(block.count) * Double(part.k) / (rates.multiplyAdds / sharers(.core, index) * efficiency)
      return Worker(
        nanoseconds: max(compute, traffic), limit: traffic > compute ? level.rawValue : "compute", bytes: bytes,
        rate: home)
    }
    guard let work = kernel.work(part, block) else { return nil }
    // FLOP of a nanosecond ÷ FLOP of a cycle.
    let clock = rates.multiplyAdds / (CoreCosts.multiplyAddsPerCycle * 2 * Double(work.lanes))
    let costs = CoreCosts(l2: (rate(.l2, worker: index) ?? home) / clock, home: level == .l2 ? nil : home / clock)
    let sharesInput =
      division.terms == nil
      && division.blocks.indices.contains { other in
        other != index && !division.blocks[other].isEmpty && division.blocks[other].rows == block.rows
      }
    let cycles = costs.cycles(
      work, inputBytes: 4 * Double(block.rows.count * part.k), outputBytes: 4 * Double(block.count),
      sharesInput: sharesInput)
    let core = cycles.core * sharers(.core, index) / clock
    let transfer = cycles.transfer / clock
    return Worker(
      nanoseconds: max(core + transfer, traffic), limit: max(transfer, traffic) > core ? level.rawValue : "compute",
      bytes: bytes, rate: home)
  }

  /// Bytes of the input, weights and output of `blocks`, what they share counted once.
  private static func bytes(_ blocks: [Block], terms: Int) -> Double {
    let rows = Set(blocks.map(\.rows)).reduce(0) { $0 + $1.count }
    let columns = Set(blocks.map(\.columns)).reduce(0) { $0 + $1.count }
    return 4 * (Double(rows + columns) * Double(terms) + Double(blocks.reduce(0) { $0 + $1.count }))
  }

  /// The innermost level that holds a worker's part of the tensors: an L2 cache is divided among the workers on it, which are
  /// those of its core, or of some; an L3 cache holds the parts of all of its workers.
  private func home(_ bytes: Double, _ index: Int, _ division: Division, _ terms: Int) -> MemoryLevel {
    let cpu = cpus[index]
    if let cache = machine.caches.first(where: { $0.level == 2 && $0.cpus.contains(cpu) }), let size = cache.size,
      bytes <= Double(size) / Double(cpus.count { cache.cpus.contains($0) })
    {
      return .l2
    }
    guard let cache = machine.caches.first(where: { $0.level == 3 && $0.cpus.contains(cpu) }), let size = cache.size
    else { return .memory }
    let blocks = division.blocks.indices.filter { cache.cpus.contains(cpus[$0]) }.map { division.blocks[$0] }
    let all = division.terms == nil ? Self.bytes(blocks, terms: terms) : bytes * Double(blocks.count)
    return all <= Double(size) ? .l3 : .memory
  }

  private enum Sharing { case core, l3, node }

  /// How many workers sit on the same core, L3 cache or NUMA node as a worker.
  private func sharers(_ sharing: Sharing, _ index: Int) -> Double {
    func place(_ cpu: Int) -> Int? {
      let pu = machine.pu(cpu: cpu)
      return switch sharing {
      case .core: pu?.core
      case .l3: pu?.l3
      case .node: pu?.numaNode
      }
    }
    guard let own = place(cpus[index]) else { return 1 }
    return Double(cpus.count { place($0) == own })
  }

  /// What a worker reads of a level, in GB/s; nil if it is not known.
  private func rate(_ level: MemoryLevel, worker: Int) -> Double? {
    guard let single = rates.read[level] else { return nil }
    guard let shared = rates.shared[level] else { return single }
    return min(single, shared / sharers(level == .memory ? .node : .l3, worker))
  }
}

/// What a ``Predictor`` says of a layer.
public struct Prediction: Sendable, Hashable, Codable {
  /// The split, as ``Division/description`` has it.
  public let division: String
  /// The time of one execution, in ns.
  public let nanoseconds: Double
  /// The part of it that is fork and join, in ns.
  public let forkJoin: Double
  /// What limits the slowest worker: `compute`, or the level that its traffic comes from.
  public let limit: String
  /// How much longer the slowest worker takes than the mean of all, in percent.
  public let imbalancePercent: Double
  /// Bytes of input that a worker reads, of the worker that reads most.
  public let inputBytes: Double
  /// Bytes of weights that a worker reads at most.
  public let weightBytes: Double
  /// Bytes of output, or of partial sums, that a worker writes at most.
  public let outputBytes: Double

  /// All bytes of a worker at most.
  public var bytesPerWorker: Double { inputBytes + weightBytes + outputBytes }
}
