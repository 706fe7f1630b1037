import Layers

/// What tells the layer of a row from every other layer of the run, layouts apart.
public struct LayerKey: Sendable, Hashable {
  /// The suite.
  public var suite: String
  /// The network; empty if the suite names none.
  public var network: String
  /// The benchdnn descriptor.
  public var layer: String
  /// The operation.
  public var op: Op
  /// The element type.
  public var dtype: DataType
  /// Whether there is a bias.
  public var bias: Bool
  /// The activation.
  public var activation: Activation
}

extension Row {
  /// The layer of this row.
  public var layerKey: LayerKey {
    LayerKey(
      suite: suite, network: network, layer: layer, op: op, dtype: dtype, bias: bias, activation: activation)
  }
}
