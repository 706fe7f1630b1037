import CPeers
import Layers

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A layer as a session of ONNX Runtime.
final class OnnxRuntimeOperation: PeerOperation {
  /// Nil: the runtime does not tell which of its kernels it uses.
  var implementation: String? { nil }
  /// Nil: the runtime packs weights while it makes the session, and does not tell how long that alone takes.
  var prepareNanoseconds: UInt64? { nil }

  private let functions: OnnxRuntimeFunctions
  private let session: OnnxRuntimeHandle
  private let binding: OnnxRuntimeHandle
  private let input: OnnxRuntimeHandle
  private let output: OnnxRuntimeHandle

  /// The longest message that Protocol Buffers read.
  private static let maximumBytes = Int(Int32.max)

  /// Makes a session, and binds it to the operands.
  init(
    _ runtime: OnnxRuntime, _ method: OnnxRuntimeMethod, _ layer: Layer, _ operands: PeerOperands, threads: Int
  ) throws(PeerError) {
    let functions = runtime.functions
    let table = functions.table
    let model = OnnxModel(layer, weights: operands.weights, bias: operands.bias)
    let bytes = model.message.count
    guard bytes <= Self.maximumBytes else {
      throw .unsupported(
        method: method.rawValue,
        reason: "its model takes \(bytes) bytes with the weights, and may take \(Self.maximumBytes)")
    }
    guard let memory = malloc(bytes) else { throw .outOfMemory(bytes: bytes) }
    // The session has copies of all it needs.
    defer { free(memory) }
    model.message.write(to: UnsafeMutableRawBufferPointer(start: memory, count: bytes))
    let options = try Self.options(runtime, method, threads: threads)
    let session = try functions.make(
      "OrtApi.CreateSessionFromArray", release: table.ReleaseSession, keeping: runtime.environment
    ) {
      table.CreateSessionFromArray(runtime.environment.pointer, memory, bytes, options.pointer, &$0)
    }
    input = try Self.tensor(UnsafeMutablePointer(mutating: operands.input), model.inputShape, functions)
    output = try Self.tensor(operands.output, model.outputShape, functions)
    binding = try functions.make("OrtApi.CreateIoBinding", release: table.ReleaseIoBinding, keeping: session) {
      table.CreateIoBinding(session.pointer, &$0)
    }
    try functions.check(
      "OrtApi.BindInput", table.BindInput(binding.pointer, OnnxModel.input, input.pointer))
    try functions.check(
      "OrtApi.BindOutput", table.BindOutput(binding.pointer, OnnxModel.output, output.pointer))
    self.session = session
    self.functions = functions
  }

  /// Computes the layer.
  func execute() throws(PeerError) {
    try functions.check(
      "OrtApi.RunWithBinding", functions.table.RunWithBinding(session.pointer, nil, binding.pointer))
  }

  /// Does nothing: the result is in place.
  func collect() throws(PeerError) {}

  private static func options(
    _ runtime: OnnxRuntime, _ method: OnnxRuntimeMethod, threads: Int
  ) throws(PeerError) -> OnnxRuntimeHandle {
    let functions = runtime.functions
    let table = functions.table
    let options = try functions.make("OrtApi.CreateSessionOptions", release: table.ReleaseSessionOptions) {
      table.CreateSessionOptions(&$0)
    }
    try functions.check(
      "OrtApi.SetSessionExecutionMode",
      table.SetSessionExecutionMode(options.pointer, ORT_EXECUTION_SEQUENTIAL))
    try functions.check(
      "OrtApi.SetSessionGraphOptimizationLevel",
      table.SetSessionGraphOptimizationLevel(
        options.pointer, method == .all ? ORT_OPTIMISE_ALL : ORT_OPTIMISE_EXTENDED))
    try functions.check(
      "OrtApi.SetIntraOpNumThreads", table.SetIntraOpNumThreads(options.pointer, Int32(clamping: threads)))
    try functions.check("OrtApi.SetInterOpNumThreads", table.SetInterOpNumThreads(options.pointer, 1))
    if let cpus = runtime.cpus, threads > 1 {
      // One entry for each thread but the calling one; the runtime counts CPUs from 1.
      let places = cpus[1..<threads].map { String($0 + 1) }.joined(separator: ";")
      try functions.check(
        "OrtApi.AddSessionConfigEntry",
        table.AddSessionConfigEntry(options.pointer, "session.intra_op_thread_affinities", places))
    }
    return options
  }

  /// A tensor over memory that somebody else owns.
  private static func tensor(
    _ data: UnsafeMutablePointer<Float>, _ dimensions: [Int], _ functions: OnnxRuntimeFunctions
  ) throws(PeerError) -> OnnxRuntimeHandle {
    let table = functions.table
    let place = try functions.make("OrtApi.CreateCpuMemoryInfo", release: table.ReleaseMemoryInfo) {
      table.CreateCpuMemoryInfo(ORT_ALLOCATOR_DEVICE, ORT_MEMORY_DEFAULT, &$0)
    }
    let bytes = dimensions.reduce(MemoryLayout<Float>.size, *)
    let dimensions = dimensions.map(Int64.init)
    return try functions.make("OrtApi.CreateTensorWithDataAsOrtValue", release: table.ReleaseValue) {
      table.CreateTensorWithDataAsOrtValue(
        place.pointer, data, bytes, dimensions, dimensions.count, ORT_ELEMENT_FLOAT, &$0)
    }
  }
}
