/// What comparing an output with the reference showed.
public struct ResultCheck: Sendable, Hashable {
  /// |y − f(z)| of the element whose error is the largest part of what it may be; infinite for a NaN.
  public var error: Double
  /// What the error of that element may be.
  public var bound: Double
  /// The first wrong element in words, or nil if every element is within its bound.
  public var failure: String?
  /// Where the element of ``error`` is in the output, counted from its first element; nil if none has an error.
  public var worst: Int?

  /// Whether every checked element is within its bound.
  public var passed: Bool { failure == nil }

  /// Compares `output`, in `layer`'s layout, with `reference`, element by element, on all cores.
  ///
  /// - Requires: `reference` belongs to a layer of the same operation, shape, weights and bias; layout and activation
  ///   may differ.
  public static func compare(_ output: borrowing FloatBuffer, of layer: Layer, with reference: Reference) -> ResultCheck
  {
    precondition(output.count == layer.outputCount)
    return compare(UnsafePointer(output.pointer), of: layer, with: reference)
  }

  /// The same for an output of `layer.outputCount` elements that is not in a buffer of the lab's.
  public static func compare(_ output: UnsafePointer<Float>, of layer: Layer, with reference: Reference) -> ResultCheck
  {
    precondition(reference.columns == layer.n)
    let elements = OutputElements(pointer: output)
    let parts = min(reference.rows.count, 64)
    var worst = [ResultCheck](repeating: ResultCheck(error: 0, bound: 0), count: parts)
    worst.withUnsafeMutableBufferPointer { worst in
      let results = PartResults(pointer: worst.baseAddress!)
      parallelChunks(of: parts) { chunk in
        for part in chunk {
          let rows = reference.rows.count * part / parts..<reference.rows.count * (part + 1) / parts
          results.pointer[part] = compare(elements.pointer, of: layer, with: reference, rows: rows)
        }
      }
    }
    return worst.dropFirst().reduce(worst[0]) { a, b in
      var worse = a.isWorse(than: b) ? a : b
      worse.failure = a.failure ?? b.failure
      return worse
    }
  }

  private static func compare(
    _ output: UnsafePointer<Float>, of layer: Layer, with reference: Reference, rows: Range<Int>
  ) -> ResultCheck {
    var worst = ResultCheck(error: 0, bound: 0)
    for row in rows {
      for n in 0..<layer.n {
        let z = reference.values[row * layer.n + n]
        let expected = layer.activation(z)
        let index = layer.outputIndex(m: reference.rows[row], n: n)
        let actual = output[index]
        let bound = ErrorBound.of(
          layer.activation, sum: z, magnitude: reference.magnitudes[row * layer.n + n], depth: reference.depth,
          isExact: reference.isExact)
        // Written so that a NaN fails: it compares false with everything.
        let difference = abs(Double(actual) - expected)
        let isWithin = difference <= bound
        let element = ResultCheck(error: difference.isNaN ? .infinity : difference, bound: bound, worst: index)
        let failure = worst.failure
        if element.isWorse(than: worst) { worst = element }
        worst.failure = failure
        if !isWithin && failure == nil {
          worst.failure =
            "row \(reference.rows[row]), column \(n) is \(actual), expected \(Float(expected)) ± \(Float(bound))"
        }
      }
    }
    return worst
  }

  private func isWorse(than other: ResultCheck) -> Bool {
    // error ÷ bound > other.error ÷ other.bound, without dividing by a bound of 0; equal ratios go to the larger bound.
    let (mine, theirs) = (error * other.bound, other.error * bound)
    return mine == theirs ? (error > other.error || bound > other.bound) : mine > theirs || mine.isNaN
  }

  /// `@unchecked Sendable`: read only.
  private struct OutputElements: @unchecked Sendable { let pointer: UnsafePointer<Float> }
  /// `@unchecked Sendable`: every part writes its own element.
  private struct PartResults: @unchecked Sendable { let pointer: UnsafeMutablePointer<ResultCheck> }
}
