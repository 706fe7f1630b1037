public import CPlatform

/// The register-blocked heart of ``Packed``: a tile of `MR` rows × `NV` vectors of C, summed over the whole depth in
/// registers.
///
/// For r in 0..<MR and the lanes j of NV vectors:
///
///     C[r][j] = clamp(start + Σₖ a(r, k) · b[k · bStride + j])
///
/// where `start` is C itself (`accumulates`), a bias, or 0. Vectors of `b` are loaded, elements of `a` are broadcast:
///
///            b   ┌──NV vectors──┐ k = 0
///                ├──────────────┤ k = 1 …
///     a ┌──┬─ ─┐ ┌──────────────┐
///       MR     │ │ MR × NV accumulators
///       └──┴─ ─┘ └──────────────┘
///
/// At every step of the depth the cache lines of some vectors that later tiles will read are asked for, from `fetch` on:
/// there are free slots among the multiply-adds, and none between the tiles.
///
/// MR × NV accumulators, NV vectors of `b` and one broadcast must fit the register file: 32 registers with AVX-512 and
/// NEON, 16 with AVX2 and SSE. The loop over rows must be unrolled completely, or the accumulators live on the stack.
///
/// What short sums cost besides is mostly the stores: on a Zen 5 every 512-bit store takes up to a cycle from the
/// multiply-adds. Tried in C, at 3.77 GHz: a loop of 28 multiply-adds took 14.1 cycles, with 4, 7, 14 and 28 stores among
/// them 18.1, 21.0, 28.3 and 39 to 41, and with as many stores of general registers 14.1 up to 14 of them. A tile of 14 × 2
/// that sums 16 terms, whose multiply-adds take 224 cycles, took 226 without its stores and 240 to 250 with them, one of 32
/// terms 453 to 457 and 467 to 478. So with 16 terms 90 to 93 % of the peak is all that was seen; 16→96 on 28×28 was measured
/// at 88.6. Computing all tiles of a row in one call gained nothing on short sums, and lost 4 % on some.
///
/// The scheme is that of Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008), with BLIS's
/// names.
public enum Microkernel<Target: VectorISA, let MR: Int, let NV: Int> {
  /// Rows of `a` lie apart, terms are contiguous: a(r, k) = a[r · aStride + k].
  @inlinable @inline(never)
  static func strided(_ tile: TileOperands) {
    var sums = start(tile)
    accumulate(&sums, tile, rowStride: tile.aStride, depthStride: 1)
    store(sums, tile)
  }

  /// `a` is packed in a panel, rows are contiguous: a(r, k) = a[r + k · aStride].
  @inlinable @inline(never)
  static func panel(_ tile: TileOperands) {
    var sums = start(tile)
    accumulate(&sums, tile, rowStride: 1, depthStride: tile.aStride)
    store(sums, tile)
  }

  @inlinable @inline(__always)
  static func start(_ tile: TileOperands) -> InlineArray<NV, InlineArray<MR, Target.F32>> {
    if tile.accumulates {
      return InlineArray { v in
        InlineArray { row in Target.load(tile.c + (row &* tile.cStride &+ v &* Target.lanes)) }
      }
    }
    guard let bias = tile.bias else { return InlineArray(repeating: InlineArray(repeating: Target.F32())) }
    if tile.biasIsPerRow {
      return InlineArray(repeating: InlineArray { row in Target.F32(repeating: bias[row]) })
    }
    return InlineArray { v in InlineArray(repeating: Target.load(bias + v &* Target.lanes)) }
  }

  @inlinable @inline(__always)
  static func accumulate(
    _ sums: inout InlineArray<NV, InlineArray<MR, Target.F32>>, _ tile: TileOperands, rowStride: Int, depthStride: Int
  ) {
    var a = tile.a
    var b = tile.b
    var fetch = tile.fetch
    var fetchLast = tile.fetchLast
    // Vectors of one cache line. The count is constant, and so is what is left of the loop.
    let linesVectors = max(1, 64 / (Target.lanes &* MemoryLayout<Float>.size))
    for _ in 0..<tile.depth {
      let vectors = InlineArray<NV, Target.F32> { v in Target.load(b + v &* Target.lanes) }
      for v in 0..<NV where v % linesVectors == 0 {
        platform_prefetch(v + linesVectors < NV ? fetch + v &* Target.lanes : fetchLast)
      }
      for row in 0..<MR {
        let x = Target.broadcast(a + row &* rowStride)
        for v in 0..<NV { sums[v][row] = Target.multiplyAdd(sums[v][row], x, vectors[v]) }
      }
      a += depthStride
      b += tile.bStride
      fetch += tile.fetchStride
      fetchLast += tile.fetchStride
    }
  }

  // One loop for each clamp: bounds that change nothing would be two instructions for every vector that is stored.
  @inlinable @inline(__always)
  static func store(_ sums: InlineArray<NV, InlineArray<MR, Target.F32>>, _ tile: TileOperands) {
    let zero = Target.F32()
    switch tile.activation {
    case .relu: store(sums, tile) { Target.maximum($0, zero) }
    case .relu6:
      let six = Target.F32(repeating: 6)
      store(sums, tile) { Target.minimum(Target.maximum($0, zero), six) }
    case .none, .gelu, .silu, .tanh, .sigmoid: store(sums, tile) { $0 }
    }
  }

  @inlinable @inline(__always)
  static func store(
    _ sums: InlineArray<NV, InlineArray<MR, Target.F32>>, _ tile: TileOperands, _ clamp: (Target.F32) -> Target.F32
  ) {
    for row in 0..<MR {
      for v in 0..<NV {
        Target.store(clamp(sums[v][row]), tile.c + (row &* tile.cStride &+ v &* Target.lanes))
      }
    }
  }
}
