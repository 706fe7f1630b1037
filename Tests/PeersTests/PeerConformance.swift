import Layers
import Peers

/// The seed of all data in these tests.
let peerSeed: UInt64 = 41

/// Tensors of one layer, and one operation of a peer on them.
final class PeerBench {
  let layer: Layer
  let tensors: LayerTensors
  let output: FloatBuffer
  let operation: any PeerOperation

  init(_ peer: any Peer, _ method: String, _ layer: Layer, _ pattern: DataPattern, threads: Int) throws {
    self.layer = layer
    tensors = try LayerTensors(layer, pattern: pattern, seed: peerSeed)
    output = try FloatBuffer(count: layer.outputCount)
    operation = try peer.prepare(
      method, layer,
      PeerOperands(
        input: UnsafePointer(tensors.input.pointer), weights: UnsafePointer(tensors.weights.pointer),
        bias: tensors.bias, output: output.pointer),
      threads: threads)
  }

  /// What is wrong after `executions` executions, or nil.
  func failure(executions: Int = 1) throws -> String? {
    output.poison()
    for _ in 0..<executions { try operation.execute() }
    try operation.collect()
    let result = ResultCheck.compare(output, of: layer, with: Reference(tensors, seed: peerSeed))
    if let failure = result.failure { return failure }
    if let distance = output.firstDamage() { return "the output was written at \(distance) outside of its ends" }
    if let distance = tensors.input.firstDamage() { return "the input was written at \(distance) outside of its ends" }
    return nil
  }
}

/// Every layer that `method` has to compute rightly: odd sizes, strides, images, activations, with bias and without.
func peerLayers(_ layouts: [Layout]) throws -> [Layer] {
  var layers: [Layer] = []
  let convolutions: [(ic: Int, oc: Int, ih: Int, iw: Int, stride: Int)] = [
    (3, 5, 7, 5, 1), (64, 96, 7, 7, 1), (33, 47, 9, 13, 2), (16, 32, 1, 1, 1), (100, 17, 5, 1, 2),
  ]
  let matrices: [(k: Int, n: Int)] = [(1, 1), (7, 13), (64, 128), (147, 33)]
  for mb in [1, 3] {
    // Every activation with a bias, and one in two without as well.
    for (index, activation) in Activation.allCases.enumerated() {
      for bias in index % 2 == 0 ? [true, false] : [true] {
        for layout in layouts where layout != .nc {
          for (ic, oc, ih, iw, stride) in convolutions {
            layers.append(
              try Layer(
                op: .conv1x1, shape: .conv1x1(mb: mb, ic: ic, oc: oc, ih: ih, iw: iw, sh: stride, sw: stride),
                layout: layout, bias: bias, activation: activation))
          }
        }
        if layouts.contains(.nc) {
          for (k, n) in matrices {
            layers.append(
              try Layer(op: .fc, shape: .fc(mb: mb, ic: k, oc: n), layout: .nc, bias: bias, activation: activation))
          }
        }
      }
    }
    // A spatial input, flattened; strides that differ.
    if layouts.contains(.nc) {
      layers.append(try Layer(op: .fc, shape: .fc(mb: mb, ic: 5, oc: 19, ih: 3, iw: 2), layout: .nc, bias: true))
    }
    for layout in layouts where layout != .nc {
      layers.append(
        try Layer(
          op: .conv1x1, shape: .conv1x1(mb: mb, ic: 24, oc: 40, ih: 6, iw: 7, sh: 1, sw: 3), layout: layout, bias: true)
      )
    }
  }
  return layers
}

/// What `method` computes wrongly of `layers`, in words.
func peerFailures(_ peer: any Peer, _ method: String, _ layers: [Layer], threads: Int) throws -> [String] {
  var failures: [String] = []
  for layer in layers {
    for pattern in DataPattern.allCases {
      let bench = try PeerBench(peer, method, layer, pattern, threads: threads)
      if let failure = try bench.failure() {
        failures.append("\(layer), \(pattern), seed \(peerSeed), \(bench.operation.implementation ?? "?"): \(failure)")
      }
    }
  }
  return failures
}
