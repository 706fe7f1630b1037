import CPeers

/// The functions of oneDNN's C API, version 3, that the lab calls.
///
/// `@unchecked Sendable`: addresses of functions, which any thread may call.
struct OneDNNFunctions: @unchecked Sendable {
  let engineCreate: onednn_engine_create_fn
  let engineDestroy: onednn_destroy_fn
  let streamCreate: onednn_stream_create_fn
  let streamDestroy: onednn_destroy_fn
  let streamWait: onednn_stream_wait_fn
  let descriptorWithStrides: onednn_memory_desc_create_with_strides_fn
  let descriptorWithTag: onednn_memory_desc_create_with_tag_fn
  let descriptorEqual: onednn_memory_desc_equal_fn
  let descriptorSize: onednn_memory_desc_get_size_fn
  let descriptorDestroy: onednn_destroy_fn
  let memoryCreate: onednn_memory_create_fn
  let memoryDestroy: onednn_destroy_fn
  let attributesCreate: onednn_primitive_attr_create_fn
  let attributesSetScratchpadMode: onednn_primitive_attr_set_scratchpad_mode_fn
  let attributesSetMathMode: onednn_primitive_attr_set_fpmath_mode_fn
  let attributesSetPostOps: onednn_primitive_attr_set_post_ops_fn
  let attributesDestroy: onednn_destroy_fn
  let postOpsCreate: onednn_post_ops_create_fn
  let postOpsAppendEltwise: onednn_post_ops_append_eltwise_fn
  let postOpsDestroy: onednn_destroy_fn
  let convolutionCreate: onednn_convolution_forward_primitive_desc_create_fn
  let innerProductCreate: onednn_inner_product_forward_primitive_desc_create_fn
  let reorderCreate: onednn_reorder_primitive_desc_create_fn
  let primitiveDescriptorQuery: onednn_primitive_desc_query_fn
  let primitiveDescriptorQueryMemory: onednn_primitive_desc_query_md_fn
  let primitiveDescriptorDestroy: onednn_destroy_fn
  let primitiveCreate: onednn_primitive_create_fn
  let primitiveExecute: onednn_primitive_execute_fn
  let primitiveDestroy: onednn_destroy_fn
  /// Names of status codes; a part of the API that a library may lack.
  let statusName: onednn_status2str_fn?

  /// Looks all of them up.
  ///
  /// - Throws: `PeerError.missingSymbol`.
  init(_ library: DynamicLibrary) throws(PeerError) {
    engineCreate = try library.function("dnnl_engine_create")
    engineDestroy = try library.function("dnnl_engine_destroy")
    streamCreate = try library.function("dnnl_stream_create")
    streamDestroy = try library.function("dnnl_stream_destroy")
    streamWait = try library.function("dnnl_stream_wait")
    descriptorWithStrides = try library.function("dnnl_memory_desc_create_with_strides")
    descriptorWithTag = try library.function("dnnl_memory_desc_create_with_tag")
    descriptorEqual = try library.function("dnnl_memory_desc_equal")
    descriptorSize = try library.function("dnnl_memory_desc_get_size")
    descriptorDestroy = try library.function("dnnl_memory_desc_destroy")
    memoryCreate = try library.function("dnnl_memory_create")
    memoryDestroy = try library.function("dnnl_memory_destroy")
    attributesCreate = try library.function("dnnl_primitive_attr_create")
    attributesSetScratchpadMode = try library.function("dnnl_primitive_attr_set_scratchpad_mode")
    attributesSetMathMode = try library.function("dnnl_primitive_attr_set_fpmath_mode")
    attributesSetPostOps = try library.function("dnnl_primitive_attr_set_post_ops")
    attributesDestroy = try library.function("dnnl_primitive_attr_destroy")
    postOpsCreate = try library.function("dnnl_post_ops_create")
    postOpsAppendEltwise = try library.function("dnnl_post_ops_append_eltwise")
    postOpsDestroy = try library.function("dnnl_post_ops_destroy")
    convolutionCreate = try library.function("dnnl_convolution_forward_primitive_desc_create")
    innerProductCreate = try library.function("dnnl_inner_product_forward_primitive_desc_create")
    reorderCreate = try library.function("dnnl_reorder_primitive_desc_create")
    primitiveDescriptorQuery = try library.function("dnnl_primitive_desc_query")
    primitiveDescriptorQueryMemory = try library.function("dnnl_primitive_desc_query_md")
    primitiveDescriptorDestroy = try library.function("dnnl_primitive_desc_destroy")
    primitiveCreate = try library.function("dnnl_primitive_create")
    primitiveExecute = try library.function("dnnl_primitive_execute")
    primitiveDestroy = try library.function("dnnl_primitive_destroy")
    statusName = library.optionalFunction("dnnl_status2str")
  }

  /// Throws if `status`, which `function` returned, is not success.
  func check(_ function: String, _ status: onednn_status) throws(PeerError) {
    if status == ONEDNN_SUCCESS { return }
    let name = statusName?(status).map { String(cString: $0) }
    throw .call(function: function, status: name ?? "status \(status.rawValue)")
  }

  /// The object that `create` makes by calling `function`.
  func make(
    _ function: String, destroy: onednn_destroy_fn, keeping engine: OneDNNHandle? = nil,
    _ create: (inout OpaquePointer?) -> onednn_status
  ) throws(PeerError) -> OneDNNHandle {
    var pointer: OpaquePointer?
    try check(function, create(&pointer))
    guard let pointer else { throw .call(function: function, status: "success, but no object") }
    return OneDNNHandle(pointer, destroy: destroy, keeping: engine)
  }
}

/// An object of oneDNN's that is destroyed with its last reference.
final class OneDNNHandle {
  let pointer: OpaquePointer

  private let destroy: onednn_destroy_fn
  /// The engine outlives what was made with it.
  private let engine: OneDNNHandle?

  init(_ pointer: OpaquePointer, destroy: onednn_destroy_fn, keeping engine: OneDNNHandle?) {
    self.pointer = pointer
    self.destroy = destroy
    self.engine = engine
  }

  deinit { _ = destroy(pointer) }
}
