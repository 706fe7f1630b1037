public import Kernels

extension PeerKind {
  /// Loads the library at `path`, to compute on `threads` threads of its own.
  ///
  /// Call it in a process that is meant for nothing else: a library may start threads, bind them, and end the process.
  ///
  /// - Parameters:
  ///   - cpus: a CPU for each thread, for libraries that bind theirs when they are told; empty to leave them unbound.
  ///   - epilogues: bias and activation, for libraries that know neither.
  /// - Throws: `PeerError`.
  public func load(_ path: String, threads: Int, cpus: [Int], epilogues: EpilogueSet) throws(PeerError) -> any Peer {
    switch self {
    case .onednn: try OneDNN(try DynamicLibrary(path))
    case .onnxruntime: try OnnxRuntime(try DynamicLibrary(path), cpus: cpus.isEmpty ? nil : cpus)
    case .openblas, .blis:
      try BLAS.load(try DynamicLibrary(path), self, threads: threads, epilogues: epilogues)
    case .mkl:
      // It loads its other parts by itself, and they look for its symbols.
      try BLAS.load(try DynamicLibrary(path, isGlobal: true), self, threads: threads, epilogues: epilogues)
    }
  }
}
