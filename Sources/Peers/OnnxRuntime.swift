import CPeers
public import Layers

/// ONNX Runtime, whose CPU kernels are MLAS, through its C API.
///
/// A layer is a model of one `Conv` or `Gemm` with constant weights, and of its activation, which the runtime fuses where
/// it can. It reads the operands' input and writes their output in place.
///
/// - `onnxruntime.all` makes every graph optimisation. For convolutions these include a blocked layout (NCHWc), with
///   nodes that reorder the input and the output, as often as the layer is executed.
/// - `onnxruntime.nchw` leaves that one out: convolutions stay in NCHW. Other layers are the same either way.
///
/// A session with several threads starts threads of its own, which spin for a while when they have nothing to do. Without
/// `cpus` they may run wherever their process may.
///
/// `@unchecked Sendable`: nothing changes after `init`, and an environment may be used from any thread.
public final class OnnxRuntime: Peer, @unchecked Sendable {
  /// `onnxruntime`.
  public let name = "onnxruntime"
  /// The version, as the library tells it.
  public var version: String { functions.version }
  /// Nil: MLAS does not tell what it picked.
  public var instructionSet: String? { nil }
  /// `onnxruntime.all` and `onnxruntime.nchw`.
  public let methods = OnnxRuntimeMethod.allCases.map(\.rawValue)
  /// None: where the runtime takes a blocked layout, it reorders input and output in every execution, and is timed.
  public let ownLayoutMethods: [String] = []
  /// Where the threads of a session run: the first is the calling thread's, which is not moved, the others are those of
  /// the runtime's own threads. Nil to leave it to the system.
  public let cpus: [Int]?

  let functions: OnnxRuntimeFunctions
  let environment: OnnxRuntimeHandle

  /// Takes a library into use.
  ///
  /// - Throws: `PeerError.version`, `PeerError.missingSymbol`, `PeerError.call`.
  public init(_ library: DynamicLibrary, cpus: [Int]? = nil) throws(PeerError) {
    let functions = try OnnxRuntimeFunctions(library)
    let table = functions.table
    environment = try functions.make("OrtApi.CreateEnv", release: table.ReleaseEnv) {
      table.CreateEnv(ORT_LOG_FATAL, "pointwise", &$0)
    }
    try functions.check("OrtApi.DisableTelemetryEvents", table.DisableTelemetryEvents(environment.pointer))
    self.functions = functions
    self.cpus = cpus
  }

  /// Gets ready to compute `layer`: optimises the model, and packs its weights.
  ///
  /// - Throws: `PeerError.unsupported`, `PeerError.call`, `PeerError.outOfMemory`.
  public func prepare(
    _ method: String, _ layer: Layer, _ operands: PeerOperands, threads: Int
  ) throws(PeerError) -> any PeerOperation {
    guard let choice = OnnxRuntimeMethod(rawValue: method) else {
      throw .unsupported(
        method: method, reason: "ONNX Runtime's methods are \(methods.joined(separator: " and "))")
    }
    if layer.layout == .nhwc {
      throw .unsupported(method: method, reason: "ONNX's convolutions are in NCHW only")
    }
    if choice == .nchw && layer.op != .conv1x1 {
      throw .unsupported(
        method: method, reason: "it differs from \(OnnxRuntimeMethod.all.rawValue) for convolutions only")
    }
    if let cpus, cpus.count < threads {
      throw .unsupported(method: method, reason: "there are \(cpus.count) CPUs for its \(threads) threads")
    }
    return try OnnxRuntimeOperation(self, choice, layer, operands, threads: threads)
  }
}

/// How ONNX Runtime is used.
enum OnnxRuntimeMethod: String, Sendable, CaseIterable {
  /// All graph optimisations.
  case all = "onnxruntime.all"
  /// All but those that change layouts.
  case nchw = "onnxruntime.nchw"
}
