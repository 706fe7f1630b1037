public import Kernels
public import Peers

/// A library that has been loaded once, in a process of its own, and what it said of itself.
public struct PeerLibrary: Sendable, Hashable, Codable {
  /// Which library, and its file.
  public var location: PeerLocation
  /// The configuration that was forced on it; nil as it comes.
  public var forced: Forced?
  /// Its version.
  public var version: String
  /// What it picked for this CPU, in its own words; nil where it does not tell.
  public var instructionSet: String?
  /// The ways of computing that it offers.
  public var methods: [String]
  /// Those of them that can compute a block of the output on the calling thread.
  public var blockMethods: [String]
  /// Those of them that leave the layout of input and output to the library.
  public var ownLayoutMethods: [String]

  /// A configuration that a variable of the environment asks for.
  public struct Forced: Sendable, Hashable, Codable {
    /// The suffix of the kernels' names.
    public var name: String
    /// The variable.
    public var variable: String
    /// Its value.
    public var value: String
  }

  /// Name, version and what it picked, for people: `openblas 0.3.21 (SkylakeX, by OPENBLAS_CORETYPE=SkylakeX)`.
  public var title: String {
    let picked = [instructionSet, forced.map { "by \($0.variable)=\($0.value)" }].compactMap { $0 }
    return "\(location.kind.rawValue) \(version)" + (picked.isEmpty ? "" : " (\(picked.joined(separator: ", ")))")
  }

  /// The vectors that it picked; nil where its words do not tell.
  public var width: VectorWidth? { instructionSet.flatMap { VectorWidth($0) } }
}

/// One way of computing that a library offers: what stands beside the lab's kernels in plans and results.
public struct PeerKernel: Sendable, Hashable {
  /// The library.
  public var library: PeerLibrary
  /// Its own name for the way of computing.
  public var method: String
  /// The widest ISA of this CPU, for the bursts beside its samples.
  public var probeISA: ISA

  /// A way of computing.
  public init(library: PeerLibrary, method: String, probeISA: ISA) {
    self.library = library
    self.method = method
    self.probeISA = probeISA
  }

  /// The name in the results: the method, and what was forced: `openblas.sgemm+SkylakeX`.
  public var name: String { method + (library.forced.map { "+\($0.name)" } ?? "") }
  /// The vectors that the library picked, or `native` where it does not tell.
  public var isa: String { library.width?.rawValue ?? "native" }
  /// Whether it can be a kernel under the lab's own splits and teams.
  public var computesBlocks: Bool { library.blockMethods.contains(method) }
  /// Whether the library chooses the layout of input and output, whatever the layer's is.
  public var usesOwnLayout: Bool { library.ownLayoutMethods.contains(method) }
}
