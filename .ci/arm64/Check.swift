// What .ci/arm64/run executes: the kernels, compiled for arm64, against the reference.
//
// Every kernel on every hostile layer, whole and with its terms divided; every register tile on layers whose last tile is
// cut in every way. It is embedded Swift, without a test framework: it prints what is wrong, and a summary.

import Glibc
import Kernels
import KernelsPortable
import Layers

@main
struct Check {
  var results = 0
  var wrong = 0
  /// The largest error ÷ bound of the right results.
  var worst = 0.0

  static func main() {
    var check = Check()
    do {
      try check.runAll()
    } catch {
      print("\(error.description)")
      exit(1)
    }
    let percent = Int((check.worst * 100).rounded(.up))
    print("\(check.results) results, \(check.wrong) wrong; the largest error is \(percent) % of its bound")
    exit(check.wrong == 0 ? 0 : 1)
  }

  mutating func runAll() throws(OutOfMemory) {
    for layer in HostileLayers.all() {
      for pattern in DataPattern.allCases { try run(Portable.kernels, on: layer, pattern) }
    }
    let tiled = Portable.kernels.flatMap { $0.handPicked }
    for layer in tileLayers() { try run(tiled, on: layer, .real) }
  }

  /// Two panels and a part of a third of every width, and two tiles and a part of every height.
  func tileLayers() -> [Layer] {
    [Layout.nhwc, .nchw].map { layout in
      guard
        let layer = try? Layer(
          op: .conv1x1, shape: .conv1x1(ic: 19, oc: 59, ih: 1, iw: 59), layout: layout, bias: true, activation: .relu)
      else { preconditionFailure("a layer for tiles is a layer") }
      return layer
    }
  }

  mutating func run(_ kernels: [Kernel], on layer: Layer, _ pattern: DataPattern) throws(OutOfMemory) {
    let tensors = try LayerTensors(layer, pattern: pattern, seed: 1)
    let reference = Reference(tensors, seed: 1)
    let problem = Problem(layer)
    for kernel in kernels where kernel.supports(problem) {
      let output = try FloatBuffer(count: layer.outputCount)
      try compute(kernel, problem, tensors, tensors.bias, from: 0, output)
      compare(output, kernel, layer, reference)
      if problem.k == 1 { continue }
      var partials: [SharedBuffer] = []
      for terms in [0..<problem.k / 2, problem.k / 2..<problem.k] {
        let partial = try SharedBuffer(count: layer.outputCount)
        try compute(kernel, problem.partial(terms), tensors, nil, from: terms.lowerBound, partial.buffer)
        partials.append(partial)
      }
      output.poison()
      kernel.combine(
        problem, partials.map { UnsafePointer($0.buffer.pointer) }, tensors.bias, output.pointer, 0..<layer.outputCount)
      compare(output, kernel, layer, reference)
    }
  }

  /// Computes `problem`, whose first term is the layer's term `first`.
  mutating func compute(
    _ kernel: Kernel, _ problem: Problem, _ tensors: LayerTensors, _ bias: UnsafePointer<Float>?, from first: Int,
    _ output: borrowing FloatBuffer
  ) throws(OutOfMemory) {
    let packed = try FloatBuffer(count: kernel.packedWeightCount(problem))
    let scratch = try FloatBuffer(count: kernel.scratchCount(problem))
    let weights = UnsafePointer(tensors.weights.pointer + first)
    if packed.count > 0 { kernel.packWeights(problem, weights, packed.pointer) }
    let operands = Operands(
      input: tensors.input.pointer + first * problem.inputChannelStride,
      weights: packed.count > 0 ? UnsafePointer(packed.pointer) : weights, bias: bias, output: output.pointer,
      scratch: scratch.pointer)
    kernel.compute(problem, operands, Block(rows: 0..<problem.m, columns: 0..<problem.n))
    if packed.firstDamage() == nil && scratch.firstDamage() == nil { return }
    wrong += 1
    print("\(kernel.name) has written past an end of packed weights or of scratch memory")
  }

  mutating func compare(
    _ output: borrowing FloatBuffer, _ kernel: Kernel, _ layer: Layer, _ reference: Reference
  ) {
    let result = ResultCheck.compare(output, of: layer, with: reference)
    results += 1
    if result.passed && output.firstDamage() == nil {
      if result.bound > 0 { worst = max(worst, result.error / result.bound) }
      return
    }
    wrong += 1
    let shape = "m \(layer.m), n \(layer.n), k \(layer.k), \(layer.layout.rawValue), \(layer.activation.rawValue)"
    print("\(kernel.name) on \(shape): \(result.failure ?? "written past an end of the output")")
  }
}
