public import Kernels
public import Layers
public import Teams
public import Topology

/// How a layer is computed: kernel, ISA, split and team.
public struct Variant: Sendable, Hashable, CustomStringConvertible {
  /// The kernel's name.
  public var kernel: String
  /// The ISA that the kernel is compiled for, or the vectors that a peer picked: `native` where it does not tell.
  public var isa: String
  /// How the work is divided.
  public var split: Split
  /// Which threads compute it.
  public var team: TeamKind
  /// Which of the variants that are all of this is meant, from 1.
  public var replica = 1

  /// The kernel's name in the results: from the second replica on with its number, such as `packed~2`.
  public var kernelName: String { replica == 1 ? kernel : "\(kernel)~\(replica)" }

  /// The name in the results, such as `packed-avx512-channels-dispatch`.
  public var description: String { "\(kernelName)-\(isa)-\(split.rawValue)-\(team.rawValue)" }
}

/// What computes a layer.
public enum Contender: Sendable {
  /// One of the lab's kernels.
  case kernel(Kernel)
  /// A way of computing that a vendor's library offers.
  case peer(PeerKernel)

  /// The name in the results.
  public var name: String {
    switch self {
    case .kernel(let kernel): kernel.name
    case .peer(let peer): peer.name
    }
  }

  /// The ISA in the results.
  public var isa: String {
    switch self {
    case .kernel(let kernel): kernel.isa.rawValue
    case .peer(let peer): peer.isa
    }
  }

  /// Whether it is worth trying to compute `problem`. A library says what it does not support when it is asked to.
  func supports(_ problem: Problem) -> Bool {
    switch self {
    case .kernel(let kernel): kernel.supports(problem)
    case .peer: true
    }
  }

  /// The teams to measure it on: those of `chosen` that it has, or by default.
  func teams(_ chosen: [TeamKind]?) -> [TeamKind] {
    switch self {
    case .kernel: (chosen ?? [.dispatch]).filter(TeamKind.ofKernels.contains)
    case .peer(let peer):
      (chosen ?? [.library, .dispatch]).filter { $0 == .library || ($0 == .dispatch && peer.computesBlocks) }
    }
  }

  /// The splits to measure on more than one thread, of those that were `chosen`. Where tuned kernels take part they have
  /// one each, which stands beside the model's choice.
  func dividing(_ chosen: [Split], isTuned: Bool) -> [Split] {
    let dividing = chosen.filter { $0 != .none }
    guard isTuned, case .kernel(let kernel) = self, !kernel.tiles.isEmpty, kernel.tile == nil else { return dividing }
    return kernel.isTuned ? [.auto] : dividing + (dividing.contains(.auto) ? [] : [.auto])
  }

  /// How to divide the work among `threads` threads of a team; `dividing` are the splits that were chosen.
  ///
  /// A library divides the work of its own threads itself. One thread of it is the same on any team.
  func splits(_ dividing: [Split], _ team: TeamKind, threads: Int) -> [Split] {
    if team == .library { return [.none] }
    switch self {
    case .kernel: return threads > 1 ? dividing : [.none]
    // Its sums are the library's own, and cannot be divided.
    case .peer: return threads > 1 ? dividing.filter { $0 != .reduction && $0 != .auto } : []
    }
  }

  /// Floats in the widest vector of the kernel's ISA; 1 where they are not known.
  public var lanes: Int {
    switch self {
    case .kernel(let kernel): kernel.lanes
    case .peer: 1
    }
  }

  /// The ISA of the bursts beside its samples: the kernel's own, and for a peer the widest of the CPU.
  public var probeISA: ISA {
    switch self {
    case .kernel(let kernel): kernel.isa
    case .peer(let peer): peer.probeISA
    }
  }
}

/// One thing to measure: a layer, a variant, a placed team and a cache state.
public struct Case: Sendable {
  /// The kernel, or the peer.
  public let contender: Contender
  /// How the work is divided.
  public let split: Split
  /// Which threads compute it.
  public let team: TeamKind
  /// Where the threads sit.
  public let placement: Placement
  /// What the caches hold.
  public let cache: CacheState
  /// Which of several cases that are otherwise the same, from 1: `--replicates` asks for them. They differ in the memory
  /// that a kernel has of its own.
  public var replica = 1
  /// What tuning chose for it, if its kernel is a tuned one. The split then is called `auto`, for it differs from layer to
  /// layer, as the model's does.
  public private(set) var tuned: TunedChoice?

  /// How its work is divided: ``split``, or the split that tuning chose.
  var dividingSplit: Split { tuned?.split ?? split }

  /// The kernel; nil for a peer.
  public var kernel: Kernel? {
    guard case .kernel(let kernel) = contender else { return nil }
    return kernel
  }

  /// The number of threads.
  public var threads: Int { placement.threads }
  /// Kernel, ISA, split, team and replica.
  public var variant: Variant {
    Variant(kernel: contender.name, isa: contender.isa, split: split, team: team, replica: replica)
  }

  init(
    _ contender: Contender, split: Split, team: TeamKind, placement: Placement, cache: CacheState, replica: Int = 1
  ) {
    self.contender = contender
    self.split = split
    self.team = team
    self.placement = placement
    self.cache = cache
    self.replica = replica
  }

  init(kernel: Kernel, split: Split, team: TeamKind, placement: Placement, cache: CacheState, replica: Int = 1) {
    self.init(.kernel(kernel), split: split, team: team, placement: placement, cache: cache, replica: replica)
  }

  /// The case with what tuning chose.
  func with(_ choice: TunedChoice, _ kernel: Kernel) -> Case {
    var item = Case(
      kernel: kernel.tuned(to: choice.tile), split: split, team: team, placement: placement, cache: cache,
      replica: replica)
    item.tuned = choice
    return item
  }

  /// Whether `other` is the same case, but for the replica.
  func isReplica(of other: Case) -> Bool {
    var variant = other.variant
    variant.replica = replica
    return self.variant == variant && placement == other.placement && cache == other.cache
  }
}

/// The owner of packed weights and scratch memory: cases of the same kernel share them, but replicas are to differ in
/// what two kernels differ in.
struct MemoryKey: Hashable {
  var kernel: String
  var replica = 1
  /// Parts that the summed dimension is cut into, each packed by itself.
  var parts = 1
}

/// A layer of a suite in one memory layout, with everything that is to be measured on it in interleaved rounds.
public struct CaseGroup: Sendable {
  /// The suite.
  public let suite: String
  /// The suite's entry: network, name and count.
  public let entry: Suite.Entry
  /// The layer.
  public let layer: Layer
  /// What to measure, in the order of the catalog.
  public let cases: [Case]

  /// The most memory that the group needs at a time on `machine`, in bytes.
  public func memoryBytes(on machine: Machine) -> Int {
    memoryBytes(coldBytes: machine.coldBytes, caches: CacheSizes(machine))
  }

  /// The most memory that the group needs at a time, in bytes: tensors, partial sums, packed weights and scratch memory
  /// of every kernel, the references of both data patterns, and the copies that keep caches cold, which fill
  /// `coldBytes` each.
  ///
  /// - Parameter caches: of the machine, for a kernel's packed weights may depend on them.
  public func memoryBytes(coldBytes: Int, caches: CacheSizes) -> Int {
    let problem = Problem(layer, caches: caches)
    let threads = cases.map(\.threads).max() ?? 1
    var packed: [MemoryKey: Int] = [:]
    var copies: Set<String> = []
    let tensors = layer.inputCount + layer.weightCount + layer.outputCount
    var partialSums = 0
    for item in cases {
      switch item.contender {
      case .kernel(let kernel):
        var key = MemoryKey(kernel: kernel.identifier, replica: item.replica)
        packed[key] = kernel.packedWeightCount(problem) + threads * kernel.scratchCount(problem)
        let isPacked = kernel.packedWeightCount(problem) > 0
        if item.cache != .hot { copies.insert("\(item.cache) \(isPacked ? "\(key)" : "")") }
        if item.split == .reduction || item.split == .auto, Split.reduction.suits(problem, threads: item.threads) {
          // Weights that are packed in parts for every number of threads, and scratch memory for each part.
          let division = Split.reduction.division(of: problem, for: kernel, threads: item.threads)
          key.parts = item.threads
          packed[key] = (0..<item.threads).map { division.part(of: problem, worker: $0) }.reduce(0) {
            $0 + kernel.packedWeightCount($1) + kernel.scratchCount($1)
          }
          partialSums = max(partialSums, item.threads * layer.outputCount)
        }
      case .peer(let peer):
        // Each process has tensors of its own, and a library may keep its own copies of all of them.
        let process = "\(peer.name) \(item.placement.cpuList) \(item.team)"
        packed[MemoryKey(kernel: process)] = 2 * tensors
        if item.cache != .hot { copies.insert("\(item.cache) \(process)") }
      }
    }
    let floats = tensors + packed.values.reduce(0, +) + partialSums
    let size = layer.dtype.size
    // A copy more than fills the caches by at most one set of buffers.
    let set = (layer.inputCount + 2 * layer.weightCount + layer.outputCount) * size
    return floats * size + 2 * Reference.memoryBytes(layer) + copies.count * (coldBytes + set)
  }
}
