import CPeers
import CPlatform
import Layers

/// A layer as a oneDNN primitive.
final class OneDNNOperation: PeerOperation {
  /// oneDNN's name of the implementation: `brgconv_1x1:avx512_core`.
  let implementation: String?
  /// The time of reordering the weights; nil if oneDNN takes them as they are.
  let prepareNanoseconds: UInt64?

  private let onednn: OneDNN
  private let threads: Int
  private let layer: OneDNNPrimitive
  /// Copies the output to where it belongs; nil if it is there already.
  private let unpack: OneDNNPrimitive?

  /// Chooses an implementation, and reorders the weights, and the input where `method` says so.
  init(
    _ onednn: OneDNN, _ method: OneDNNMethod, _ layer: Layer, _ operands: PeerOperands, threads: Int
  ) throws(PeerError) {
    // oneDNN decides by the number of threads which implementation to take and how to divide it.
    onednn.useThreads(threads)
    let context = try OneDNNContext(onednn)
    let tensors = try OneDNNTensors(layer, context)
    let descriptor = try tensors.primitiveDescriptor(method, layer, context, version: onednn.version)

    let (input, inputReorder) = try Self.argument(
      ONEDNN_QUERY_SRC_MD, of: descriptor, plain: tensors.input.plain,
      at: UnsafeMutablePointer(mutating: operands.input), context)
    let (weights, weightReorder) = try Self.argument(
      ONEDNN_QUERY_WEIGHTS_MD, of: descriptor, plain: tensors.weights.plain,
      at: UnsafeMutablePointer(mutating: operands.weights), context)
    try inputReorder?.execute()
    if let weightReorder {
      let start = platform_now()
      try weightReorder.execute()
      prepareNanoseconds = platform_now() - start
    } else {
      prepareNanoseconds = nil
    }

    var arguments = [(name: ONEDNN_ARG_SRC, memory: input), (name: ONEDNN_ARG_WEIGHTS, memory: weights)]
    if let plain = tensors.bias, let bias = operands.bias {
      let memory = try context.memory(plain.pointer, at: UnsafeMutablePointer(mutating: bias))
      arguments.append((ONEDNN_ARG_BIAS, memory))
    }
    let plainOutput = try context.memory(tensors.output.plain.pointer, at: operands.output)
    let outputLayout = try context.layout(ONEDNN_QUERY_DST_MD, of: descriptor)
    if context.functions.descriptorEqual(outputLayout, tensors.output.plain.pointer) != 0 {
      arguments.append((ONEDNN_ARG_DST, plainOutput))
      unpack = nil
    } else {
      let output = try context.memory(outputLayout)
      arguments.append((ONEDNN_ARG_DST, output))
      unpack = try context.reorder(output, outputLayout, to: plainOutput, tensors.output.plain.pointer)
    }
    implementation = Self.implementation(descriptor, context.functions)
    self.layer = try context.primitive(descriptor, arguments)
    self.onednn = onednn
    self.threads = threads
  }

  /// Computes the layer.
  func execute() throws(PeerError) {
    onednn.useThreads(threads)
    try layer.execute()
  }

  /// Copies the output to the operands' output, if oneDNN chose another layout.
  func collect() throws(PeerError) {
    onednn.useThreads(threads)
    try unpack?.execute()
  }

  /// The argument `what`, in the layout that the primitive wants, and the primitive that brings it there from `address`;
  /// nil if it is there already.
  private static func argument(
    _ what: onednn_query, of descriptor: OneDNNHandle, plain: OneDNNHandle, at address: UnsafeMutablePointer<Float>,
    _ context: OneDNNContext
  ) throws(PeerError) -> (OneDNNMemory, OneDNNPrimitive?) {
    let source = try context.memory(plain.pointer, at: address)
    let layout = try context.layout(what, of: descriptor)
    if context.functions.descriptorEqual(layout, plain.pointer) != 0 { return (source, nil) }
    let target = try context.memory(layout)
    return (target, try context.reorder(source, plain.pointer, to: target, layout))
  }

  private static func implementation(_ descriptor: OneDNNHandle, _ functions: OneDNNFunctions) -> String? {
    var text: UnsafePointer<CChar>?
    let status = functions.primitiveDescriptorQuery(descriptor.pointer, ONEDNN_QUERY_IMPL_INFO_STR, 0, &text)
    guard status == ONEDNN_SUCCESS, let text else { return nil }
    return String(cString: text)
  }
}

/// The descriptors of a layer's tensors: in the lab's layout, and in one that is oneDNN's to choose.
private struct OneDNNTensors {
  struct Layouts {
    let plain: OneDNNHandle
    let any: OneDNNHandle
  }

  let input: Layouts
  let weights: Layouts
  /// Nil for a layer without.
  let bias: OneDNNHandle?
  let output: Layouts

  init(_ layer: Layer, _ context: OneDNNContext) throws(PeerError) {
    let shape = layer.shape
    switch layer.op {
    case .conv1x1:
      input = try Self.image([shape.mb, shape.ic, shape.ih, shape.iw], layer.layout, context)
      weights = try Self.layouts([shape.oc, shape.ic, 1, 1], strides: [shape.ic, 1, 1, 1], context)
      output = try Self.image([shape.mb, shape.oc, shape.oh, shape.ow], layer.layout, context)
    case .fc:
      input = try Self.layouts([layer.m, layer.k], strides: [layer.k, 1], context)
      weights = try Self.layouts([layer.n, layer.k], strides: [layer.k, 1], context)
      output = try Self.layouts([layer.m, layer.n], strides: [layer.n, 1], context)
    }
    bias = layer.bias ? try context.plain([layer.n], strides: [1]) : nil
  }

  /// The descriptor of the primitive that computes the layer.
  func primitiveDescriptor(
    _ method: OneDNNMethod, _ layer: Layer, _ context: OneDNNContext, version: String
  ) throws(PeerError) -> OneDNNHandle {
    let functions = context.functions
    let attributes = try context.attributes(layer.activation)
    let source = (method.usesOwnLayout ? input.any : input.plain).pointer
    let target = (method.usesOwnLayout ? output.any : output.plain).pointer
    var descriptor: OpaquePointer?
    let function: String
    let status: onednn_status
    switch layer.op {
    case .conv1x1:
      let strides = [Int64(layer.shape.sh), Int64(layer.shape.sw)]
      let zeros: [Int64] = [0, 0]
      function = "dnnl_convolution_forward_primitive_desc_create"
      status = functions.convolutionCreate(
        &descriptor, context.engine.pointer, ONEDNN_FORWARD_INFERENCE, ONEDNN_CONVOLUTION_DIRECT, source,
        weights.any.pointer, bias?.pointer, target, strides, zeros, zeros, zeros, attributes.pointer)
    case .fc:
      function = "dnnl_inner_product_forward_primitive_desc_create"
      status = functions.innerProductCreate(
        &descriptor, context.engine.pointer, ONEDNN_FORWARD_INFERENCE, source, weights.any.pointer, bias?.pointer,
        target, attributes.pointer)
    }
    if status == ONEDNN_UNIMPLEMENTED {
      throw .unsupported(method: method.rawValue, reason: "oneDNN \(version) has no implementation of it")
    }
    return try functions.make(
      function, destroy: functions.primitiveDescriptorDestroy, keeping: context.engine
    ) {
      $0 = descriptor
      return status
    }
  }

  /// A tensor of images, its dimensions in the order N, C, H, W.
  private static func image(
    _ dimensions: [Int], _ layout: Layout, _ context: OneDNNContext
  ) throws(PeerError) -> Layouts {
    let (channels, height, width) = (dimensions[1], dimensions[2], dimensions[3])
    let image = channels * height * width
    let strides =
      layout == .nhwc ? [image, 1, width * channels, channels] : [image, height * width, width, 1]
    return try layouts(dimensions, strides: strides, context)
  }

  private static func layouts(
    _ dimensions: [Int], strides: [Int], _ context: OneDNNContext
  ) throws(PeerError) -> Layouts {
    Layouts(plain: try context.plain(dimensions, strides: strides), any: try context.any(dimensions))
  }
}
