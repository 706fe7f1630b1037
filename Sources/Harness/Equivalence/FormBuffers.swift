import Layers

/// The tensors of all forms of one layer: the same numbers, on the same memory wherever nothing moves.
final class FormBuffers {
  let forms: EquivalentForms
  /// The first form's tensors, of which all others are made.
  let tensors: LayerTensors
  private(set) var inputs: [UnsafePointer<Float>]
  private(set) var weights: [UnsafePointer<Float>]
  private(set) var outputs: [SharedBuffer]
  /// Which of the ways to an input that was there already do not lead to it: a conversion that is wrong.
  private(set) var failures: [Int: String] = [:]
  private var owned: [SharedBuffer] = []

  init(_ forms: EquivalentForms, pattern: DataPattern, seed: UInt64) throws(OutOfMemory) {
    self.forms = forms
    let layers = forms.forms.map(\.layer)
    tensors = try LayerTensors(layers[0], pattern: pattern, seed: seed)
    let output = try SharedBuffer(count: layers[0].outputCount)
    inputs = [UnsafePointer(tensors.input.pointer)]
    weights = [UnsafePointer(tensors.weights.pointer)]
    outputs = [output]
    for (index, crossing) in forms.crossings.enumerated() {
      let source = inputs[crossing.from]
      if crossing.to < inputs.count {
        if let element = Self.firstDifference(crossing.input, from: source, to: inputs[crossing.to]) {
          failures[index] = "element \(element) of its input is not that of the first form's data"
        }
        continue
      }
      precondition(crossing.to == inputs.count, "the ways lead to one form after the other")
      inputs.append(try moved(crossing.input, source))
      weights.append(try moved(crossing.weights, weights[crossing.from]))
      let isShared = crossing.input.isIdentity && crossing.output.isIdentity
      outputs.append(isShared ? outputs[crossing.from] : try SharedBuffer(count: layers[crossing.to].outputCount))
    }
  }

  private func moved(
    _ rearrangement: Rearrangement, _ source: UnsafePointer<Float>
  ) throws(OutOfMemory) -> UnsafePointer<Float> {
    if rearrangement.isIdentity { return source }
    let buffer = try SharedBuffer(count: rearrangement.count)
    rearrangement.copy(
      from: UnsafeBufferPointer(start: source, count: rearrangement.extent),
      to: UnsafeMutableBufferPointer(start: buffer.buffer.pointer, count: buffer.buffer.count))
    owned.append(buffer)
    return UnsafePointer(buffer.buffer.pointer)
  }

  private static func firstDifference(
    _ rearrangement: Rearrangement, from source: UnsafePointer<Float>, to target: UnsafePointer<Float>
  ) -> Int? {
    let moved = rearrangement([Float](UnsafeBufferPointer(start: source, count: rearrangement.extent)))
    return moved.indices.first { moved[$0].bitPattern != target[$0].bitPattern }
  }

  /// The first damage to a guard band of what all forms share, in words; nil if there is none. They are intact afterwards.
  func damage() -> String? {
    func look(_ name: String, _ buffer: borrowing FloatBuffer) -> String? {
      defer { buffer.restoreGuards() }
      return buffer.firstDamage().map { "it wrote outside of \(name), \($0) elements from its nearer end" }
    }
    var found = [
      look("the input", tensors.input), look("the weights", tensors.weights), look("the bias", tensors.biasBuffer),
    ]
    for buffer in owned { found.append(look("its rearranged tensors", buffer.buffer)) }
    for buffer in outputs { found.append(look("the output", buffer.buffer)) }
    return found.lazy.compactMap { $0 }.first
  }

  /// The bytes that the tensors of all forms take, without packed weights.
  static func memoryBytes(_ forms: EquivalentForms) -> Int {
    let layer = forms.forms[0].layer
    var floats = layer.inputCount + layer.weightCount + layer.n + 2 * layer.outputCount
    var seen: Set = [0]
    for crossing in forms.crossings where seen.insert(crossing.to).inserted {
      if !crossing.input.isIdentity { floats += crossing.input.count }
      if !crossing.weights.isIdentity { floats += crossing.weights.count }
      // Outputs, what is kept of them, and where data is moved to while that is timed.
      floats += 2 * forms.forms[crossing.to].layer.outputCount + crossing.input.count + crossing.output.count
    }
    return floats * layer.dtype.size
  }
}
