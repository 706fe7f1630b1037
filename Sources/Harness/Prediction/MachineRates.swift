import Kernels
public import Teams
public import Topology

/// What one core of a machine can do, and what its cores share: the numbers that a prediction is made of.
public struct MachineRates: Sendable, Hashable, Codable {
  /// Multiply-adds of one core, in GFLOP/s.
  public var multiplyAdds: Double
  /// What one core reads of each level, in GB/s.
  public var read: [MemoryLevel: Double]
  /// What all cores of one L3 cache, and of one NUMA node, read of it together, in GB/s; of what is not here, each core
  /// has its full rate.
  public var shared: [MemoryLevel: Double]
  /// The time of releasing and joining a team, in ns, at ``forkJoinThreads`` threads.
  public var forkJoin: Double
  /// The number of threads that ``forkJoin`` was measured with; nil if it holds for any.
  public var forkJoinThreads: Int?

  /// Rates that are known from elsewhere.
  public init(
    multiplyAdds: Double, read: [MemoryLevel: Double], shared: [MemoryLevel: Double] = [:], forkJoin: Double,
    forkJoinThreads: Int? = nil
  ) {
    self.multiplyAdds = multiplyAdds
    self.read = read
    self.shared = shared
    self.forkJoin = forkJoin
    self.forkJoinThreads = forkJoinThreads
  }

  /// The rates for `threads` threads from the `peaks` of a run on `machine`; nil if they lack those of `isa`, or a
  /// fork-join.
  ///
  /// Ceilings of just as many threads are taken as they are, each thread a part; if they are in doubt, a core does no less
  /// than one alone. Otherwise a core has what one thread
  /// had, and caches and nodes share what most threads had together.
  ///
  /// - Parameters:
  ///   - cpus: the CPUs that the threads sit on; ceilings of the same ones count first.
  ///   - team: ceilings of this team count first.
  public init?(
    _ peaks: [Peaks], isa: ISA, threads: Int, cpus: String? = nil, team: TeamKind? = nil, on machine: Machine
  ) {
    func rank(_ one: Peaks) -> Int { (one.team == team ? 2 : 0) + (one.cpus == cpus ? 1 : 0) }
    func best(_ threads: Int) -> Peaks? {
      peaks.filter { $0.threads == threads && $0.multiplyAdds[isa.rawValue] != nil }.max { rank($0) < rank($1) }
    }
    func eachRate(_ one: Peaks) -> [MemoryLevel: Double] {
      MemoryLevel.allCases.reduce(into: [:]) { rates, level in
        rates[level] = one.readBandwidth(level).map { $0 / Double(one.threads) }
      }
    }
    if let exact = best(threads), let peak = exact.multiplyAdds[isa.rawValue], let forkJoin = exact.forkJoin {
      self.init(
        multiplyAdds: peak.median / Double(threads), read: eachRate(exact), forkJoin: forkJoin.median)
      // What was disturbed says too little; what cores do not share, one alone has just as well.
      if exact.doubt != nil, let one = best(1), let alone = one.multiplyAdds[isa.rawValue] {
        multiplyAdds = max(multiplyAdds, alone.median)
        for (level, rate) in eachRate(one) where level == .l1 || level == .l2 {
          read[level] = max(read[level] ?? 0, rate)
        }
      }
      return
    }
    guard let few = peaks.map(\.threads).min().flatMap(best), let peak = few.multiplyAdds[isa.rawValue],
      let many = peaks.map(\.threads).max().flatMap(best), let forkJoin = many.forkJoin
    else { return nil }
    let cpus = Set(many.cpus.split(separator: " ").compactMap { Int($0) })
    let pus = machine.pus.filter { cpus.isEmpty ? machine.eligible.contains($0.osIndex) : cpus.contains($0.osIndex) }
    let parts: [MemoryLevel: Int] = [.l3: Set(pus.map(\.l3)).count, .memory: Set(pus.map(\.numaNode)).count]
    self.init(
      multiplyAdds: peak.median / Double(few.threads), read: eachRate(few),
      shared: parts.reduce(into: [:]) { rates, part in
        rates[part.key] = many.readBandwidth(part.key).map { $0 / Double(max(1, part.value)) }
      },
      forkJoin: forkJoin.median, forkJoinThreads: many.threads)
  }

  /// The time of releasing and joining `threads` threads, in ns. Beyond the number that it was measured with it grows in
  /// proportion, for every thread counts down the same counter.
  public func forkJoin(threads: Int) -> Double {
    if threads == 1, forkJoinThreads != 1 { return 0 }
    return forkJoin * max(1, Double(threads) / Double(forkJoinThreads ?? threads))
  }

  /// The same with other multiply-adds; caches of a core follow its clock.
  public func scaled(toMultiplyAdds value: Double) -> MachineRates {
    var rates = self
    rates.multiplyAdds = value
    for level in [MemoryLevel.l1, .l2] { rates.read[level] = read[level].map { $0 * value / multiplyAdds } }
    return rates
  }
}
