public import Layers
public import Tensors

/// Where the tensors of a layer are.
public struct LayerPaths: Sendable, Hashable {
  /// The input.
  public var input: TensorPath
  /// The weights.
  public var weights: TensorPath
  /// The bias; nil for a layer without.
  public var bias: TensorPath?
  /// How the input of a convolution lies in its file: `nchw` or `nhwc`.
  public var layout: Layout

  /// Gathers paths.
  public init(input: TensorPath, weights: TensorPath, bias: TensorPath?, layout: Layout) {
    self.input = input
    self.weights = weights
    self.bias = bias
    self.layout = layout
  }
}

/// The tensors of a layer in files, as PyTorch holds them. Their headers are read, and fit the layer.
///
/// - The input of a convolution is [mb][ic][ih][iw] or [mb][ih][iw][ic], as its layout says; that of an FC layer [m][k],
///   or a map [mb][ic][ih][iw], which is flattened in this order.
/// - Weights are [oc][ic] or [oc][ic][1][1] of a convolution, [oc][k] of an FC layer.
/// - The bias is [oc].
public struct LayerFiles: Sendable {
  /// The layer, in the layout of the input's file.
  public let layer: Layer
  /// The input.
  public let input: TensorFile
  /// The weights.
  public let weights: TensorFile
  /// The bias; nil for a layer without.
  public let bias: TensorFile?

  /// Opens the files of a layer whose dimensions follow from them.
  ///
  /// - Parameters:
  ///   - sh: vertical stride of a convolution.
  ///   - sw: horizontal stride of a convolution.
  /// - Throws: `TensorError` if a file cannot be used, or has a shape that is not as this type says.
  public init(
    _ op: Op, _ paths: LayerPaths, sh: Int = 1, sw: Int = 1, activation: Activation = .none
  ) throws(TensorError) {
    let input = try TensorFile(opening: paths.input)
    let weights = try TensorFile(opening: paths.weights)
    let bias = try paths.bias.map { path throws(TensorError) in try TensorFile(opening: path) }
    let x = input.sizes
    let shape: Shape
    switch op {
    case .conv1x1:
      let order = paths.layout == .nchw ? "[mb][c][h][w]" : "[mb][h][w][c]"
      guard x.count == 4 else {
        throw .shape(input, "rank \(x.count); expected rank 4, \(order), also for one image")
      }
      guard weights.sizes.count == 2 || (weights.sizes.count == 4 && weights.sizes[2...] == [1, 1]) else {
        throw .shape(weights, "a kernel that is not 1×1; expected [oc][ic] or [oc][ic][1][1]")
      }
      let (ic, ih, iw) = paths.layout == .nchw ? (x[1], x[2], x[3]) : (x[3], x[1], x[2])
      shape = .conv1x1(mb: x[0], ic: ic, oc: weights.sizes[0], ih: ih, iw: iw, sh: sh, sw: sw)
    case .fc:
      guard x.count == 2 || x.count == 4 else {
        throw .shape(input, "rank \(x.count); expected rank 2, [m][k], or 4, [mb][c][h][w], which is flattened")
      }
      guard weights.sizes.count == 2 else {
        throw .shape(weights, "rank \(weights.sizes.count); expected rank 2, [oc][k]")
      }
      shape = .fc(
        mb: x[0], ic: x[1], oc: weights.sizes[0], ih: x.count == 4 ? x[2] : 1, iw: x.count == 4 ? x[3] : 1)
    }
    let layer: Layer
    do {
      layer = try Layer(
        op: op, shape: shape, layout: op == .fc ? .nc : paths.layout, bias: bias != nil, activation: activation)
    } catch {
      throw .content(file: "\(paths.input)", message: "\(error)")
    }
    try self.init(layer, input, weights, bias)
  }

  /// Opens the files of `layer`, whose layout is that of the input's file.
  ///
  /// - Requires: there is a path of a bias exactly if the layer has one.
  /// - Throws: `TensorError` if a file cannot be used, or its shape is not the layer's.
  public init(_ layer: Layer, _ paths: LayerPaths) throws(TensorError) {
    try self.init(
      layer, try TensorFile(opening: paths.input), try TensorFile(opening: paths.weights),
      try paths.bias.map { path throws(TensorError) in try TensorFile(opening: path) })
  }

  private init(
    _ layer: Layer, _ input: TensorFile, _ weights: TensorFile, _ bias: TensorFile?
  ) throws(TensorError) {
    precondition(layer.bias == (bias != nil))
    let s = layer.shape
    let inputs =
      switch layer.layout {
      case .nchw: [[s.mb, s.ic, s.ih, s.iw]]
      case .nhwc: [[s.mb, s.ih, s.iw, s.ic]]
      case .nc: [[layer.m, layer.k], [s.mb, s.ic, s.ih, s.iw]]
      }
    try input.require(inputs, of: "the input of \(layer.descriptor)")
    let kernels = [[layer.n, layer.k]] + (layer.op == .conv1x1 ? [[layer.n, layer.k, 1, 1]] : [])
    try weights.require(kernels, of: "the weights of \(layer.descriptor)")
    try bias?.require([[layer.n]], of: "the bias of \(layer.descriptor)")
    self.layer = layer
    self.input = input
    self.weights = weights
    self.bias = bias
  }

  /// All files.
  public var all: [TensorFile] { [input, weights] + (bias.map { [$0] } ?? []) }

  /// Reads the tensors, with the input in `layout`.
  ///
  /// - Parameters:
  ///   - layout: of the layer; default: that of the input's file.
  ///   - available: free memory in bytes, or nil if it is not known.
  ///   - noted: called with every file of which numbers were rounded, and how many.
  /// - Throws: `TensorError` if a file cannot be read, or an element is not a finite number of single precision.
  public func tensors(
    as layout: Layout? = nil, availableMemory available: Int? = nil, noted: (TensorFile, Int) -> Void = { _, _ in }
  ) throws(TensorError) -> LayerTensors {
    func values(_ file: TensorFile) throws(TensorError) -> FloatBuffer {
      let tensor = try file.read(availableMemory: available)
      if tensor.roundedCount > 0 { noted(file, tensor.roundedCount) }
      return tensor.takeValues()
    }
    do {
      var x = try values(input)
      var layer = layer
      if let layout, layout != layer.layout {
        let s = layer.shape
        let pixels = s.ih * s.iw
        let order = layer.layout == .nchw ? [s.mb, s.ic, pixels] : [s.mb, pixels, s.ic]
        let moved = try FloatBuffer(count: layer.inputCount)
        Rearrangement.permutation(of: order, order: [0, 2, 1]).copy(
          from: UnsafeBufferPointer(start: x.pointer, count: x.count),
          to: UnsafeMutableBufferPointer(start: moved.pointer, count: moved.count))
        x = moved
        layer = try Layer(
          op: layer.op, shape: s, layout: layout, dtype: layer.dtype, bias: layer.bias, activation: layer.activation)
      }
      let w = try values(weights)
      guard let bias else {
        return LayerTensors(layer, input: x, weights: w, bias: try FloatBuffer(count: 0), origin: origin)
      }
      return LayerTensors(layer, input: x, weights: w, bias: try values(bias), origin: origin)
    } catch let error as TensorError {
      throw error
    } catch {
      throw .content(file: "\(input.path)", message: "\(error)")
    }
  }

  /// The paths, which tell these tensors from others.
  private var origin: String { all.map { "\($0.path)" }.joined(separator: ", ") }
}

extension Suite.Entry {
  /// The files with the layer's tensors, opened; nil for random data.
  ///
  /// - Throws: `TensorError` if a file cannot be used, or its shape is not the layer's.
  public func files() throws(TensorError) -> LayerFiles? {
    guard let tensors else { return nil }
    let layer: Layer
    do { layer = try self.layer(layout: op == .fc ? .nc : tensors.layout) } catch {
      preconditionFailure("an entry's dimensions are checked when it is read: \(error)")
    }
    return try LayerFiles(layer, tensors)
  }
}

extension LayerTensors {
  /// - Throws: `TensorError` if the tensors are a user's, and a sum could leave the range of single precision: then no
  ///   bound holds, and kernels that add in different orders may differ by everything.
  func requireRange(_ reference: Reference) throws(TensorError) {
    guard let origin, let overflow = reference.firstOverflow else { return }
    throw .content(
      file: origin,
      message:
        "the terms of row \(overflow.row), column \(overflow.column) add up to \(overflow.magnitude) in magnitude; "
        + "expected less than single precision holds (3.4e38)")
  }
}

extension TensorFile {
  /// - Throws: `TensorError` if the shape is none of `shapes`.
  public func require(_ shapes: [[Int]], of what: String) throws(TensorError) {
    if shapes.contains(sizes) { return }
    var texts: [String] = []
    for text in shapes.map(Self.text) where !texts.contains(text) { texts.append(text) }
    throw .content(
      file: "\(path)",
      message: "its shape is \(shapeText); expected \(texts.joined(separator: " or ")), \(what)")
  }
}

extension TensorError {
  fileprivate static func shape(_ file: TensorFile, _ message: String) -> TensorError {
    .content(file: "\(file.path)", message: "its shape \(file.shapeText) has \(message)")
  }
}
