import Foundation
public import Kernels
public import Peers

/// What was found of one library: as it comes, and in the configurations that were forced on it.
public struct PeerInventory: Sendable {
  /// Which library.
  public let kind: PeerKind
  /// Where it is; nil if it was not found.
  public let location: PeerLocation?
  /// As it comes, and then as forced; empty if it was not found or cannot be used.
  public let libraries: [PeerLibrary]
  /// Why it cannot be used, in one sentence; nil if it can, or was not found.
  public let problem: String?

  /// Looks for a library, and loads it in a process of its own to let it say what it is.
  ///
  /// Where the CPU has AVX-512 and the library picked narrower vectors, it is loaded once more for each configuration that
  /// asks for wider ones, until one takes.
  public init(_ kind: PeerKind, _ search: PeerSearch, _ settings: PeerSettings, isas: [ISA]) {
    self.kind = kind
    location = search.location(of: kind)
    guard let location else {
      libraries = []
      problem = nil
      return
    }
    do throws(PeerFailure) {
      let asItComes = try Self.load(location, nil, settings)
      var libraries = [asItComes]
      if isas.contains(.avx512), asItComes.width != .avx512 {
        for (name, variable, value) in kind.forced {
          let forced = PeerLibrary.Forced(name: name, variable: variable, value: value)
          // A library that does not know the configuration may ignore it, or end its process: then there is none.
          guard let library = try? Self.load(location, forced, settings), library.width == .avx512 else { continue }
          libraries.append(library)
          break
        }
      }
      self.libraries = libraries
      problem = nil
    } catch {
      libraries = []
      problem = "\(kind.rawValue): \(error)"
    }
  }

  private static func load(
    _ location: PeerLocation, _ forced: PeerLibrary.Forced?, _ settings: PeerSettings
  ) throws(PeerFailure) -> PeerLibrary {
    try PeerProcess.start(
      location, forced, threads: 1, cpus: [], isCalledByTeam: false, settings, ProcessInfo.processInfo.environment,
      try SharedOutput()
    ).library
  }

  /// Everything that the library offers, as contenders; `probeISA` is the widest of the CPU.
  public func kernels(probeISA: ISA) -> [PeerKernel] {
    libraries.flatMap { library in
      library.methods.map { PeerKernel(library: library, method: $0, probeISA: probeISA) }
    }
  }
}
