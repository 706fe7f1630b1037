public import Kernels
public import Layers

/// OpenBLAS, MKL or BLIS, through `cblas_sgemm`, and MKL's interface for weights that are packed ahead of time.
public struct BLAS: BlockPeer {
  /// The library's short name.
  public let name: String
  /// Its version.
  public let version: String
  /// What it calls the CPU that it chose its code for.
  public let instructionSet: String?
  /// `openblas.sgemm`, and `mkl.packed`.
  public let methods: [String]
  /// None.
  public var ownLayoutMethods: [String] { [] }

  private let cblas: CBLAS
  private let packed: PackedProduct?
  private let epilogues: EpilogueSet

  /// Loads the functions of `library`, and lets it compute on `threads` threads.
  ///
  /// - Parameters:
  ///   - kind: which library it is said to be.
  ///   - epilogues: bias and activation, for the ISA of this CPU.
  /// - Throws: `PeerError` if a function is missing, or the version is too old.
  public static func load(
    _ library: DynamicLibrary, _ kind: PeerKind, threads: Int, epilogues: EpilogueSet
  ) throws(PeerError) -> BLAS {
    switch kind {
    case .openblas: try BLAS(openBLAS: library, threads, epilogues)
    case .mkl: try BLAS(mkl: library, threads, epilogues)
    case .blis: try BLAS(blis: library, threads, epilogues)
    case .onednn, .onnxruntime:
      throw .version(path: library.path, found: "said to be \(kind.rawValue)", expected: "a BLAS")
    }
  }

  private init(
    _ kind: PeerKind, version: String, instructionSet: String?, _ cblas: CBLAS, packed: PackedProduct? = nil,
    _ epilogues: EpilogueSet
  ) {
    name = kind.rawValue
    self.version = version
    self.instructionSet = instructionSet
    self.cblas = cblas
    self.packed = packed
    self.epilogues = epilogues
    methods = ["\(name).sgemm"] + (packed == nil ? [] : ["\(name).packed"])
  }

  private typealias Text = @convention(c) () -> UnsafePointer<CChar>?
  private typealias SetThreads = @convention(c) (CInt) -> Void

  /// openblas_config.h: `openblas_get_config` gives "OpenBLAS 0.3.21 … USE64BITINT …".
  private init(openBLAS library: DynamicLibrary, _ threads: Int, _ epilogues: EpilogueSet) throws(PeerError) {
    var config = ""
    let cblas = try CBLAS(library) { affixes throws(PeerError) in
      config = try Self.text(library, affixes("openblas_get_config"))
      return config.split(separator: " ").contains("USE64BITINT")
    }
    if config.isEmpty { config = try Self.text(library, cblas.affixes("openblas_get_config")) }
    let version = config.split(separator: " ").first { $0.first?.isNumber ?? false }.map(String.init) ?? config
    try Self.require(version, atLeast: (0, 3), library)
    let setThreads: SetThreads = try library.function(cblas.affixes("openblas_set_num_threads"))
    setThreads(CInt(threads))
    self.init(
      .openblas, version: version, instructionSet: try Self.text(library, cblas.affixes("openblas_get_corename")),
      cblas, epilogues)
  }

  /// mkl_service.h. The version's structure: three ints, then four strings, of which the third names the CPU.
  private init(mkl library: DynamicLibrary, _ threads: Int, _ epilogues: EpilogueSet) throws(PeerError) {
    typealias GetVersion = @convention(c) (UnsafeMutableRawPointer) -> Void
    let cblas = try CBLAS(library) { _ throws(PeerError) in false }
    let getVersion: GetVersion = try library.function("MKL_Get_Version")
    let setThreads: SetThreads = try library.function("MKL_Set_Num_Threads")
    // Larger than the structure, so that a version that appends to it does no harm.
    let (version, processor) = withUnsafeTemporaryAllocation(byteCount: 256, alignment: 8) { buffer in
      buffer.initializeMemory(as: UInt8.self, repeating: 0)
      getVersion(buffer.baseAddress!)
      let numbers = (0..<3).map { buffer.load(fromByteOffset: 4 * $0, as: Int32.self) }
      let processor = buffer.load(fromByteOffset: 32, as: UnsafePointer<CChar>?.self)
      return (numbers.map(String.init).joined(separator: "."), processor.map { String(cString: $0) })
    }
    try Self.require(version, atLeast: (2017, 0), library)
    setThreads(CInt(threads))
    self.init(
      .mkl, version: version, instructionSet: processor, cblas, packed: try PackedProduct(library), epilogues)
  }

  /// blis.h. The library must be initialised before it says which configuration it chose.
  private init(blis library: DynamicLibrary, _ threads: Int, _ epilogues: EpilogueSet) throws(PeerError) {
    typealias Initialise = @convention(c) () -> CInt
    typealias Query = @convention(c) () -> CInt
    typealias IntegerSize = @convention(c) () -> Int
    typealias Name = @convention(c) (CInt) -> UnsafePointer<CChar>?
    typealias SetThreads = @convention(c) (Int) -> Void
    let size: IntegerSize = try library.function("bli_info_get_blas_int_type_size")
    let cblas = try CBLAS(library) { _ throws(PeerError) in size() == 64 }
    let initialise: Initialise = try library.function("bli_init")
    let architecture: Query = try library.function("bli_arch_query_id")
    let architectureName: Name = try library.function("bli_arch_string")
    let setThreads: SetThreads = try library.function("bli_thread_set_num_threads")
    let version = try Self.text(library, "bli_info_get_version_str")
    try Self.require(version, atLeast: (0, 5), library)
    _ = initialise()
    setThreads(threads)
    self.init(
      .blis, version: version, instructionSet: architectureName(architecture()).map { String(cString: $0) }, cblas,
      epilogues)
  }

  /// What a function without arguments that returns a string says.
  private static func text(_ library: DynamicLibrary, _ symbol: String) throws(PeerError) -> String {
    let function: Text = try library.function(symbol)
    guard let text = function() else { throw .call(function: symbol, status: "it returned no text") }
    return String(cString: text)
  }

  private static func require(
    _ version: String, atLeast least: (Int, Int), _ library: DynamicLibrary
  ) throws(PeerError) {
    let numbers = version.split(separator: ".").prefix(2).map { Int($0.prefix { $0.isNumber }) ?? 0 }
    guard numbers.count == 2, (numbers[0], numbers[1]) >= least else {
      throw .version(path: library.path, found: version, expected: "\(least.0).\(least.1) or later")
    }
  }

  // MARK: Layers

  /// See ``Peer/prepare(_:_:_:threads:)``.
  public func prepare(
    _ method: String, _ layer: Layer, _ operands: PeerOperands, threads: Int
  ) throws(PeerError) -> any PeerOperation {
    let problem = Problem(layer)
    let largest = Swift.max(layer.m, layer.n, layer.k, problem.inputChannelStride)
    if largest > cblas.maximumDimension {
      throw .unsupported(method: method, reason: "\(largest) does not fit the library's 32-bit integers")
    }
    if let packed, method == "\(name).packed" {
      return try PackedOperation(packed, problem, operands, epilogues)
    }
    return try ProductOperation(product, problem, operands)
  }

  /// Every method but the packed one: a block's part of packed weights is not where a block could find it.
  public func blockKernel(_ method: String) -> Kernel? {
    guard method == "\(name).sgemm" else { return nil }
    let product = product
    return Kernel(
      name: method, summary: "\(name) \(version)", isa: epilogues.isa,
      scratchCount: { LayerProduct.scratchCount($0) }, compute: { product.compute($0, $1, $2) })
  }

  private var product: LayerProduct {
    LayerProduct(epilogues) { [cblas] m, n, k, a, lda, isTransposed, b, ldb, c, ldc in
      cblas.multiply(m, n, k, a, lda, transposedB: isTransposed, b, ldb, c, ldc)
    }
  }
}

/// A whole layer by matrix products.
final class ProductOperation: PeerOperation {
  var implementation: String? { nil }
  var prepareNanoseconds: UInt64? { nil }

  private let product: LayerProduct
  private let problem: Problem
  private let operands: Operands
  private let scratch: SharedBuffer

  init(_ product: LayerProduct, _ problem: Problem, _ operands: PeerOperands) throws(PeerError) {
    self.product = product
    self.problem = problem
    do { scratch = try SharedBuffer(count: LayerProduct.scratchCount(problem)) } catch {
      throw .outOfMemory(bytes: error.bytes)
    }
    self.operands = Operands(
      input: operands.input, weights: operands.weights, bias: operands.bias, output: operands.output,
      scratch: scratch.buffer.pointer)
  }

  func execute() {
    product.compute(problem, operands, Block(rows: 0..<problem.m, columns: 0..<problem.n))
  }

  func collect() {}
}
