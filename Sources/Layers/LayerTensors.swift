/// What the elements of a layer's tensors are.
public enum DataPattern: UInt64, Sendable, CaseIterable {
  /// Uniform in [−1, 1), weights scaled so that sums stay near ±2 and reach every part of the activations.
  case real
  /// ±1 … ±4, weights and bias scaled by a power of two to the same end. No element is zero, and all sums are exact
  /// in single precision in every order, as long as 16·k + 4 is less than 2²⁴: a kernel's result is then right to the
  /// last bit, or a term is missing, doubled or wrong.
  case integer

  /// Whether every sum over `k` products and a bias is exact in single precision.
  public func isExact(k: Int) -> Bool { self == .integer && k < (1 << 20) - 1 }
}

/// The input, weights and bias of a layer: a user's, or filled with reproducible random numbers.
///
/// A random element follows from the seed, the pattern and its logical place (image, channel, y, x) alone. So both layouts of
/// a convolution, and the same layer with another activation, have the same reference results.
public final class LayerTensors: Sendable {
  /// The layer that the tensors belong to.
  public let layer: Layer
  /// What the elements are; a user's are real.
  public let pattern: DataPattern
  /// Where a user's elements come from, which tells them from others of the same layer; nil for random ones.
  public let origin: String?
  /// The input, in the layer's layout.
  public let input: FloatBuffer
  /// The weights, [n][k].
  public let weights: FloatBuffer
  /// `n` biases; `nil` for a layer without.
  public var bias: UnsafePointer<Float>? { layer.bias ? UnsafePointer(biasBuffer.pointer) : nil }

  /// The biases, between their guards; empty for a layer without.
  public let biasBuffer: FloatBuffer

  /// Allocates and fills the tensors, on all cores.
  ///
  /// - Throws: `OutOfMemory`.
  public init(_ layer: Layer, pattern: DataPattern, seed: UInt64) throws(OutOfMemory) {
    self.layer = layer
    self.pattern = pattern
    origin = nil
    input = try FloatBuffer(count: layer.inputCount)
    weights = try FloatBuffer(count: layer.weightCount)
    biasBuffer = try FloatBuffer(count: layer.bias ? layer.n : 0)

    // A product of two elements has a standard deviation of 1/3 (real) or 7.5 (integer), a sum of k of them √k times
    // that. Weights are scaled by the power of two that brings it nearest to 2.
    let deviation = (pattern == .real ? 1.0 / 3 : 7.5) * Double(layer.k).squareRoot()
    let scale = Float(sign: .plus, exponent: (2 / deviation).exponent, significand: 1)
    let shape = layer.shape
    let isChannelsLast = layer.layout == .nhwc
    fill(input, pattern: pattern, seed: seed, stream: 0, scale: 1) { index in
      // The logical index is that of NCHW; a fully connected layer's input is flattened in that order as it is.
      guard isChannelsLast else { return index }
      let (pixel, channel) = index.quotientAndRemainder(dividingBy: shape.ic)
      let (image, place) = pixel.quotientAndRemainder(dividingBy: shape.ih * shape.iw)
      return (image * shape.ic + channel) * shape.ih * shape.iw + place
    }
    fill(weights, pattern: pattern, seed: seed, stream: 1, scale: scale) { $0 }
    fill(biasBuffer, pattern: pattern, seed: seed, stream: 2, scale: pattern == .real ? 1 : scale) { $0 }
  }

  /// Takes a user's tensors.
  ///
  /// - Parameters:
  ///   - input: in the layer's layout.
  ///   - weights: [n][k].
  ///   - bias: `n` biases; none for a layer without.
  ///   - origin: where the tensors come from.
  /// - Requires: each has as many elements as the layer says, all finite.
  public init(
    _ layer: Layer, input: consuming FloatBuffer, weights: consuming FloatBuffer, bias: consuming FloatBuffer,
    origin: String
  ) {
    precondition(
      input.count == layer.inputCount && weights.count == layer.weightCount
        && bias.count == (layer.bias ? layer.n : 0))
    self.layer = layer
    self.origin = origin
    pattern = .real
    self.input = input
    self.weights = weights
    biasBuffer = bias
  }
}

/// Fills `buffer` on all cores; `place` gives the logical index of an element.
private func fill(
  _ buffer: borrowing FloatBuffer, pattern: DataPattern, seed: UInt64, stream: UInt64, scale: Float,
  place: @escaping @Sendable (Int) -> Int
) {
  let generator = SeededGenerator(seed: seed, stream: pattern.rawValue << 8 | stream)
  let target = ElementPointer(pointer: buffer.pointer)
  parallelChunks(of: buffer.count, atLeast: 1 << 16) { chunk in
    for index in chunk {
      let bits = generator.number(at: place(index))
      let value: Float
      switch pattern {
      case .real: value = Float(bits >> 40) * 0x1p-23 - 1
      case .integer:
        let magnitude = Float(1 + (bits >> 62))
        value = bits & 1 == 0 ? magnitude : -magnitude
      }
      target.pointer[index] = value * scale
    }
  }
}

/// `@unchecked Sendable`: every chunk writes its own elements.
private struct ElementPointer: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Float>
}
