import Harness
import Kernels
import Layers
import Testing

/// The work that `packed` counts, against what follows from the problem alone.
@Suite struct KernelWorkTests {
  static let shapes: [Shape] = [
    .conv1x1(ic: 64, oc: 256, ih: 56, iw: 56), .conv1x1(ic: 1000, oc: 30, ih: 7, iw: 7),
    .conv1x1(mb: 3, ic: 33, oc: 17, ih: 5, iw: 9), .conv1x1(ic: 512, oc: 96, ih: 28, iw: 28, sh: 2, sw: 2),
    .conv1x1(ic: 2048, oc: 512, ih: 7, iw: 7), .conv1x1(ic: 1, oc: 1, ih: 1, iw: 1),
    .conv1x1(mb: 2, ic: 1024, oc: 40, ih: 14, iw: 14), .conv1x1(ic: 36, oc: 24, ih: 9, iw: 7),
    .conv1x1(ic: 130, oc: 21, ih: 5, iw: 1),
  ]

  static var packed: [ListedKernel] { ListedKernel.all.filter { $0.kernel.name == "packed" } }

  private func layers(_ shape: Shape) throws -> [Layer] {
    try Layout.applicable(to: .conv1x1).map { try Layer(op: .conv1x1, shape: shape, layout: $0) }
      + [try Layer(op: .fc, shape: .fc(mb: shape.oh, ic: shape.ic, oc: shape.oc), layout: .nc)]
  }

  private func roundedUp(_ count: Int, _ multiple: Int) -> Int { (count + multiple - 1) / multiple * multiple }

  /// Multiply-adds of the last `rest` channels, where they are not in tiles, those of empty lanes included.
  private func tailMultiplyAdds(_ layer: Layer, _ rest: Int, _ lanes: Int) -> Int {
    if !Problem(layer).isChannelsLast { return rest * roundedUp(layer.m, lanes) * layer.k }
    // A power of two of channels share a vector, which holds as many terms of each as fit.
    let channels = sequence(first: 1) { 2 * $0 }.first { $0 >= rest }!
    return roundedUp(layer.m, lanes) * channels * roundedUp(layer.k, lanes / channels)
  }

  @Test(arguments: packed, shapes) func tilesCoverTheLayerWithEmptyLanesAtItsEdgesOnly(
    listed: ListedKernel, shape: Shape
  ) throws {
    let kernel = listed.kernel
    for layer in try layers(shape) {
      let problem = Problem(layer)
      let whole = Block(rows: 0..<layer.m, columns: 0..<layer.n)
      let work = try #require(kernel.work(problem, whole))
      let lanes = work.lanes
      let pixelsAreColumns = kernel.grain(problem).rows > 1
      let hasTail = work.dotVectors + work.groupedVectors > 0
      let chains = kernel.summationOrder(problem)?.chains
      if chains == 2 {
        // Pairs of terms fill their vectors.
        #expect(work.multiplyAdds == Double(layer.m * layer.n * layer.k) && work.restoredElements == 0 && !hasTail)
        continue
      }
      if chains == lanes {
        // Dot products, whose vectors are terms.
        #expect(work.multiplyAdds == Double(layer.m * layer.n * roundedUp(layer.k, lanes)), "\(layer)")
        #expect(work.restoredElements == 0 && work.copiedVectors == 0 && !hasTail)
        continue
      }
      let isRow = layer.m == 1 && problem.isChannelsLast
      let rest = layer.n % lanes
      let elements =
        pixelsAreColumns
        ? layer.n * (layer.m / problem.imagePixels) * roundedUp(problem.imagePixels, lanes)
        : layer.m * roundedUp(hasTail ? layer.n - rest : layer.n, lanes)
      let tail = hasTail ? tailMultiplyAdds(layer, rest, lanes) : 0
      #expect(work.multiplyAdds == Double(elements * layer.k + tail), "\(layer)")
      #expect(work.tiles.keys.allSatisfy { $0.rows <= 28 && $0.vectors <= (isRow ? 8 : 4) && $0.depth <= layer.k })
      let copied = work.copiedElements + work.copiedVectors * lanes
      if !problem.isChannelsLast {
        // Each input element is copied once, and a run ends with a whole vector.
        let lanesToSpare = work.copiedRuns * (lanes - 1)
        #expect(copied >= layer.m * layer.k && copied <= layer.m * layer.k + lanesToSpare, "\(layer)")
      }
      let edges = pixelsAreColumns ? problem.imagePixels % lanes : layer.n % lanes
      if problem.isChannelsLast && edges == 0 { #expect(work.restoredElements == 0) }
      if edges != 0 { #expect(work.restoredElements > 0 || hasTail || isRow, "\(layer)") }
    }
  }

  @Test(arguments: packed) func partsOfADivisionAddUpToTheLayer(listed: ListedKernel) throws {
    let kernel = listed.kernel
    for shape in Self.shapes {
      for layer in try layers(shape) {
        let problem = Problem(layer)
        let whole = Block(rows: 0..<layer.m, columns: 0..<layer.n)
        let all = try #require(kernel.work(problem, whole)).multiplyAdds
        for split in [Split.channels, .pixels, .grid] {
          let division = split.division(of: problem, for: kernel, threads: 3)
          let parts = division.blocks.compactMap { kernel.work(problem, $0)?.multiplyAdds }
          #expect(parts.count == 3)
          // Pixels of several images may be cut within a vector, which then both parts fill up.
          let extra = split == .channels ? 0 : 3 * 64 * Double(layer.n * layer.k)
          #expect(parts.reduce(0, +) >= all && parts.reduce(0, +) <= all + extra, "\(layer) \(split)")
        }
      }
    }
  }

  @Test func anEmptyBlockIsNoWorkAndOtherKernelsDoNotCount() throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 4, ic: 64, oc: 32), layout: .nc)
    for listed in ListedKernel.all {
      let work = listed.kernel.work(Problem(layer), Block(rows: 0..<0, columns: 0..<32))
      if listed.kernel.name == "packed" { #expect(work?.tiles.isEmpty == true) } else { #expect(work == nil) }
    }
  }

  /// Every multiply-add of every block is counted, no other, and the results are right.
  @Test func whatIsCountedIsWhatRuns() throws {
    let kernels = [Kernel(Packed<CountingISA>.self)] + Kernel(Packed<CountingISA>.self).handPicked
    var withTails = 0
    for (index, hostile) in HostileLayers.all().enumerated() where hostile.m * hostile.n * hostile.k < 300_000 {
      // Other activations have multiply-adds of their own.
      let layer = try Layer(
        op: hostile.op, shape: hostile.shape, layout: hostile.layout, bias: hostile.bias, activation: .relu)
      let caches = CacheSizes(l1d: 256 << (index % 8), l2: 2048 << (index % 5), l3: 1 << 20)
      let bench = try KernelBench(layer, .integer, caches: caches)
      for kernel in [kernels[0], kernels[index % kernels.count]] where kernel.supports(bench.problem) {
        let packed = try bench.packedWeights(kernel)
        for (name, blocks) in [("one block", [bench.whole])] + bench.divisions(kernel.grain(bench.problem)) {
          let before = CountingISA.multiplyAdds.load(ordering: .relaxed)
          let result = try bench.run(kernel, blocks, packed: packed, isChecked: true)
          let ran = (CountingISA.multiplyAdds.load(ordering: .relaxed) - before) * kernel.lanes
          let work = try blocks.map { try #require(kernel.work(bench.problem, $0)) }
          let what = "\(name), \(kernel.name), \(caches), \(layer)"
          try #require(result.failure == nil && result.damage == nil, "\(what)")
          try #require(work.reduce(0) { $0 + $1.multiplyAdds } == Double(ran), "\(what)")
          if work.contains(where: { $0.dotVectors + $0.groupedVectors > 0 }) { withTails += 1 }
        }
      }
    }
    #expect(withTails > 100)
  }
}
