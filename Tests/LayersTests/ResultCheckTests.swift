import Layers
import Testing

/// A layer's output that is right in the rows that a reference has, and poisoned in all others.
final class Output {
  let buffer: FloatBuffer
  var pointer: UnsafeMutablePointer<Float> { buffer.pointer }

  init(_ layer: Layer, _ reference: Reference) throws {
    buffer = try FloatBuffer(count: layer.outputCount)
    for (i, m) in reference.rows.enumerated() {
      for n in 0..<layer.n {
        pointer[layer.outputIndex(m: m, n: n)] = Float(layer.activation(reference.values[i * layer.n + n]))
      }
    }
  }
}

@Suite struct ResultCheckTests {
  private static let seed: UInt64 = 8

  @Test(arguments: Activation.allCases)
  func theRightResultPasses(activation: Activation) throws {
    for layer in try ExampleLayers.all(activation: activation) {
      for pattern in DataPattern.allCases {
        let reference = Reference(try LayerTensors(layer, pattern: pattern, seed: Self.seed), seed: Self.seed)
        let output = try Output(layer, reference)
        let check = ResultCheck.compare(output.buffer, of: layer, with: reference)
        #expect(check.passed, "\(layer): \(check.failure ?? "")")
        #expect(check.error <= check.bound)
      }
    }
  }

  @Test func oneWrongElementAnywhereFails() throws {
    for layer in try ExampleLayers.all() {
      let reference = Reference(try LayerTensors(layer, pattern: .integer, seed: Self.seed), seed: Self.seed)
      let output = try Output(layer, reference)
      for m in 0..<layer.m {
        for n in 0..<layer.n {
          let i = layer.outputIndex(m: m, n: n)
          let right = output.pointer[i]
          for wrong in [right.nextUp, right.nextDown, .infinity, .nan, Float(bitPattern: FloatBuffer.poison)] {
            output.pointer[i] = wrong
            let check = ResultCheck.compare(output.buffer, of: layer, with: reference)
            let failure = try #require(check.failure, "\(layer): row \(m), column \(n) as \(wrong)")
            #expect(failure.hasPrefix("row \(m), column \(n) is \(wrong), expected \(right)"))
            #expect(check.error > check.bound)
            if !wrong.isFinite { #expect(check.error == .infinity) }
          }
          output.pointer[i] = right
        }
      }
      #expect(ResultCheck.compare(output.buffer, of: layer, with: reference).passed)
    }
  }

  @Test(arguments: Activation.allCases)
  func errorsAreForgivenUpToTheBoundAndNoFurther(activation: Activation) throws {
    for layer in try ExampleLayers.all(activation: activation) where layer.k > 8 {
      let reference = Reference(try LayerTensors(layer, pattern: .real, seed: Self.seed), seed: Self.seed)
      let output = try Output(layer, reference)
      for m in [0, layer.m / 2, layer.m - 1] {
        for n in [0, layer.n - 1] {
          let z = reference.values[m * layer.n + n]
          let bound = ErrorBound.of(
            activation, sum: z, magnitude: reference.magnitudes[m * layer.n + n], depth: layer.k, isExact: false)
          let exact = activation(z)
          let i = layer.outputIndex(m: m, n: n)
          let right = output.pointer[i]
          // The outermost floats within the bound, and their neighbours beyond it.
          var high = Float(exact + bound)
          while Double(high) - exact > bound { high = high.nextDown }
          var low = Float(exact - bound)
          while exact - Double(low) > bound { low = low.nextUp }
          while Double(high.nextUp) - exact <= bound { high = high.nextUp }
          while exact - Double(low.nextDown) <= bound { low = low.nextDown }
          for (value, passes) in [(high, true), (low, true), (high.nextUp, false), (low.nextDown, false)] {
            output.pointer[i] = value
            let check = ResultCheck.compare(output.buffer, of: layer, with: reference)
            #expect(check.passed == passes, "\(layer): \(value) for \(exact) ± \(bound)")
            // By far the largest share of its bound, so it is the element that is reported.
            #expect(check.error == abs(Double(value) - exact))
            #expect(check.bound == bound)
          }
          output.pointer[i] = right
        }
      }
    }
  }

  @Test func theWorstElementIsReportedAndTheFirstNamed() throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 200, ic: 9, oc: 7), layout: .nc)
    let reference = Reference(try LayerTensors(layer, pattern: .integer, seed: Self.seed), seed: Self.seed)
    let output = try Output(layer, reference)
    for (m, n, error) in [(150, 3, Float(1)), (20, 5, 3), (199, 6, 2)] { output.pointer[m * 7 + n] += error }
    let check = ResultCheck.compare(output.buffer, of: layer, with: reference)
    #expect(check.error == 3)
    #expect(check.failure?.hasPrefix("row 20, column 5 ") == true)
  }

  @Test func aReferenceServesBothLayoutsAndEveryActivation() throws {
    let shape = Shape.conv1x1(mb: 2, ic: 6, oc: 5, ih: 7, iw: 9, sh: 2, sw: 2)
    let first = try Layer(op: .conv1x1, shape: shape, layout: .nchw, bias: true)
    let last = try Layer(op: .conv1x1, shape: shape, layout: .nhwc, bias: true, activation: .gelu)
    let reference = Reference(try LayerTensors(first, pattern: .real, seed: Self.seed), seed: Self.seed)
    let other = Reference(try LayerTensors(last, pattern: .real, seed: Self.seed), seed: Self.seed)
    #expect(reference.values == other.values)
    let output = try Output(last, other)
    #expect(ResultCheck.compare(output.buffer, of: last, with: reference).passed)
  }

  @Test func sampledRowsAreAllThatIsCompared() throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 100, ic: 9, oc: 7), layout: .nc)
    let tensors = try LayerTensors(layer, pattern: .integer, seed: Self.seed)
    let reference = Reference(tensors, seed: Self.seed, fullLimit: 1)
    let output = try Output(layer, reference)
    // The other rows are still poisoned.
    #expect(ResultCheck.compare(output.buffer, of: layer, with: reference).passed)
    for row in reference.rows {
      let right = output.pointer[row * 7 + 6]
      output.pointer[row * 7 + 6] = .nan
      #expect(!ResultCheck.compare(output.buffer, of: layer, with: reference).passed)
      output.pointer[row * 7 + 6] = right
    }
  }
}
