import Layers
import Testing

@Suite struct ReferenceTests {
  private static let seed: UInt64 = 5

  @Test func integerReferencesEqualTheTextbookExactly() throws {
    for bias in [false, true] {
      for layer in try ExampleLayers.all(bias: bias) {
        let tensors = try LayerTensors(layer, pattern: .integer, seed: Self.seed)
        let reference = Reference(tensors, seed: Self.seed)
        let textbook = Textbook(tensors)
        #expect(reference.isComplete && reference.isExact)
        #expect(reference.rows == Array(0..<layer.m))
        #expect((reference.columns, reference.depth) == (layer.n, layer.k))
        for m in 0..<layer.m {
          for n in 0..<layer.n {
            let place = textbook.places[m][n]
            #expect(layer.outputIndex(m: m, n: n) == place)
            #expect(reference.values[m * layer.n + n] == textbook.values[place], "\(layer), row \(m), column \(n)")
            #expect(reference.magnitudes[m * layer.n + n] == textbook.magnitudes[place], "\(layer)")
          }
        }
      }
    }
  }

  @Test func realReferencesEqualTheTextbookToRounding() throws {
    for layer in try ExampleLayers.all() {
      let tensors = try LayerTensors(layer, pattern: .real, seed: Self.seed)
      let reference = Reference(tensors, seed: Self.seed)
      let textbook = Textbook(tensors)
      #expect(!reference.isExact)
      for m in 0..<layer.m {
        for n in 0..<layer.n {
          let place = textbook.places[m][n]
          let tolerance = textbook.magnitudes[place] * 1e-14
          #expect(abs(reference.values[m * layer.n + n] - textbook.values[place]) <= tolerance)
          #expect(abs(reference.magnitudes[m * layer.n + n] - textbook.magnitudes[place]) <= tolerance)
        }
      }
    }
  }

  @Test func everyInputElementThatIsUsedIsUsedOnce() throws {
    for layer in try ExampleLayers.all() {
      var seen: Set<Int> = []
      for m in 0..<layer.m { for k in 0..<layer.k { seen.insert(layer.inputIndex(m: m, k: k)) } }
      #expect(seen.count == layer.m * layer.k)
      #expect(seen.allSatisfy { $0 >= 0 && $0 < layer.inputCount })
    }
  }

  @Test func oneRowOfManyColumnsIsSharedOutAmongCores() throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 2, ic: 37, oc: 501), layout: .nc, bias: true)
    let tensors = try LayerTensors(layer, pattern: .integer, seed: Self.seed)
    let (reference, textbook) = (Reference(tensors, seed: Self.seed), Textbook(tensors))
    #expect(reference.values == textbook.values)
  }

  @Test(arguments: [1, 2, 3, 5, 100])
  func sampledRowsAreRowsOfTheCompleteReference(mb: Int) throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: mb, ic: 21, oc: 34), layout: .nc, bias: true)
    let tensors = try LayerTensors(layer, pattern: .real, seed: Self.seed)
    let complete = Reference(tensors, seed: Self.seed)
    let sampled = Reference(tensors, seed: Self.seed, fullLimit: layer.flops - 1)
    #expect(!sampled.isComplete)
    #expect(sampled.rows.first == 0)
    #expect(sampled.rows.last == mb - 1)
    #expect(sampled.rows == Set(sampled.rows).sorted())
    #expect(sampled.rows.count >= min(mb, 4) && sampled.rows.count <= mb)
    #expect(sampled.values.count == sampled.rows.count * layer.n)
    for (i, row) in sampled.rows.enumerated() {
      let (part, whole) = (i * layer.n..<(i + 1) * layer.n, row * layer.n..<(row + 1) * layer.n)
      #expect(sampled.values[part] == complete.values[whole])
      #expect(sampled.magnitudes[part] == complete.magnitudes[whole])
    }
    // Which rows follows from the seed.
    #expect(Reference(tensors, seed: Self.seed, fullLimit: layer.flops - 1).rows == sampled.rows)
    if mb == 100 { #expect(Reference(tensors, seed: 6, fullLimit: layer.flops - 1).rows != sampled.rows) }
  }

  @Test func theLimitItselfIsStillComplete() throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 9, ic: 21, oc: 34), layout: .nc)
    let tensors = try LayerTensors(layer, pattern: .integer, seed: Self.seed)
    #expect(Reference(tensors, seed: Self.seed, fullLimit: layer.flops).isComplete)
  }

  @Test func memoryIsThatOfTheRowsKept() throws {
    // The second has 1.1 GFLOP, and is sampled.
    for shape in [Shape.fc(mb: 30, ic: 21, oc: 34), .fc(mb: 300, ic: 1400, oc: 1400)] {
      let layer = try Layer(op: .fc, shape: shape, layout: .nc)
      let reference = Reference(try LayerTensors(layer, pattern: .integer, seed: Self.seed), seed: Self.seed)
      let bytes = (reference.values.count + reference.magnitudes.count) * MemoryLayout<Double>.stride
      #expect(Reference.memoryBytes(layer) == bytes)
      #expect(reference.isComplete == (layer.flops <= 1e9))
    }
  }
}
