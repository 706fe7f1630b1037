import Kernels
import Layers
import Testing

@testable import Harness

@Suite struct SplitTests {
  /// Sizes, threads and grains in every combination, many threads for few grains among them.
  private static let sizes = [1, 2, 3, 7, 16, 17, 31, 49, 64, 100]
  private static let grains = [1, 2, 4, 7, 16, 32, 200]

  private func forEachCase(_ body: (_ size: Int, _ threads: Int, _ grain: Int) throws -> Void) rethrows {
    for size in Self.sizes {
      for threads in Array(1...9) + [33, 128] {
        for grain in Self.grains { try body(size, threads, grain) }
      }
    }
  }

  @Test(arguments: Split.ofOutput)
  func blocksCoverTheOutputExactlyOnce(split: Split) {
    forEachCase { size, threads, grain in
      let (m, n) = split == .pixels ? (size, 5) : (split == .grid ? 9 : 5, size)
      let blocks = split.blocks(m: m, n: n, threads: threads, grain: Grain(rows: grain, columns: grain))
      #expect(blocks.count == threads)
      var covered = [Int](repeating: 0, count: m * n)
      for block in blocks { for row in block.rows { for column in block.columns { covered[row * n + column] += 1 } } }
      #expect(covered.allSatisfy { $0 == 1 }, "\(split), \(m)×\(n), \(threads) threads, grain \(grain)")
    }
  }

  @Test func bordersFallOnGrainsAndSharesAreFair() {
    forEachCase { size, threads, grain in
      for split in [Split.channels, .pixels] {
        let isPixels = split == .pixels
        let blocks = split.blocks(
          m: isPixels ? size : 3, n: isPixels ? 3 : size, threads: threads,
          grain: Grain(rows: isPixels ? grain : 99, columns: isPixels ? 99 : grain))
        let ranges = blocks.map { isPixels ? $0.rows : $0.columns }
        let others = blocks.map { isPixels ? $0.columns : $0.rows }
        #expect(others.allSatisfy { $0 == 0..<3 }, "the other dimension is not divided")
        let what = "\(split), \(size), \(threads) threads, grain \(grain): \(ranges)"
        for range in ranges {
          #expect(range.lowerBound % grain == 0 || range.lowerBound == size, "\(what)")
          #expect(range.upperBound % grain == 0 || range.upperBound == size, "\(what)")
        }
        // In grains, counting a last partial one as a whole.
        let shares = ranges.map { ($0.count + grain - 1) / grain }
        #expect((shares.max() ?? 0) - (shares.min() ?? 0) <= 1, "\(what)")
        // Workers go on where their neighbours end.
        for (a, b) in zip(ranges, ranges.dropFirst()) { #expect(a.upperBound == b.lowerBound, "\(what)") }
        let grains = (size + grain - 1) / grain
        #expect(ranges.filter { !$0.isEmpty }.count == min(threads, grains), "\(what)")
      }
    }
  }

  @Test func noSplitIsOneBlock() {
    let blocks = Split.none.blocks(m: 5, n: 6, threads: 3, grain: Grain(rows: 4, columns: 4))
    #expect(blocks.first == Block(rows: 0..<5, columns: 0..<6))
    #expect(blocks.dropFirst().allSatisfy { $0.isEmpty })
  }

  // MARK: Grid

  @Test func aGridIsAsBalancedAndAsSquareAsItsFactorsAllow() {
    func shape(_ m: Int, _ n: Int, _ threads: Int, _ grain: Grain = Grain(rows: 1, columns: 1)) -> [Int] {
      let blocks = Split.grid.blocks(m: m, n: n, threads: threads, grain: grain)
      #expect(blocks.count == threads)
      return [Set(blocks.map(\.rows)).count, Set(blocks.map(\.columns)).count]
    }
    #expect(shape(100, 100, 4) == [2, 2])
    #expect(shape(1000, 10, 8) == [8, 1] && shape(10, 1000, 8) == [1, 8])
    #expect(shape(400, 100, 16) == [8, 2])
    // Seven has no factors; equal traffic goes to the channels.
    #expect(shape(700, 700, 7) == [1, 7] && shape(1400, 700, 7) == [7, 1])
    // 2 × 2 would read less, but three grains of channels cannot be halved.
    #expect(shape(400, 96, 4, Grain(rows: 1, columns: 32)) == [4, 1])
    #expect(shape(1, 1000, 6) == [1, 6] && shape(1000, 1, 6) == [6, 1])
    #expect(shape(1, 1, 1) == [1, 1])
  }

  @Test func bordersOfAGridFallOnGrains() {
    forEachCase { size, threads, grain in
      let grain = Grain(rows: 2, columns: grain)
      for block in Split.grid.blocks(m: 21, n: size, threads: threads, grain: grain) where !block.isEmpty {
        #expect(block.rows.lowerBound % 2 == 0 && (block.rows.upperBound % 2 == 0 || block.rows.upperBound == 21))
        #expect(block.columns.lowerBound % grain.columns == 0)
        #expect(block.columns.upperBound % grain.columns == 0 || block.columns.upperBound == size)
      }
    }
  }

  // MARK: Reduction

  private func problem(_ shape: Shape, _ layout: Layout = .nhwc) throws -> Problem {
    Problem(
      try Layer(op: layout == .nc ? .fc : .conv1x1, shape: shape, layout: layout),
      caches: CacheSizes(l1d: 32 << 10, l2: 1 << 20, l3: 32 << 20))
  }

  private func kernel(_ name: String) throws -> Kernel {
    try #require(Catalog.current().kernels.last { $0.name == name })
  }

  @Test func termsAreDividedInWholeCacheLines() throws {
    for threads in [2, 3, 5, 7] {
      for k in [7 * 64, 509, 4099, 25_088] where k >= threads * 64 {
        let problem = try problem(.fc(mb: 1, ic: k, oc: 200), .nc)
        let division = Split.reduction.division(of: problem, for: try kernel("packed"), threads: threads)
        let terms = try #require(division.terms)
        #expect(division.split == .reduction && terms.count == threads)
        #expect(division.blocks.allSatisfy { $0 == Block(rows: 0..<1, columns: 0..<200) })
        #expect(terms.first?.lowerBound == 0 && terms.last?.upperBound == k)
        #expect(zip(terms, terms.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
        #expect(terms.dropFirst().allSatisfy { $0.lowerBound % 16 == 0 })
        let counts = terms.map { ($0.count + 15) / 16 }
        #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1, "\(terms)")
      }
    }
  }

  @Test func aReductionSuitsFewOutputsWithLongSums() throws {
    func suits(_ problem: Problem, _ threads: Int = 2) -> Bool { Split.reduction.suits(problem, threads: threads) }
    #expect(suits(try problem(.fc(mb: 1, ic: 2048, oc: 1000), .nc)))
    #expect(suits(try problem(.fc(mb: 4, ic: 4096, oc: 4096), .nc)))
    #expect(!suits(try problem(.fc(mb: 64, ic: 2048, oc: 1000), .nc)))
    #expect(!suits(try problem(.fc(mb: 1, ic: 100, oc: 10), .nc)))
    let short = try problem(.fc(mb: 1, ic: 128, oc: 10), .nc)
    #expect(suits(short, 2) && !suits(short, 3))
    for layout in [Layout.nchw, .nhwc] {
      #expect(!suits(try problem(.conv1x1(ic: 1024, oc: 256, ih: 14, iw: 14), layout)))
    }
    for split in Split.allCases where split != .reduction {
      #expect(split.suits(try problem(.fc(mb: 1, ic: 1, oc: 1), .nc), threads: 64))
    }
  }

  // MARK: Auto

  private func choice(_ problem: Problem, _ threads: Int, _ name: String = "packed") throws -> String {
    "\(Split.auto.division(of: problem, for: try kernel(name), threads: threads))"
  }

  @Test func autoTakesTheSplitOfTheShape() throws {
    // One batch row: neurons, unless they are too few for the threads and the sums are not.
    #expect(try choice(problem(.fc(mb: 1, ic: 512, oc: 4096), .nc), 2) == "channels")
    #expect(try choice(problem(.fc(mb: 1, ic: 25_088, oc: 24), .nc), 8) == "reduction")
    // Many pixels and few channels.
    #expect(try choice(problem(.conv1x1(ic: 64, oc: 16, ih: 56, iw: 56)), 8) == "pixels")
    // Neither can be divided among all threads without leaving some of them idle.
    #expect(try choice(problem(.fc(mb: 4, ic: 400, oc: 256), .nc), 32) == "grid of 4 × 8")
    // What it takes is a division like any other, and the same every time.
    for threads in [2, 3, 8] {
      for shape in [Shape.conv1x1(ic: 30, oc: 50, ih: 7, iw: 7), .conv1x1(ic: 700, oc: 9, ih: 2, iw: 2)] {
        for layout in [Layout.nchw, .nhwc] {
          let problem = try problem(shape, layout)
          let division = Split.auto.division(of: problem, for: try kernel("simd"), threads: threads)
          #expect(division == division.split.division(of: problem, for: try kernel("simd"), threads: threads))
          #expect(division.split != .auto && division.threads == threads)
        }
      }
    }
  }

  /// Squeeze-and-excitation layers of EfficientNet-B0: two threads meet in 0.14 µs, and one is done in about as much.
  @Test func autoGivesTheShortestLayersToOneWorker() throws {
    for (ic, oc) in [(32, 8), (96, 4), (240, 10), (4, 40)] {
      for layout in [Layout.nchw, .nhwc] {
        for threads in [2, 5] {
          let problem = try problem(.conv1x1(ic: ic, oc: oc, ih: 1, iw: 1), layout)
          let division = Split.auto.division(of: problem, for: try kernel("packed"), threads: threads)
          #expect(division == Split.none.division(of: problem, for: try kernel("packed"), threads: threads))
          #expect(division.blocks == [Block(rows: 0..<1, columns: 0..<oc)] && "\(division)" == "none")
          // Kernels that do not count their work may be many times slower than their peak.
          for name in ["naive", "tiled", "simd"] {
            let other = Split.auto.division(of: problem, for: try kernel(name), threads: threads)
            #expect(other.threads == threads, "\(name)")
          }
        }
      }
    }
    // The team of one has no fork-join to save.
    #expect(
      try Split.auto.division(of: problem(.fc(mb: 1, ic: 96, oc: 4), .nc), for: kernel("packed"), threads: 1).split
        == .channels)
  }

  /// Where half of the multiply-adds alone take longer than a fork-join, even at two vectors a cycle, there is something
  /// to win; and the more threads have to meet, the more that is.
  @Test(arguments: [2, 4, 8, 32]) func autoDividesWhatSavesMoreThanAForkJoin(threads: Int) throws {
    let kernel = try kernel("packed")
    for k in [64, 256, 1024, 4096] {
      for grains in [1, 4, 32] {
        let n = grains * threads * 48 * 4
        let problem = try problem(.conv1x1(ic: k, oc: n, ih: 4, iw: 4), .nhwc)
        let peak = Double(problem.m * n * k) / Double(2 * kernel.lanes)
        let forkJoin = SplitModel(problem, kernel, threads: threads).forkJoin
        let division = Split.auto.division(of: problem, for: kernel, threads: threads)
        if peak / 2 > 1.5 * forkJoin { #expect(division.threads == threads, "\(k) → \(n): \(division)") }
      }
    }
    let (few, many) = (
      SplitModel(try problem(.fc(mb: 1, ic: 1, oc: 1), .nc), kernel, threads: threads).forkJoin,
      SplitModel(try problem(.fc(mb: 1, ic: 1, oc: 1), .nc), kernel, threads: 2 * threads).forkJoin
    )
    #expect(many > few)
  }

  /// Once a layer is worth dividing, one with longer sums is.
  @Test(arguments: [2, 3, 8]) func autoTakesOneWorkerBelowSomeLength(threads: Int) throws {
    let counts = try (1...40).map { step in
      Split.auto.division(
        of: try problem(.conv1x1(ic: 16 * step, oc: 192, ih: 2, iw: 2)), for: try kernel("packed"), threads: threads
      ).threads
    }
    #expect(counts == counts.sorted() && counts.allSatisfy { $0 == 1 || $0 == threads }, "\(counts)")
    #expect(counts.last == threads, "\(counts)")
    let shortest = try problem(.conv1x1(ic: 4, oc: 192, ih: 2, iw: 2))
    #expect(Split.auto.division(of: shortest, for: try kernel("packed"), threads: threads).threads == 1)
  }

  /// What a core reads of its L2 cache, these numbers know; what of larger layers from further out, they do not.
  @Test func autoAsksWhetherToDivideOnlyWhatFitsTheL2Cache() throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 1, ic: 240, oc: 10), layout: .nc)
    let bytes = 4 * (11 * 240 + 10)
    for (l2, threads) in [(bytes, 1), (bytes - 1, 2)] {
      let problem = Problem(layer, caches: CacheSizes(l1d: 32 << 10, l2: l2, l3: 32 << 20))
      #expect(Split.auto.division(of: problem, for: try kernel("packed"), threads: 2).threads == threads)
    }
  }

  @Test func autoIsNeverPredictedToBeSlowerThanAnotherSplit() throws {
    for name in ["naive", "simd", "packed"] {
      for layer in HostileLayers.all() {
        let problem = Problem(layer)
        for threads in [2, 5] {
          let model = SplitModel(problem, try kernel(name), threads: threads)
          for split in [Split.channels, .pixels, .grid, .reduction] where split.suits(problem, threads: threads) {
            let other = model.cycles(split.division(of: problem, for: try kernel(name), threads: threads))
            #expect(model.cycles(model.bestOfAll) <= other * 1.02, "\(split), \(threads) threads, \(layer)")
            #expect(model.best == model.bestOfAll || model.best.split == .none)
          }
        }
      }
    }
  }
}
