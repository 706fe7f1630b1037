import Harness
import Kernels
import Layers
import Testing

/// What every kernel of the catalog promises, kernel by kernel.
@Suite struct KernelConformanceTests {
  /// The result is right, and has the same bits, however the output is divided; nothing is written outside of a buffer.
  ///
  /// The same bits: an element's sum does not depend on where a block ends, so a race or a wrong border cannot hide in
  /// the error bound.
  private func check(_ kernel: Kernel, _ layer: Layer, _ pattern: DataPattern, caches: CacheSizes = .assumed) throws {
    let bench = try KernelBench(layer, pattern, caches: caches)
    let packed = try bench.packedWeights(kernel)
    let whole = try bench.run(kernel, [bench.whole], packed: packed, isChecked: true)
    let what = "\(pattern) data, seed \(testSeed), \(layer)"
    // One wrong layer is enough: a wrong kernel is wrong on thousands.
    try #require(whole.failure == nil, "\(what)")
    try #require(whole.damage == nil, "\(what)")
    for (name, blocks) in bench.divisions(kernel.grain(bench.problem)) {
      let divided = try bench.run(kernel, blocks, packed: packed, isChecked: false)
      try #require(divided.damage == nil, "\(name), \(what)")
      let place = divided.bits.indices.first { divided.bits[$0] != whole.bits[$0] }
      try #require(place == nil, "\(name): this element has other bits than in one block; \(what)")
    }
  }

  @Test(arguments: ListedKernel.all, DataPattern.allCases)
  func isRightOnHostileLayersWhateverTheSplit(listed: ListedKernel, pattern: DataPattern) throws {
    for layer in HostileLayers.all() { try check(listed.kernel, layer, pattern) }
  }

  /// Partial problems, and combining their sums, in both layouts, with strides, several images and every activation.
  @Test(arguments: ListedKernel.all)
  func isRightWhereTheTermsAreDivided(listed: ListedKernel) throws {
    var layers = HostileLayers.all()
    for (index, activation) in Activation.allCases.enumerated() {
      let shapes: [(Op, Shape)] = [
        (.conv1x1, .conv1x1(mb: 2, ic: 1500, oc: 19, ih: 5, iw: 3, sh: 2, sw: 2)),
        (.conv1x1, .conv1x1(mb: 3, ic: 1024, oc: 7, ih: 1, iw: 5)), (.fc, .fc(mb: 4, ic: 2100, oc: 51)),
      ]
      for (op, shape) in shapes {
        for layout in Layout.applicable(to: op) {
          layers.append(
            try Layer(op: op, shape: shape, layout: layout, bias: index % 2 == 0, activation: activation))
        }
      }
    }
    var count = 0
    for layer in layers {
      for pattern in DataPattern.allCases {
        for threads in [2, 3, 7] where Split.reduction.suits(Problem(layer), threads: threads) {
          let bench = try KernelBench(layer, pattern)
          let result = try bench.reduce(listed.kernel, threads: threads)
          let what = "\(threads) threads, \(pattern) data, seed \(testSeed), \(layer)"
          try #require(result.failure == nil, "\(what)")
          try #require(result.damage == nil, "\(what)")
          count += 1
        }
      }
    }
    #expect(count > 150)
  }

  @Test(arguments: ListedKernel.all)
  func isRightOnEveryTile(listed: ListedKernel) throws {
    for layer in try tileLayers() { try check(listed.kernel, layer, .integer) }
  }

  /// A single row and dot products, with a bias for every vector of theirs.
  @Test(arguments: ListedKernel.all.filter { !$0.kernel.tiles.isEmpty })
  func isRightOnFewRows(listed: ListedKernel) throws {
    for rows in [1, 2, 7] {
      for terms in [1, 17, 47, 100] {
        for width in [1, 5, 8, 10, 17, 65, 129] {
          let layer = try Layer(
            op: .fc, shape: .fc(mb: rows, ic: terms, oc: width), layout: .nc, bias: true, activation: .relu)
          try check(listed.kernel, layer, .integer)
        }
      }
    }
  }

  @Test(arguments: ListedKernel.all.filter { !$0.kernel.tiles.isEmpty })
  func isRightWithEveryTileByHand(listed: ListedKernel) throws {
    let layers = [
      try Layer(op: .conv1x1, shape: .conv1x1(mb: 2, ic: 70, oc: 67, ih: 7, iw: 7), layout: .nchw, activation: .gelu),
      try Layer(op: .conv1x1, shape: .conv1x1(ic: 70, oc: 35, ih: 9, iw: 8, sh: 2, sw: 2), layout: .nchw),
      try Layer(op: .conv1x1, shape: .conv1x1(ic: 70, oc: 67, ih: 7, iw: 7), layout: .nhwc, activation: .relu6),
      try Layer(op: .fc, shape: .fc(mb: 17, ic: 130, oc: 33), layout: .nc, bias: true),
    ]
    var names: Set<String> = []
    for kernel in listed.kernel.handPicked {
      #expect(names.insert(kernel.identifier).inserted)
      let supported = layers.filter { kernel.supports(Problem($0)) }
      // Rows are channels in NCHW only; a tile that leaves it to the model suits every layer.
      #expect(supported.count == (kernel.tile?.rows == .channels ? 2 : layers.count), "\(kernel.name)")
      for layer in supported { try check(kernel, layer, .integer) }
    }
  }

  @Test(arguments: ListedKernel.all, Activation.allCases)
  func isRightWithEveryActivation(listed: ListedKernel, activation: Activation) throws {
    let shapes: [(Op, Shape)] = [
      (.conv1x1, .conv1x1(mb: 2, ic: 150, oc: 37, ih: 7, iw: 7)),
      (.conv1x1, .conv1x1(mb: 2, ic: 20, oc: 37, ih: 9, iw: 8, sh: 2, sw: 2)),
      (.fc, .fc(mb: 5, ic: 3000, oc: 51)),
    ]
    for (op, shape) in shapes {
      for layout in Layout.applicable(to: op) {
        for bias in [false, true] {
          let layer = try Layer(op: op, shape: shape, layout: layout, bias: bias, activation: activation)
          for pattern in DataPattern.allCases { try check(listed.kernel, layer, pattern) }
        }
      }
    }
  }

  @Test(arguments: ListedKernel.all)
  func isRightWhateverTheCaches(listed: ListedKernel) throws {
    let caches = [
      CacheSizes(l1d: 1 << 10, l2: 4 << 10, l3: 8 << 10), CacheSizes(l1d: 4 << 10, l2: 16 << 10, l3: 1 << 20),
      CacheSizes(l1d: 48 << 10, l2: 1 << 20, l3: 32 << 20), CacheSizes(l1d: 1 << 24, l2: 1 << 26, l3: 1 << 30),
    ]
    for layer in HostileLayers.all() where layer.k > 60 {
      for caches in caches { try check(listed.kernel, layer, .integer, caches: caches) }
    }
  }

  @Test(arguments: ListedKernel.all)
  func keepsNaN(listed: ListedKernel) throws {
    let kernel = listed.kernel
    for activation in Activation.allCases {
      for (op, shape) in [
        (Op.conv1x1, Shape.conv1x1(mb: 2, ic: 20, oc: 37, ih: 5, iw: 7)), (.fc, .fc(mb: 5, ic: 140, oc: 51)),
      ] {
        for layout in Layout.applicable(to: op) {
          let layer = try Layer(op: op, shape: shape, layout: layout, bias: true, activation: activation)
          let bench = try KernelBench(layer, .integer)
          let packed = try bench.packedWeights(kernel)
          let row = layer.m / 2
          bench.tensors.input.pointer[layer.inputIndex(m: row, k: layer.k - 1)] = .nan
          let result = try bench.run(kernel, [bench.whole], packed: packed, isChecked: false)
          for m in 0..<layer.m {
            for n in 0..<layer.n {
              let value = Float(bitPattern: result.bits[layer.outputIndex(m: m, n: n)])
              try #require(value.isNaN == (m == row), "row \(m), column \(n) is \(value), \(layer)")
            }
          }
        }
      }
    }
  }

  @Test(arguments: ListedKernel.all)
  func keepsItsPromisesOfSizes(listed: ListedKernel) throws {
    let kernel = listed.kernel
    for layer in HostileLayers.all() {
      let bench = try KernelBench(layer, .real)
      let grain = kernel.grain(bench.problem)
      #expect(grain.rows >= 1 && grain.columns >= 1)
      #expect(kernel.supports(bench.problem))
      if let tile = kernel.tile(for: bench.problem) { #expect(kernel.tiles.contains(tile.shape), "\(layer)") }
      #expect(kernel.scratchCount(bench.problem) >= 0)
      let count = kernel.packedWeightCount(bench.problem)
      #expect(count == 0 || count >= layer.weightCount)
      guard let packed = try bench.packedWeights(kernel) else { continue }
      #expect(packed.buffer.firstDamage() == nil, "\(layer)")
      #expect(bench.tensors.weights.firstDamage() == nil, "\(layer)")
      // Every element is written, and the same in every call.
      let again = try #require(try bench.packedWeights(kernel))
      for i in 0..<count {
        let bits = packed.buffer.pointer[i].bitPattern
        try #require(bits != FloatBuffer.poison && bits == again.buffer.pointer[i].bitPattern, "\(layer)")
      }
      // Every weight is there: sums over all of them are exact enough to miss none.
      let weights = (0..<layer.weightCount).map { bench.tensors.weights.pointer[$0] }
      let nonzero = (0..<count).map { packed.buffer.pointer[$0] }.filter { $0 != 0 }
      #expect(nonzero.sorted() == weights.filter { $0 != 0 }.sorted(), "\(layer)")
    }
  }

  /// Blocks that are not computed stay as they are.
  @Test(arguments: ListedKernel.all)
  func writesItsBlockOnly(listed: ListedKernel) throws {
    let kernel = listed.kernel
    for layer in HostileLayers.all() where layer.m > 4 && layer.n > 4 {
      let bench = try KernelBench(layer, .integer)
      let packed = try bench.packedWeights(kernel)
      let grain = kernel.grain(bench.problem)
      let rows = layer.m / 3..<layer.m * 2 / 3 + 1
      let column = min(layer.n - 1, layer.n / 2 / grain.columns * grain.columns)
      for columns in [column..<layer.n, 0..<max(1, column - 1), column..<column + 1] {
        let block = Block(rows: rows, columns: columns)
        let bits = try bench.run(kernel, [block], packed: packed, isChecked: false).bits
        for m in 0..<layer.m {
          for n in 0..<layer.n where bits[layer.outputIndex(m: m, n: n)] == FloatBuffer.poison {
            try #require(!(rows.contains(m) && columns.contains(n)), "row \(m), column \(n) of \(block), \(layer)")
          }
        }
        let written = bits.filter { $0 != FloatBuffer.poison }.count
        try #require(written == block.count, "\(block), \(layer)")
      }
    }
  }
}
