import Layers

/// An ONNX model that computes one layer: `Conv` or `Gemm` from `x` to `y`, and the nodes of the activation.
///
/// Weights and bias are initialisers, that is constants, so that a runtime may reorder them ahead of time. Operators are
/// those of opset 13, which every runtime of the last years has; gelu is written out by Erf, as exporters did before
/// there was an operator for it, and runtimes fuse that.
///
/// Source: ONNX IR specification and operator schemas (onnx.proto, Operators.md).
struct OnnxModel {
  /// The name of the graph's input.
  static let input = "x"
  /// The name of the graph's output.
  static let output = "y"

  /// The input's dimensions.
  let inputShape: [Int]
  /// The output's dimensions.
  let outputShape: [Int]
  /// The model. It points at the weights and the bias.
  let message: ProtobufMessage

  /// The model of `layer`.
  ///
  /// - Requires: the layout is not NHWC, which ONNX does not have; `weights` and `bias` stay where they are until the
  ///   message has been written.
  init(_ layer: Layer, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?) {
    precondition(layer.layout != .nhwc)
    let shape = layer.shape
    var graph = ProtobufMessage()
    var operands = [Self.input, "w"]
    if bias != nil { operands.append("b") }
    let sum = layer.activation == .none ? Self.output : "z"
    let weightShape: [Int]
    switch layer.op {
    case .conv1x1:
      inputShape = [shape.mb, shape.ic, shape.ih, shape.iw]
      outputShape = [shape.mb, shape.oc, shape.oh, shape.ow]
      weightShape = [shape.oc, shape.ic, 1, 1]
      graph.append(
        GraphField.node,
        Self.node(
          "Conv", operands, sum, [("kernel_shape", .integers([1, 1])), ("strides", .integers([shape.sh, shape.sw]))]))
    case .fc:
      inputShape = [layer.m, layer.k]
      outputShape = [layer.m, layer.n]
      weightShape = [layer.n, layer.k]
      graph.append(GraphField.node, Self.node("Gemm", operands, sum, [("transB", .integer(1))]))
    }

    let (nodes, constants) = Self.activation(layer.activation, from: sum)
    for node in nodes { graph.append(GraphField.node, node) }
    graph.append(GraphField.name, "layer")
    graph.append(
      GraphField.initialiser,
      Self.tensor("w", weightShape, UnsafeRawBufferPointer(start: weights, count: layer.weightCount * 4)))
    if let bias {
      graph.append(
        GraphField.initialiser, Self.tensor("b", [layer.n], UnsafeRawBufferPointer(start: bias, count: layer.n * 4)))
    }
    for (name, value) in constants { graph.append(GraphField.initialiser, Self.scalar(name, value)) }
    graph.append(GraphField.input, Self.valueInfo(Self.input, inputShape))
    graph.append(GraphField.output, Self.valueInfo(Self.output, outputShape))

    var operators = ProtobufMessage()
    operators.append(2, 13)  // version, of the default domain
    var model = ProtobufMessage()
    model.append(1, 7)  // ir_version, that of opset 13
    model.append(7, graph)
    model.append(8, operators)  // opset_import
    message = model
  }

  /// The nodes that compute `activation` of the tensor `z`, and the scalars that they use.
  private static func activation(
    _ activation: Activation, from z: String
  ) -> (nodes: [ProtobufMessage], constants: [(String, Float)]) {
    switch activation {
    case .none: ([], [])
    case .relu: ([node("Relu", [z], output)], [])
    case .relu6: ([node("Clip", [z, "low", "high"], output)], [("low", 0), ("high", 6)])
    case .tanh: ([node("Tanh", [z], output)], [])
    case .sigmoid: ([node("Sigmoid", [z], output)], [])
    case .silu: ([node("Sigmoid", [z], "s"), node("Mul", [z, "s"], output)], [])
    case .gelu:
      (
        [
          node("Div", [z, "root"], "d"), node("Erf", ["d"], "e"), node("Add", ["e", "one"], "a"),
          node("Mul", [z, "a"], "p"), node("Mul", ["p", "half"], output),
        ],
        [("root", Float(2).squareRoot()), ("one", 1), ("half", 0.5)]
      )
    }
  }

  // MARK: Messages of onnx.proto

  private enum GraphField {
    static let node: UInt64 = 1
    static let name: UInt64 = 2
    static let initialiser: UInt64 = 5
    static let input: UInt64 = 11
    static let output: UInt64 = 12
  }

  private enum Attribute {
    case integer(Int)
    case integers([Int])
  }

  private static func node(
    _ operation: String, _ inputs: [String], _ output: String, _ attributes: [(String, Attribute)] = []
  ) -> ProtobufMessage {
    var node = ProtobufMessage()
    for input in inputs { node.append(1, input) }
    node.append(2, output)
    node.append(3, operation + "_" + output)  // name
    node.append(4, operation)  // op_type
    for (name, value) in attributes {
      var attribute = ProtobufMessage()
      attribute.append(1, name)
      switch value {
      case .integer(let integer):
        attribute.append(3, integer)  // i
        attribute.append(20, 2)  // type INT
      case .integers(let integers):
        for integer in integers { attribute.append(8, integer) }  // ints
        attribute.append(20, 7)  // type INTS
      }
      node.append(5, attribute)
    }
    return node
  }

  /// A tensor without its data.
  private static func tensor(_ name: String, _ dimensions: [Int]) -> ProtobufMessage {
    var tensor = ProtobufMessage()
    for dimension in dimensions { tensor.append(1, dimension) }
    tensor.append(2, floatType)
    tensor.append(8, name)
    return tensor
  }

  private static func tensor(_ name: String, _ dimensions: [Int], _ data: UnsafeRawBufferPointer) -> ProtobufMessage {
    var tensor = tensor(name, dimensions)
    tensor.append(9, data)  // raw_data, little-endian like every CPU that the lab runs on
    return tensor
  }

  private static func scalar(_ name: String, _ value: Float) -> ProtobufMessage {
    var tensor = tensor(name, [])
    tensor.append(9, withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) })
    return tensor
  }

  private static func valueInfo(_ name: String, _ dimensions: [Int]) -> ProtobufMessage {
    var shape = ProtobufMessage()
    for size in dimensions {
      var dimension = ProtobufMessage()
      dimension.append(1, size)
      shape.append(1, dimension)
    }
    var tensorType = ProtobufMessage()
    tensorType.append(1, floatType)
    tensorType.append(2, shape)
    var type = ProtobufMessage()
    type.append(1, tensorType)
    var info = ProtobufMessage()
    info.append(1, name)
    info.append(2, type)
    return info
  }

  /// TensorProto.FLOAT.
  private static let floatType = 1
}
