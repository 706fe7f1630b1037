import CPeers
import Layers

/// What an operation makes memory and primitives with.
struct OneDNNContext {
  let functions: OneDNNFunctions
  let engine: OneDNNHandle
  let stream: OneDNNHandle

  /// A context with a stream of its own.
  init(_ onednn: OneDNN) throws(PeerError) {
    let (functions, engine) = (onednn.functions, onednn.engine)
    self.functions = functions
    self.engine = engine
    stream = try functions.make("dnnl_stream_create", destroy: functions.streamDestroy, keeping: engine) {
      functions.streamCreate(&$0, engine.pointer, ONEDNN_STREAM_IN_ORDER.rawValue)
    }
  }

  /// The descriptor of a tensor whose elements lie `strides` apart.
  func plain(_ dimensions: [Int], strides: [Int]) throws(PeerError) -> OneDNNHandle {
    let (dimensions, strides) = (dimensions.map(Int64.init), strides.map(Int64.init))
    return try functions.make("dnnl_memory_desc_create_with_strides", destroy: functions.descriptorDestroy) {
      functions.descriptorWithStrides(&$0, Int32(dimensions.count), dimensions, ONEDNN_F32, strides)
    }
  }

  /// The descriptor of a tensor whose layout is oneDNN's to choose.
  func any(_ dimensions: [Int]) throws(PeerError) -> OneDNNHandle {
    let dimensions = dimensions.map(Int64.init)
    return try functions.make("dnnl_memory_desc_create_with_tag", destroy: functions.descriptorDestroy) {
      functions.descriptorWithTag(&$0, Int32(dimensions.count), dimensions, ONEDNN_F32, ONEDNN_FORMAT_ANY)
    }
  }

  /// Memory at `address`, or memory of its own if that is nil.
  func memory(
    _ descriptor: OpaquePointer, at address: UnsafeMutablePointer<Float>? = nil
  ) throws(PeerError) -> OneDNNMemory {
    let buffer = address == nil ? try scratch(bytes: functions.descriptorSize(descriptor)) : nil
    let handle = try functions.make("dnnl_memory_create", destroy: functions.memoryDestroy, keeping: engine) {
      functions.memoryCreate(&$0, descriptor, engine.pointer, address ?? buffer?.buffer.pointer)
    }
    return OneDNNMemory(handle: handle, buffer: buffer)
  }

  /// Attributes of a primitive that ends with `activation`.
  func attributes(_ activation: Activation) throws(PeerError) -> OneDNNHandle {
    let attributes = try functions.make("dnnl_primitive_attr_create", destroy: functions.attributesDestroy) {
      functions.attributesCreate(&$0)
    }
    // Scratch memory of the library's own belongs to the thread that made the primitive, and others must not execute it.
    try functions.check(
      "dnnl_primitive_attr_set_scratchpad_mode",
      functions.attributesSetScratchpadMode(attributes.pointer, ONEDNN_SCRATCHPAD_USER))
    // Otherwise an environment variable could turn products into bf16.
    try functions.check(
      "dnnl_primitive_attr_set_fpmath_mode",
      functions.attributesSetMathMode(attributes.pointer, ONEDNN_FPMATH_STRICT))
    guard let (kind, alpha, beta) = activation.oneDNN else { return attributes }
    let postOps = try functions.make("dnnl_post_ops_create", destroy: functions.postOpsDestroy) {
      functions.postOpsCreate(&$0)
    }
    try functions.check(
      "dnnl_post_ops_append_eltwise", functions.postOpsAppendEltwise(postOps.pointer, kind, alpha, beta))
    try functions.check(
      "dnnl_primitive_attr_set_post_ops", functions.attributesSetPostOps(attributes.pointer, postOps.pointer))
    return attributes
  }

  /// The layout that a primitive wants for one of its arguments, as long as `descriptor` lives.
  func layout(_ what: onednn_query, of descriptor: OneDNNHandle) throws(PeerError) -> OpaquePointer {
    guard let layout = functions.primitiveDescriptorQueryMemory(descriptor.pointer, what, 0) else {
      throw .call(function: "dnnl_primitive_desc_query_md", status: "it returned no descriptor")
    }
    return layout
  }

  /// A primitive with its arguments, and with scratch memory of its own.
  func primitive(
    _ descriptor: OneDNNHandle, _ arguments: [(name: Int, memory: OneDNNMemory)]
  ) throws(PeerError) -> OneDNNPrimitive {
    let layout = try layout(ONEDNN_QUERY_SCRATCHPAD_MD, of: descriptor)
    let scratchpad =
      functions.descriptorSize(layout) > 0 ? [(name: ONEDNN_ARG_SCRATCHPAD, memory: try memory(layout))] : []
    let handle = try functions.make("dnnl_primitive_create", destroy: functions.primitiveDestroy, keeping: engine) {
      functions.primitiveCreate(&$0, descriptor.pointer)
    }
    return OneDNNPrimitive(functions, stream, handle, arguments + scratchpad)
  }

  /// A primitive that copies `source` to `target`, which have the given layouts.
  func reorder(
    _ source: OneDNNMemory, _ sourceLayout: OpaquePointer, to target: OneDNNMemory, _ targetLayout: OpaquePointer
  ) throws(PeerError) -> OneDNNPrimitive {
    let attributes = try attributes(.none)
    let descriptor = try functions.make(
      "dnnl_reorder_primitive_desc_create", destroy: functions.primitiveDescriptorDestroy, keeping: engine
    ) {
      functions.reorderCreate(
        &$0, sourceLayout, engine.pointer, targetLayout, engine.pointer, attributes.pointer)
    }
    return try primitive(descriptor, [(ONEDNN_ARG_SRC, source), (ONEDNN_ARG_DST, target)])
  }

  private func scratch(bytes: Int) throws(PeerError) -> SharedBuffer {
    let size = MemoryLayout<Float>.size
    do {
      return try SharedBuffer(count: (bytes + size - 1) / size)
    } catch {
      throw .outOfMemory(bytes: error.bytes)
    }
  }
}

/// A tensor of oneDNN's.
struct OneDNNMemory {
  let handle: OneDNNHandle
  /// What it lies in, if that is not somebody else's.
  let buffer: SharedBuffer?
}

/// A primitive and its arguments. One thread at a time may execute it.
final class OneDNNPrimitive {
  private let functions: OneDNNFunctions
  private let stream: OneDNNHandle
  private let handle: OneDNNHandle
  private let arguments: [onednn_exec_arg]
  /// What `arguments` point at.
  private let memory: [OneDNNMemory]

  init(
    _ functions: OneDNNFunctions, _ stream: OneDNNHandle, _ handle: OneDNNHandle,
    _ arguments: [(name: Int, memory: OneDNNMemory)]
  ) {
    self.functions = functions
    self.stream = stream
    self.handle = handle
    self.arguments = arguments.map { onednn_exec_arg(arg: Int32($0.name), memory: $0.memory.handle.pointer) }
    memory = arguments.map(\.memory)
  }

  /// Executes the primitive, and returns when it is done.
  func execute() throws(PeerError) {
    try functions.check(
      "dnnl_primitive_execute",
      functions.primitiveExecute(handle.pointer, stream.pointer, Int32(arguments.count), arguments))
    try functions.check("dnnl_stream_wait", functions.streamWait(stream.pointer))
  }
}

extension Activation {
  /// oneDNN's name of the function, with its α and β; nil for none.
  fileprivate var oneDNN: (onednn_alg_kind, alpha: Float, beta: Float)? {
    switch self {
    case .none: nil
    case .relu: (ONEDNN_ELTWISE_RELU, 0, 0)
    case .relu6: (ONEDNN_ELTWISE_CLIP, 0, 6)
    case .gelu: (ONEDNN_ELTWISE_GELU_ERF, 0, 0)
    case .silu: (ONEDNN_ELTWISE_SWISH, 1, 0)
    case .tanh: (ONEDNN_ELTWISE_TANH, 0, 0)
    case .sigmoid: (ONEDNN_ELTWISE_LOGISTIC, 0, 0)
    }
  }
}
