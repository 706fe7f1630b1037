public import Kernels
public import Layers
public import Teams
public import Topology

/// What a user asks to measure of a suite. Nil means the suite's word, and where it has none, the default.
public struct Selection: Sendable {
  /// Kernels to run, as glob patterns; default: every kernel.
  public var kernels: [String]?
  /// The peers to run beside the kernels; default: none.
  public var peers: [PeerKernel] = []
  /// Kernels to leave out, as glob patterns; default: none.
  public var skippedKernels: [String]?
  /// Layers to run, as glob patterns over descriptors and names; default: all.
  public var layers: [String]?
  /// ISAs; default: the widest that the CPU executes.
  public var isas: [ISA]?
  /// Splits for more than one thread; default: channels and pixels, and auto where it takes fewer of them.
  public var splits: [Split]?
  /// Teams; default: `dispatch`.
  public var teams: [TeamKind]?
  /// Thread counts; default: 1 and all.
  public var threads: ThreadCounts?
  /// Memory layouts; default: all that the operation has.
  public var layouts: [Layout]?
  /// Cache states; default: hot.
  public var caches: [CacheState]?
  /// Whether layers stay as they are, grow with the threads, or both; default: they stay.
  public var scalings: [Scaling] = [.strong]
  /// What tuning chose, by layer; nil leaves tuned kernels out.
  public var tuned: [TuningKey: TunedChoice]?
  /// How often every case is measured, as variants of their own.
  public var replicates = 1
  /// Kinds of places; default: what ``environment`` says, or cores.
  public var places: [PlacementPolicy.Places]?
  /// Binding policies; default: what ``environment`` says, or close.
  public var binds: [PlacementPolicy.Bind]?
  /// OpenMP's variables, which count where neither the command line nor the suite says anything; nil to ignore them.
  public var environment: OpenMPVariables?
  /// SMT threads of a core, core kinds and oversubscription. Places and binding of this policy are not used.
  public var policy = PlacementPolicy()

  /// A selection that leaves everything to the suite and the defaults.
  public init() {}
}

/// Why a plan cannot be made.
public enum PlanError: Error, Sendable, CustomStringConvertible {
  /// A flag asks for something that does not exist or cannot be; a usage error.
  case flag(String, value: String, message: String)
  /// A suite's axis does.
  case axis(String, value: String, message: String, SourceLocation)
  /// A layer needs more memory than there is.
  case memory(layer: String, needed: Int, available: Int, SourceLocation)
  /// A team cannot be placed.
  case placement(PlacementError, SourceLocation?)

  /// Whether the command line is at fault rather than a file.
  public var isUsage: Bool {
    switch self {
    case .flag, .placement(_, nil): true
    case .axis, .memory, .placement: false
    }
  }

  /// One sentence that names the flag, or file and line, the value and what was expected.
  public var description: String {
    switch self {
    case .flag(let flag, let value, let message): "\(flag) '\(value)': \(message)"
    case .axis(let axis, let value, let message, let location): "\(location): \(axis) '\(value)': \(message)"
    case .memory(let layer, let needed, let available, let location):
      "\(location): \(layer) needs \(megabytes(needed)) of memory, but only \(megabytes(available)) are free"
    case .placement(let error, let location): location.map { "\($0): \(error)" } ?? "\(error)"
    }
  }
}

/// A size in words, rounded up to whole MiB.
func megabytes(_ bytes: Int) -> String { "\((bytes + 1 << 20 - 1) >> 20) MiB" }
