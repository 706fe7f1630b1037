import Kernels
import KernelsPortable
import Layers
import PeerTestSupport
import Testing

@testable import Peers

/// Layers as matrix products, by a BLAS that is compiled for the tests.
@Suite struct BLASTests {
  private func peer(_ library: FakeOpenBLAS) throws -> BLAS {
    try BLAS.load(
      try DynamicLibrary(library.path), .openblas, threads: 1, epilogues: Portable.epilogues)
  }

  @Test(arguments: FakeOpenBLAS.Interface.allCases)
  func computesLayersThroughEveryInterface(_ interface: FakeOpenBLAS.Interface) throws {
    let library = try FakeOpenBLAS(.none, interface)
    let peer = try peer(library)
    #expect(peer.name == "openblas" && peer.version == "0.3.99" && peer.methods == ["openblas.sgemm"])
    #expect(peer.ownLayoutMethods == [])
    #expect(peer.instructionSet != nil)
    #expect(try peerFailures(peer, "openblas.sgemm", peerLayers([.nchw, .nhwc, .nc]), threads: 1) == [])
  }

  @Test func aTermTooFewIsSeen() throws {
    let library = try FakeOpenBLAS(.wrong)
    let layers = try peerLayers([.nhwc]).filter { $0.k > 1 && $0.activation == .none }
    #expect(try peerFailures(peer(library), "openblas.sgemm", layers, threads: 1).count >= layers.count)
  }

  @Test func tellsWhatIsMissing() throws {
    let library = try FakeOpenBLAS(.missing)
    #expect(throws: PeerError.missingSymbol(path: library.path, symbol: "openblas_set_num_threads")) {
      try peer(library)
    }
    let old = try FakeOpenBLAS(.old)
    #expect(throws: PeerError.version(path: old.path, found: "0.2.20", expected: "0.3 or later")) { try peer(old) }
    #expect(throws: PeerError.missingSymbol(path: library.path, symbol: "bli_info_get_blas_int_type_size")) {
      try BLAS.load(try DynamicLibrary(library.path), .blis, threads: 1, epilogues: Portable.epilogues)
    }
  }

  /// As a kernel, every block alone, in layouts with and without strides.
  @Test func computesBlocks() throws {
    let library = try FakeOpenBLAS()
    let kernel = try #require(try peer(library).blockKernel("openblas.sgemm"))
    for layer in try peerLayers([.nchw, .nhwc, .nc]) {
      let problem = Problem(layer)
      let tensors = try LayerTensors(layer, pattern: .integer, seed: peerSeed)
      let output = try FloatBuffer(count: layer.outputCount)
      let scratch = try FloatBuffer(count: kernel.scratchCount(problem))
      let operands = Operands(
        input: tensors.input.pointer, weights: tensors.weights.pointer, bias: tensors.bias, output: output.pointer,
        scratch: scratch.pointer)
      let (row, column) = (layer.m / 3, layer.n / 2)
      for rows in [0..<row, row..<layer.m] {
        for columns in [0..<column, column..<layer.n] where !rows.isEmpty && !columns.isEmpty {
          kernel.compute(problem, operands, Block(rows: rows, columns: columns))
        }
      }
      let result = ResultCheck.compare(output, of: layer, with: Reference(tensors, seed: peerSeed))
      #expect(result.failure == nil && output.firstDamage() == nil && scratch.firstDamage() == nil, "\(layer)")
    }
  }
}
