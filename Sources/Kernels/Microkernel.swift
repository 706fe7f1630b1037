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
/// MR × NV accumulators, NV vectors of `b` and one broadcast must fit the register file: 32 registers with AVX-512 and
/// NEON, 16 with AVX2 and SSE. The loop over rows must be unrolled completely, or the accumulators live on the stack.
///
/// The scheme is that of Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008), with BLIS's
/// names.
public enum Microkernel<Target: VectorISA, let MR: Int, let NV: Int> {
  /// Rows are pixels whose channels are contiguous: a(r, k) = a[r · aStride + k], and the bias is one vector element a
  /// column.
  @inlinable @inline(never)
  static func pixelRows(_ tile: TileOperands) {
    var sums: InlineArray<NV, InlineArray<MR, Target.F32>>
    if tile.accumulates {
      sums = load(tile)
    } else {
      sums = InlineArray { v in
        InlineArray(repeating: tile.bias.map { Target.load($0 + v &* Target.lanes) } ?? Target.F32())
      }
    }
    accumulate(&sums, tile, rowStride: tile.aStride, depthStride: 1)
    store(sums, tile)
  }

  /// Rows are output channels of packed weights: a(r, k) = a[r + k · aStride], and the bias is one scalar a row.
  @inlinable @inline(never)
  static func channelRows(_ tile: TileOperands) {
    var sums: InlineArray<NV, InlineArray<MR, Target.F32>>
    if tile.accumulates {
      sums = load(tile)
    } else {
      sums = InlineArray(
        repeating: InlineArray { row in Target.F32(repeating: tile.bias.map { $0[row] } ?? 0) })
    }
    accumulate(&sums, tile, rowStride: 1, depthStride: tile.aStride)
    store(sums, tile)
  }

  @inlinable @inline(__always)
  static func accumulate(
    _ sums: inout InlineArray<NV, InlineArray<MR, Target.F32>>, _ tile: TileOperands, rowStride: Int, depthStride: Int
  ) {
    var a = tile.a
    var b = tile.b
    for _ in 0..<tile.depth {
      let vectors = InlineArray<NV, Target.F32> { v in Target.load(b + v &* Target.lanes) }
      for row in 0..<MR {
        let x = Target.F32(repeating: a[row &* rowStride])
        for v in 0..<NV { sums[v][row] = Target.multiplyAdd(sums[v][row], x, vectors[v]) }
      }
      a += depthStride
      b += tile.bStride
    }
  }

  @inlinable @inline(__always)
  static func load(_ tile: TileOperands) -> InlineArray<NV, InlineArray<MR, Target.F32>> {
    InlineArray { v in InlineArray { row in Target.load(tile.c + (row &* tile.cStride &+ v &* Target.lanes)) } }
  }

  @inlinable @inline(__always)
  static func store(_ sums: InlineArray<NV, InlineArray<MR, Target.F32>>, _ tile: TileOperands) {
    let clamp = Epilogue<Target>.Clamp(tile.activation)
    for row in 0..<MR {
      for v in 0..<NV {
        Target.store(clamp(sums[v][row]), tile.c + (row &* tile.cStride &+ v &* Target.lanes))
      }
    }
  }
}
