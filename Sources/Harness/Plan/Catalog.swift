public import Kernels
import KernelsPortable
import Topology

#if arch(x86_64)
  import KernelsAVX2
  import KernelsAVX512
#endif

/// The kernels that a CPU can execute.
public struct Catalog: Sendable {
  /// The executable ISAs, from the narrowest to the widest.
  public let isas: [ISA]
  /// Every kernel of every executable ISA, ISA by ISA.
  public let kernels: [Kernel]
  /// The probes of every executable ISA, from the narrowest to the widest.
  public let probes: [ProbeSet]
  /// Bias and activation as a pass, for every executable ISA, from the narrowest to the widest.
  public let epilogues: [EpilogueSet]

  /// The kernels for a CPU with `features`, under their names in /proc/cpuinfo.
  ///
  /// A module of an ISA that the CPU lacks is not touched: even the list of its kernels is code for that ISA.
  public init(features: Set<String>) {
    let modules: [(isa: ISA, content: () -> ([Kernel], ProbeSet, EpilogueSet))]
    #if arch(x86_64)
      modules = [
        (.portable, { (Portable.kernels, Portable.probes, Portable.epilogues) }),
        (.avx2, { (AVX2.kernels, AVX2.probes, AVX2.epilogues) }),
        (.avx512, { (AVX512.kernels, AVX512.probes, AVX512.epilogues) }),
      ]
    #else
      modules = [(.portable, { (Portable.kernels, Portable.probes, Portable.epilogues) })]
    #endif
    let executable = modules.filter { $0.isa.isExecutable(with: features) }
    isas = executable.map(\.isa)
    let contents = executable.map { $0.content() }
    kernels = contents.flatMap(\.0)
    probes = contents.map(\.1)
    epilogues = contents.map(\.2)
  }

  /// The kernels for the CPU that this process runs on.
  public static func current() -> Catalog { Catalog(features: CPUFeatures.current().names) }

  /// The kernels whose names match a glob pattern. One with a tile chosen by hand is meant only by a pattern with a
  /// point, such as `packed.14x2`, `packed.p8x3` or `packed.*`.
  ///
  /// - Parameter tuned: whether kernels that were tuned are among them, as `packed.tuned`.
  public func kernels(matching pattern: String, tuned: Bool = false) -> [Kernel] {
    (pattern.contains(".") ? withTilesByHand + (tuned ? self.tuned : []) : kernels)
      .filter { Glob.matches($0.name, pattern) }
  }

  /// Every kernel that has a choice of tiles, as a place for what tuning chooses.
  var tuned: [Kernel] { kernels.filter { !$0.tiles.isEmpty }.map { $0.tuned(to: nil) } }

  /// Every kernel, each followed by its likes with a tile chosen by hand.
  package var withTilesByHand: [Kernel] { kernels.flatMap { [$0] + $0.handPicked } }

  /// The names of the kernel families, in the catalog's order.
  public var names: [String] { kernels.filter { $0.isa == .portable }.map(\.name) }
}
