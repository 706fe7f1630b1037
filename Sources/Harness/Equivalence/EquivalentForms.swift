public import Layers

/// A way to write a layer: what a kernel is given to compute the layer's numbers.
public struct EquivalentForm: Sendable, Hashable {
  /// Which of the two layers it is.
  public enum Role: String, Sendable, Hashable, Codable {
    /// A fully connected layer.
    case fullyConnected = "fc"
    /// A convolution.
    case convolution = "conv"
  }

  /// What it is, in words, such as `1×1 convolution, nhwc`.
  public let name: String
  /// Which of the two layers it is.
  public let role: Role
  /// The layer that a kernel computes.
  public let layer: Layer

  init(_ name: String, _ role: Role, _ layer: Layer) {
    self.name = name
    self.role = role
    self.layer = layer
  }
}

/// The way from one form of a layer to another: what has to move.
public struct Crossing: Sendable, Hashable {
  /// The index of the form that it begins at.
  public let from: Int
  /// The index of the form that it ends at.
  public let to: Int
  /// How the input is taken from that of `from`.
  public let input: Rearrangement
  /// How the weights are taken from those of `from`.
  public let weights: Rearrangement
  /// How the output of `from` is taken from that of `to`.
  public let output: Rearrangement
  /// Whether the data lies as `to` needs it without being moved: a network that computes in that layout has it so.
  public let isGiven: Bool

  init(
    from: Int, to: Int, input: Rearrangement, weights: Rearrangement, output: Rearrangement, isGiven: Bool = false
  ) {
    self.from = from
    self.to = to
    self.input = input
    self.weights = weights
    self.output = output
    self.isGiven = isGiven
  }

  init(from: Int, to: Int, _ conversion: Conversion) {
    self.init(
      from: from, to: to, input: conversion.input, weights: conversion.weights, output: conversion.output)
  }

  /// Whether elements of the input or the output have to be moved every time.
  public var movesData: Bool { movesInput || movesOutput }
  /// Whether elements of the input have to be moved every time.
  public var movesInput: Bool { !input.isIdentity && !isGiven }
  /// Whether elements of the output have to be moved every time.
  public var movesOutput: Bool { !output.isIdentity && !isGiven }
}

/// The forms of one layer, and the ways between them. The first form is the layer itself, and holds the data of all.
public struct EquivalentForms: Sendable {
  /// The layer as it was asked for.
  public let entry: Suite.Entry
  /// The forms.
  public internal(set) var forms: [EquivalentForm]
  /// The ways between them. Each begins at a form that is the first one or the end of an earlier way.
  public internal(set) var crossings: [Crossing]

  /// The forms of an entry, convolutions in `layouts`.
  ///
  /// - A 1×1 convolution: itself in every layout, and an FC layer over its pixels.
  /// - A plain FC layer: itself, and a 1×1 convolution on a 1×1 image in every layout.
  /// - An FC layer over a C×H×W map: itself, a 1×1 convolution over C·H·W channels of a 1×1 image, and an H×W convolution
  ///   over a map in every layout, as one GEMM over its only window.
  ///
  /// - Throws: `ConversionError` if another form has too many elements.
  /// - Requires: at least one layout, all of them convolutions' layouts.
  public init(_ entry: Suite.Entry, layouts: [Layout]) throws(ConversionError) {
    self.entry = entry
    func layer(_ layout: Layout) throws(ConversionError) -> Layer {
      do { return try entry.layer(layout: layout) } catch { throw .layer(error) }
    }
    forms = []
    crossings = []
    if entry.op == .conv1x1 {
      try addConvolution(layouts.map(layer))
    } else {
      try addFullyConnected(layer(.nc), layouts)
    }
  }

  private mutating func addConvolution(_ layers: [Layer]) throws(ConversionError) {
    forms = layers.map { EquivalentForm("1×1 convolution, \($0.layout.rawValue)", .convolution, $0) }
    let rows = forms.count
    let s = layers[0].shape
    for (index, layer) in layers.enumerated() {
      // The other layout has the same images.
      if index > 0 {
        crossings.append(
          Crossing(
            from: 0, to: index, input: .changingLayout([s.mb, s.ic, s.ih * s.iw], from: layers[0].layout),
            weights: .identity(count: layer.weightCount),
            output: .changingLayout([s.mb, s.oc, s.oh * s.ow], from: layer.layout), isGiven: true))
      }
    }
    for (index, layer) in layers.enumerated() {
      let conversion = try Conversion.fullyConnected(of: layer)
      if index == 0 {
        forms.append(EquivalentForm("FC over pixels", .fullyConnected, conversion.layer))
      }
      crossings.append(Crossing(from: index, to: rows, conversion))
    }
  }

  private mutating func addFullyConnected(_ layer: Layer, _ layouts: [Layout]) throws(ConversionError) {
    let s = layer.shape
    let isPlain = s.ih == 1 && s.iw == 1
    forms = [EquivalentForm(isPlain ? "FC" : "FC after flatten", .fullyConnected, layer)]
    for layout in isPlain ? layouts : [.nhwc] {
      let conversion = try Conversion.convolution(of: layer, layout: layout)
      let name = isPlain ? "1×1 convolution, 1×1 image, \(layout.rawValue)" : "1×1 convolution over C·H·W channels"
      crossings.append(Crossing(from: 0, to: forms.count, conversion))
      forms.append(EquivalentForm(name, .convolution, conversion.layer))
    }
    if isPlain { return }
    for layout in layouts {
      let window = try WindowConvolution(sliding: layer, ih: s.ih, iw: s.iw, layout: layout)
      let conversion = try window.patches
      crossings.append(
        Crossing(
          from: 0, to: forms.count,
          // The window is the whole map, so cutting it out moves nothing: what is left is the layout of the map.
          input: layout == .nchw
            ? conversion.input : .changingLayout([s.mb, s.ic, s.ih * s.iw], from: .nchw),
          weights: conversion.weights, output: .identity(count: layer.outputCount), isGiven: true))
      forms.append(
        EquivalentForm("\(s.ih)×\(s.iw) convolution, \(layout.rawValue)", .convolution, conversion.layer))
    }
  }
}

extension Rearrangement {
  /// Images [mb][c][pixels] in `layout`, given as those three numbers, in the other layout.
  static func changingLayout(_ sizes: [Int], from layout: Layout) -> Rearrangement {
    .permutation(of: layout == .nchw ? sizes : [sizes[0], sizes[2], sizes[1]], order: [0, 2, 1])
  }
}
