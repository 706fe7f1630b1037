public import Kernels
public import Layers
public import Teams
public import Topology

/// How a layer is computed: kernel, ISA, split and team.
public struct Variant: Sendable, Hashable, CustomStringConvertible {
  /// The kernel's name.
  public var kernel: String
  /// The ISA that the kernel is compiled for.
  public var isa: ISA
  /// How the work is divided.
  public var split: Split
  /// Which threads compute it.
  public var team: TeamKind
  /// Which of the variants that are all of this is meant, from 1.
  public var replica = 1

  /// The kernel's name in the results: from the second replica on with its number, such as `packed~2`.
  public var kernelName: String { replica == 1 ? kernel : "\(kernel)~\(replica)" }

  /// The name in the results, such as `packed-avx512-channels-dispatch`.
  public var description: String { "\(kernelName)-\(isa.rawValue)-\(split.rawValue)-\(team.rawValue)" }
}

/// One thing to measure: a layer, a variant, a placed team and a cache state.
public struct Case: Sendable {
  /// The kernel.
  public let kernel: Kernel
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

  /// The number of threads.
  public var threads: Int { placement.threads }
  /// Kernel, ISA, split, team and replica.
  public var variant: Variant {
    Variant(kernel: kernel.name, isa: kernel.isa, split: split, team: team, replica: replica)
  }

  /// Whether `other` is the same case, but for the replica.
  func isReplica(of other: Case) -> Bool {
    var variant = other.variant
    variant.replica = replica
    return self.variant == variant && placement == other.placement && cache == other.cache
  }

  /// What the packed weights and scratch memory of this case are kept under: cases of the same kernel share them, but
  /// replicas are to differ in what two kernels differ in.
  var memoryKey: MemoryKey { MemoryKey(kernel: kernel.identifier, replica: replica) }
}

/// The owner of packed weights and scratch memory.
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
    var partialSums = 0
    for item in cases {
      if item.split == .reduction || item.split == .auto, Split.reduction.suits(problem, threads: item.threads) {
        // Weights that are packed in parts for every number of threads, each padded like the whole.
        var key = item.memoryKey
        key.parts = item.threads
        packed[key] = item.kernel.packedWeightCount(problem)
        partialSums = max(partialSums, item.threads * layer.outputCount)
      }
      packed[item.memoryKey] =
        item.kernel.packedWeightCount(problem) + threads * item.kernel.scratchCount(problem)
      if item.cache == .hot { continue }
      let weights = item.kernel.packedWeightCount(problem) > 0 ? "\(item.memoryKey)" : ""
      copies.insert("\(item.cache) \(weights)")
    }
    let floats = layer.inputCount + layer.weightCount + layer.outputCount + packed.values.reduce(0, +) + partialSums
    let size = layer.dtype.size
    // A copy more than fills the caches by at most one set of buffers.
    let set = (layer.inputCount + 2 * layer.weightCount + layer.outputCount) * size
    return floats * size + 2 * Reference.memoryBytes(layer) + copies.count * (coldBytes + set)
  }
}
