import Layers
import Testing

@Suite struct ProjectionTests {
  private static let seed: UInt64 = 13

  /// A layer's projection, and its right output.
  private func example(_ layer: Layer) throws -> (Projection, Output) {
    let tensors = try LayerTensors(layer, pattern: .integer, seed: Self.seed)
    return (Projection(tensors, seed: Self.seed), try Output(layer, Reference(tensors, seed: Self.seed)))
  }

  @Test func theRightResultPasses() throws {
    for bias in [false, true] {
      for layer in try ExampleLayers.all(bias: bias) {
        let (projection, output) = try example(layer)
        #expect(projection.failure(of: output.buffer, layer: layer) == nil, "\(layer)")
      }
    }
    // Long sums, and sums shared out among cores.
    let layer = try Layer(op: .fc, shape: .fc(mb: 70, ic: 4099, oc: 65), layout: .nc, bias: true)
    let (projection, output) = try example(layer)
    #expect(projection.failure(of: output.buffer, layer: layer) == nil)
  }

  @Test func oneWrongElementAnywhereFails() throws {
    for layer in try ExampleLayers.all() {
      let (projection, output) = try example(layer)
      for m in 0..<layer.m {
        for n in 0..<layer.n {
          let i = layer.outputIndex(m: m, n: n)
          let right = output.pointer[i]
          // Beside 0, the nearest floats are far smaller than any term of a sum.
          let near = right == 0 ? [Float(0x1p-20), -0x1p-20] : [right.nextUp, right.nextDown]
          for wrong in near + [right + 1, .infinity, .nan] {
            output.pointer[i] = wrong
            let failure = projection.failure(of: output.buffer, layer: layer)
            #expect(failure?.hasPrefix("row \(m), ") == true, "\(layer): row \(m), column \(n) as \(wrong)")
          }
          output.pointer[i] = right
        }
      }
    }
  }

  @Test func swappedRowsAndColumnsFail() throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 9, ic: 20, oc: 8), layout: .nc, bias: true)
    let (projection, output) = try example(layer)
    func swap(_ a: Int, _ b: Int) { (output.pointer[a], output.pointer[b]) = (output.pointer[b], output.pointer[a]) }
    for other in 1..<layer.m {
      for n in 0..<layer.n { swap(n, other * layer.n + n) }
      #expect(projection.failure(of: output.buffer, layer: layer) != nil, "rows 0 and \(other)")
      for n in 0..<layer.n { swap(n, other * layer.n + n) }
    }
    for other in 1..<layer.n {
      for m in 0..<layer.m { swap(m * layer.n, m * layer.n + other) }
      #expect(projection.failure(of: output.buffer, layer: layer) != nil, "columns 0 and \(other)")
      for m in 0..<layer.m { swap(m * layer.n, m * layer.n + other) }
    }
    #expect(projection.failure(of: output.buffer, layer: layer) == nil)
  }

  @Test func errorsThatCancelInAPlainSumFail() throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 2, ic: 20, oc: 8), layout: .nc)
    let (projection, output) = try example(layer)
    output.pointer[3] += 1
    output.pointer[4] -= 1
    #expect(projection.failure(of: output.buffer, layer: layer) != nil)
  }
}
