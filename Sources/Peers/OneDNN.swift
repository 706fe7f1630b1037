import CPeers
public import Layers

/// oneDNN, through the C API of its version 3.
///
/// - `onednn.plain` reads and writes the layer's own layout; only the weights are in the layout that oneDNN likes best.
/// - `onednn.any` leaves the layout of input and output to oneDNN as well, as between the layers of a network that it
///   runs as a whole: the input is reordered in `prepare`, the output by `collect()`, neither of them timed. What it
///   computes beside NCHW is not a layer in NCHW, and reports do not compare it with one. With AVX-512, oneDNN 3.2 was seen
///   to choose NHWC for convolutions of images in either layout (`acdb` in the lines of `ONEDNN_VERBOSE=1`).
///
/// Weights are reordered in `prepare`. Bias and activation are parts of the primitive. A fully connected layer's spatial
/// input is passed flattened, K = ic·ih·iw.
///
/// `@unchecked Sendable`: nothing changes after `init`, and an engine may be used from any thread.
public final class OneDNN: Peer, @unchecked Sendable {
  /// `onednn`.
  public let name = "onednn"
  /// Major, minor and patch version.
  public let version: String
  /// What oneDNN calls the instruction set that it uses: `avx512_core_bf16`. Nil if this build does not tell.
  public let instructionSet: String?
  /// `onednn.any` and `onednn.plain`.
  public let methods = OneDNNMethod.allCases.map(\.rawValue)
  /// `onednn.any`.
  public let ownLayoutMethods = OneDNNMethod.allCases.filter(\.usesOwnLayout).map(\.rawValue)

  let functions: OneDNNFunctions
  let engine: OneDNNHandle

  /// Nil in a build without threads.
  private let setThreadCount: omp_set_num_threads_fn?

  /// Takes a library into use.
  ///
  /// - Throws: `PeerError.version` if it is not version 3, or if its threads are neither OpenMP's nor none, because
  ///   their number could not be set; `PeerError.missingSymbol`; `PeerError.call` if there is no CPU engine.
  public init(_ library: DynamicLibrary) throws(PeerError) {
    let tellVersion: onednn_version_fn = try library.function("dnnl_version")
    guard let info = tellVersion()?.pointee else {
      throw .call(function: "dnnl_version", status: "it returned no version")
    }
    version = "\(info.major).\(info.minor).\(info.patch)"
    guard info.major == 3 else {
      throw .version(path: library.path, found: "\(version) of oneDNN", expected: "3")
    }
    switch Int(info.cpu_runtime) {
    case ONEDNN_RUNTIME_OMP:
      // Found in the OpenMP library that oneDNN itself is linked with, be it GNU's or Intel's.
      setThreadCount = try library.function("omp_set_num_threads", as: omp_set_num_threads_fn.self)
    case ONEDNN_RUNTIME_SEQ:
      setThreadCount = nil
    default:
      throw .version(
        path: library.path, found: "\(version) of oneDNN with CPU runtime \(info.cpu_runtime)",
        expected: "a build for OpenMP (2) or without threads (1)")
    }
    let functions = try OneDNNFunctions(library)
    self.functions = functions
    engine = try functions.make("dnnl_engine_create", destroy: functions.engineDestroy) {
      functions.engineCreate(&$0, ONEDNN_CPU, 0)
    }
    instructionSet = Self.instructionSet(library)
  }

  /// Gets ready to compute `layer`. Operations on one thread may be executed by several threads at once, each by one.
  ///
  /// - Throws: `PeerError.unsupported`, `PeerError.call`, `PeerError.outOfMemory`.
  public func prepare(
    _ method: String, _ layer: Layer, _ operands: PeerOperands, threads: Int
  ) throws(PeerError) -> any PeerOperation {
    guard let choice = OneDNNMethod(rawValue: method) else {
      throw .unsupported(method: method, reason: "oneDNN's methods are \(methods.joined(separator: " and "))")
    }
    if setThreadCount == nil && threads > 1 {
      throw .unsupported(method: method, reason: "this build of oneDNN has no threads, and \(threads) are asked for")
    }
    return try OneDNNOperation(self, choice, layer, operands, threads: threads)
  }

  /// Makes parallel regions that the calling thread starts have `threads` threads.
  ///
  /// OpenMP keeps the number for each thread that starts regions, and oneDNN asks for it when it makes a primitive and
  /// when it executes one, so each thread has to set it. That is a store to thread-local memory.
  func useThreads(_ threads: Int) { setThreadCount?(Int32(clamping: threads)) }

  private static func instructionSet(_ library: DynamicLibrary) -> String? {
    guard
      let tell = library.optionalFunction("dnnl_get_effective_cpu_isa", as: onednn_get_effective_cpu_isa_fn.self),
      let describe = library.optionalFunction("dnnl_cpu_isa2str", as: onednn_cpu_isa2str_fn.self),
      let text = describe(tell())
    else { return nil }
    let prefix = "cpu_isa_"
    let name = String(cString: text)
    return name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : nil
  }
}

/// How oneDNN is used.
enum OneDNNMethod: String, Sendable, CaseIterable {
  /// oneDNN chooses all layouts.
  case any = "onednn.any"
  /// oneDNN chooses the layout of the weights.
  case plain = "onednn.plain"

  /// Whether the layout of input and output is oneDNN's choice, so that it may differ from the layer's.
  var usesOwnLayout: Bool {
    switch self {
    case .any: true
    case .plain: false
    }
  }
}
