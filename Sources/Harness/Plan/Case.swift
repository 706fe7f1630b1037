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
  /// How the output is divided.
  public var split: Split
  /// Which threads compute it.
  public var team: TeamKind

  /// The name in the results, such as `packed-avx512-channels-dispatch`.
  public var description: String { "\(kernel)-\(isa.rawValue)-\(split.rawValue)-\(team.rawValue)" }
}

/// One thing to measure: a layer, a variant, a placed team and a cache state.
public struct Case: Sendable {
  /// The kernel.
  public let kernel: Kernel
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
  public var variant: Variant { Variant(kernel: kernel.name, isa: kernel.isa, split: split, team: team) }
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
    for item in cases {
      packed[item.kernel.identifier] =
        item.kernel.packedWeightCount(problem) + threads * item.kernel.scratchCount(problem)
      if item.cache == .hot { continue }
      let weights = item.kernel.packedWeightCount(problem) > 0 ? item.kernel.identifier : ""
      copies.insert("\(item.cache) \(weights)")
    }
    let floats = layer.inputCount + layer.weightCount + layer.outputCount + packed.values.reduce(0, +)
    let size = layer.dtype.size
    // A copy more than fills the caches by at most one set of buffers.
    let set = (layer.inputCount + 2 * layer.weightCount + layer.outputCount) * size
    return floats * size + 2 * Reference.memoryBytes(layer) + copies.count * (coldBytes + set)
  }
}
