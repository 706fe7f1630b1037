import Harness
import Kernels
import Layers
import Testing

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

  @Test(arguments: Split.allCases)
  func blocksCoverTheOutputExactlyOnce(split: Split) {
    forEachCase { size, threads, grain in
      let (m, n) = split == .pixels ? (size, 5) : (5, size)
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
}
