import Kernels
import Layers

/// One way to compute the scores of all windows: the steps of a team, and the memory between them.
final class HeadRun {
  /// One execution's steps, in their order.
  private(set) var steps: [@Sendable (Int) -> Void] = []
  /// In which order each layer's products are added up.
  private(set) var orders: [SummationOrder?] = []
  /// The scores.
  private(set) var scores: SharedBuffer
  private var kernels: [FormKernel] = []
  private var buffers: [SharedBuffer] = []
  private let item: Case
  private let caches: CacheSizes

  private init(_ item: Case, _ caches: CacheSizes) throws(OutOfMemory) {
    self.item = item
    self.caches = caches
    scores = try SharedBuffer(count: 0)
  }

  /// Damage to guard bands, in words; nil if there is none.
  var damage: String? {
    if buffers.contains(where: { $0.buffer.firstDamage() != nil }) { return "a layer wrote outside of its output" }
    return kernels.lazy.compactMap(\.damage).first
  }

  /// As convolutions: all windows written out, one GEMM over them, and 1×1 convolutions over the map that it gives.
  static func slid(_ head: HeadTensors, _ item: Case, _ caches: CacheSizes) throws(OutOfMemory) -> HeadRun {
    let run = try HeadRun(item, caches)
    let image = UnsafePointer(head.image.input.pointer)
    var output = try run.add(move: head.patches.input, from: image)
    output = try run.add(head, 0, head.patches.layer, from: output)
    if !head.patches.output.isIdentity { output = try run.add(move: head.patches.output, from: output) }
    for (index, layer) in head.convolutions.others.enumerated() {
      output = try run.add(head, index + 1, layer, from: output)
    }
    return run
  }

  /// Window by window: cut out, and put through the FC layers. The scores are those of one window after the other.
  static func windows(_ head: HeadTensors, _ item: Case, _ caches: CacheSizes) throws(OutOfMemory) -> HeadRun {
    let run = try HeadRun(item, caches)
    let image = UnsafePointer(head.image.input.pointer)
    let layers = head.head.layers
    var kernels: [FormKernel] = []
    for (index, layer) in layers.enumerated() { kernels.append(try run.kernel(head, index, layer)) }
    let features = try run.buffer(layers[0].k)
    let hidden = try layers.dropLast().map { layer throws(OutOfMemory) in try run.buffer(layer.n) }
    let width = layers[layers.count - 1].n
    let scores = try run.buffer(head.windowCount * width)
    for window in 0..<head.windowCount {
      run.steps.append(
        share(of: head.window(window), from: image, to: features, workers: item.threads))
      var input = features
      for (index, kernel) in kernels.enumerated() {
        let output = index < hidden.count ? hidden[index] : scores + window * width
        run.steps.append(
          kernel.body(
            input: input, weights: head.weights(index), bias: head.tensors[index].bias, output: output))
        input = output
      }
    }
    return run
  }

  private func add(
    move: Rearrangement, from source: UnsafePointer<Float>
  ) throws(OutOfMemory) -> UnsafePointer<Float> {
    let target = try buffer(move.count)
    steps.append(share(of: move, from: source, to: target, workers: item.threads))
    return UnsafePointer(target)
  }

  private func add(
    _ head: HeadTensors, _ index: Int, _ layer: Layer, from input: UnsafePointer<Float>
  ) throws(OutOfMemory) -> UnsafePointer<Float> {
    let output = try buffer(layer.outputCount)
    steps.append(
      try kernel(head, index, layer).body(
        input: input, weights: head.weights(index), bias: head.tensors[index].bias, output: output))
    return UnsafePointer(output)
  }

  private func kernel(_ head: HeadTensors, _ index: Int, _ layer: Layer) throws(OutOfMemory) -> FormKernel {
    let kernel = try FormKernel(
      item.formKernel, layer, weights: head.weights(index), split: item.split, threads: item.threads, caches: caches)
    kernels.append(kernel)
    orders.append(kernel.summationOrder)
    return kernel
  }

  /// A new buffer; the last one that is made holds the scores.
  private func buffer(_ count: Int) throws(OutOfMemory) -> UnsafeMutablePointer<Float> {
    let buffer = try SharedBuffer(count: count)
    buffers.append(buffer)
    scores = buffer
    return buffer.buffer.pointer
  }
}
