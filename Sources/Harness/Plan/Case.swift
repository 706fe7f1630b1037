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
  /// How the output is divided.
  public var split: Split
  /// Which threads compute it.
  public var team: TeamKind

  /// The name in the results, such as `packed-avx512-channels-dispatch`.
  public var description: String { "\(kernel)-\(isa)-\(split.rawValue)-\(team.rawValue)" }
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

  /// How to divide the output among `threads` threads of a team; `dividing` are the splits that were chosen.
  ///
  /// A library divides the work of its own threads itself. One thread of it is the same on any team.
  func splits(_ dividing: [Split], _ team: TeamKind, threads: Int) -> [Split] {
    if team == .library { return [.none] }
    if threads > 1 { return dividing }
    switch self {
    case .kernel: return [.none]
    case .peer: return []
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
  /// How the output is divided.
  public let split: Split
  /// Which threads compute it.
  public let team: TeamKind
  /// Where the threads sit.
  public let placement: Placement
  /// What the caches hold.
  public let cache: CacheState

  /// The number of threads.
  public var threads: Int { placement.threads }
  /// Kernel, ISA, split and team.
  public var variant: Variant { Variant(kernel: contender.name, isa: contender.isa, split: split, team: team) }

  init(_ contender: Contender, split: Split, team: TeamKind, placement: Placement, cache: CacheState) {
    self.contender = contender
    self.split = split
    self.team = team
    self.placement = placement
    self.cache = cache
  }

  init(kernel: Kernel, split: Split, team: TeamKind, placement: Placement, cache: CacheState) {
    self.init(.kernel(kernel), split: split, team: team, placement: placement, cache: cache)
  }
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

  /// The most memory that the group needs at a time, in bytes: tensors, packed weights and scratch memory of every
  /// kernel, the references of both data patterns, and the copies that keep caches cold, which fill `coldBytes` each.
  ///
  /// - Parameter caches: of the machine, for a kernel's packed weights may depend on them.
  public func memoryBytes(coldBytes: Int, caches: CacheSizes) -> Int {
    let problem = Problem(layer, caches: caches)
    let threads = cases.map(\.threads).max() ?? 1
    var packed: [String: Int] = [:]
    var copies: Set<String> = []
    let tensors = layer.inputCount + layer.weightCount + layer.outputCount
    for item in cases {
      switch item.contender {
      case .kernel(let kernel):
        packed[kernel.identifier] = kernel.packedWeightCount(problem) + threads * kernel.scratchCount(problem)
        if item.cache == .hot { continue }
        copies.insert("\(item.cache) \(kernel.packedWeightCount(problem) > 0 ? kernel.identifier : "")")
      case .peer(let peer):
        // Each process has tensors of its own, and a library may keep its own copies of all of them.
        let process = "\(peer.name) \(item.placement.cpuList) \(item.team)"
        packed[process] = 2 * tensors
        if item.cache != .hot { copies.insert("\(item.cache) \(process)") }
      }
    }
    let floats = tensors + packed.values.reduce(0, +)
    let size = layer.dtype.size
    // A copy more than fills the caches by at most one set of buffers.
    let set = (layer.inputCount + 2 * layer.weightCount + layer.outputCount) * size
    return floats * size + 2 * Reference.memoryBytes(layer) + copies.count * (coldBytes + set)
  }
}
