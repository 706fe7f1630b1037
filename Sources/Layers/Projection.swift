/// A check of every element of a large output at the cost of reading it once: C·t against A·(B·t) + b·t for a random
/// vector t, as BLIS's test suite does it.
///
/// On integer data all sums are exact, in single precision and here, so a row passes only if it is right, or if wrong
/// elements cancel in a sum with weights t that they cannot know: t has 2¹¹ values.
public struct Projection: Sendable {
  private let t: [Double]
  /// A·(B·t) + b·t, one a row.
  private let expected: [Double]

  /// Computes both products of the right side, on all cores.
  ///
  /// - Requires: `tensors` are of the integer pattern, their sums exact.
  public init(_ tensors: LayerTensors, seed: UInt64) {
    let layer = tensors.layer
    let (m, n, k) = (layer.m, layer.n, layer.k)
    precondition(tensors.pattern.isExact(k: k), "a projection needs exact sums")
    var generator = SeededGenerator(seed: seed, stream: 4)
    let t = (0..<n).map { _ in
      Double(Int.random(in: 1...1024, using: &generator)) * (Bool.random(using: &generator) ? 1 : -1)
    }

    var combined = [Double](repeating: 0, count: k)
    var expected = [Double](repeating: 0, count: m)
    let bias = (0..<n).reduce(0.0) { sum, n in sum + t[n] * (tensors.bias.map { Double($0[n]) } ?? 0) }
    combined.withUnsafeMutableBufferPointer { combined in
      let sums = Elements(pointer: combined.baseAddress!)
      parallelChunks(of: k, atLeast: 256) { chunk in
        for n in 0..<n {
          let row = tensors.weights.pointer + n * k
          for k in chunk { sums.pointer[k] += t[n] * Double(row[k]) }
        }
      }
      expected.withUnsafeMutableBufferPointer { expected in
        let results = Elements(pointer: expected.baseAddress!)
        parallelChunks(of: m) { rows in
          for m in rows {
            var sum = bias
            for k in 0..<k { sum += Double(tensors.input.pointer[layer.inputIndex(m: m, k: k)]) * sums.pointer[k] }
            results.pointer[m] = sum
          }
        }
      }
    }
    self.t = t
    self.expected = expected
  }

  /// Compares every row of `output`, the result of `layer` without activation, and returns the first wrong row in words.
  public func failure(of output: borrowing FloatBuffer, layer: Layer) -> String? {
    precondition(output.count == layer.outputCount)
    return failure(of: UnsafePointer(output.pointer), layer: layer)
  }

  /// The same for an output of `layer.outputCount` elements that is not in a buffer of the lab's.
  public func failure(of output: UnsafePointer<Float>, layer: Layer) -> String? {
    precondition(layer.activation == .none)
    for m in 0..<layer.m {
      var sum = 0.0
      for n in 0..<layer.n { sum += t[n] * Double(output[layer.outputIndex(m: m, n: n)]) }
      // A NaN fails as well: it is equal to nothing.
      if sum == expected[m] { continue }
      return "row \(m), combined with random weights, is \(sum), expected exactly \(expected[m])"
    }
    return nil
  }

  /// `@unchecked Sendable`: every part writes its own elements.
  private struct Elements: @unchecked Sendable { let pointer: UnsafeMutablePointer<Double> }
}
