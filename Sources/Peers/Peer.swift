public import Layers

/// Where a peer reads and writes, in the lab's own plain layouts: NCHW or NHWC as the layer says, weights as OIHW, which
/// is [n][k] for a 1×1 convolution as for a fully connected layer.
///
/// `@unchecked Sendable`: pointers into memory that the owner keeps for as long as operations use it.
public struct PeerOperands: @unchecked Sendable {
  /// The input, in the layer's layout.
  public var input: UnsafePointer<Float>
  /// The weights, [n][k].
  public var weights: UnsafePointer<Float>
  /// `n` biases; nil for a layer without.
  public var bias: UnsafePointer<Float>?
  /// The output, in the layer's layout.
  public var output: UnsafeMutablePointer<Float>

  /// The four tensors.
  public init(
    input: UnsafePointer<Float>, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    output: UnsafeMutablePointer<Float>
  ) {
    self.input = input
    self.weights = weights
    self.bias = bias
    self.output = output
  }
}

/// A vendor's library that has been loaded.
public protocol Peer: Sendable {
  /// The library's short name: `onednn`, `openblas`, `mkl`, `blis` or `onnxruntime`.
  var name: String { get }
  /// Its version, as it tells it itself.
  var version: String { get }
  /// The instruction set it picked, where it tells.
  var instructionSet: String? { get }
  /// The ways of computing a layer that it offers, as kernel names: `onednn.any`, `openblas.sgemm`.
  var methods: [String] { get }
  /// Those of ``methods`` that leave the layout of input and output to the library, and do not count the time of bringing
  /// them there and back: what they compute is not the layer in its own layout.
  var ownLayoutMethods: [String] { get }
  /// Gets ready to compute `layer` by `method` on `threads` threads of the library's own. Weights are reordered or
  /// packed here, ahead of time.
  ///
  /// - Throws: `PeerError` if the library cannot compute such a layer, or fails.
  func prepare(
    _ method: String, _ layer: Layer, _ operands: PeerOperands, threads: Int
  ) throws(PeerError) -> any PeerOperation
}

/// A layer that is ready to be computed.
public protocol PeerOperation: AnyObject {
  /// What the library chose, where it tells: `brgconv_1x1:avx512_core`.
  var implementation: String? { get }
  /// What reordering or packing the weights took once, in nanoseconds; nil if there was none.
  var prepareNanoseconds: UInt64? { get }
  /// Computes the layer once, bias and activation included.
  func execute() throws(PeerError)
  /// Brings the result into `operands.output`, in the plain layout, if the library keeps it elsewhere. Not timed.
  func collect() throws(PeerError)
}
