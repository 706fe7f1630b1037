public import Kernels

extension PeerKind {
  /// Loads the library at `path`, to compute on `threads` threads of its own.
  ///
  /// Call it in a process that is meant for nothing else: a library may start threads, bind them, and end the process.
  ///
  /// - Parameter epilogues: bias and activation, for libraries that know neither.
  /// - Throws: `PeerError`.
  public func load(_ path: String, threads: Int, epilogues: EpilogueSet) throws(PeerError) -> any Peer {
    switch self {
    case .openblas, .blis:
      try BLAS.load(try DynamicLibrary(path), self, threads: threads, epilogues: epilogues)
    case .mkl:
      // It loads its other parts by itself, and they look for its symbols.
      try BLAS.load(try DynamicLibrary(path, isGlobal: true), self, threads: threads, epilogues: epilogues)
    }
  }
}
