import Kernels

/// What the work of a kernel costs a core, in cycles: one model for all kernels that count their work.
///
/// The core is a present out-of-order core with two units for multiply-adds, two loads and a store of a whole vector a
/// cycle. Its numbers are round ones for cores with AVX-512, the same for all of them: they were neither read off a table
/// for one core nor measured. Every report says how far the model is off.
struct CoreCosts {
  /// Multiply-adds of vectors that a core starts in a cycle.
  static let multiplyAddsPerCycle = 2.0
  /// Vectors, or broadcast elements, that it loads in a cycle.
  static let loadsPerCycle = 2.0
  /// Cycles until a multiply-add's result can be added to: few accumulators wait for themselves.
  static let multiplyAddLatency = 4.0
  /// Cycles from the end of a tile to the steady state of the next one: a guess of 15 for the mispredicted end of the loop
  /// over the depth, and 10 for filling the pipeline with some 40 instructions of the call. Stores of the tile overlap
  /// with the next one.
  static let tile = 25.0
  /// Cycles of a short run of a copy beyond its elements: a loop that begins and ends, with its addresses.
  static let run = 4.0
  /// Cycles of an element that is copied on its own: a load and a store, and one store a cycle.
  static let element = 1.0
  /// Cycles of an element that is stored transposed or from an edge. Squares of it are transposed in registers: about as
  /// much as 10 terms of its sum, see the notes of ``Blocking``.
  static let restored = 0.3

  /// By how much slower a line of the input is read that another worker reads as well: it comes by way of the other's caches.
  ///
  /// No table has it, and the ceilings do not, for every worker reads memory of its own there. It is the round number
  /// that brought the layers of ResNet-50 on two cores of a Zen 5 nearest, one for all of them.
  static let sharing = 2.0

  /// Bytes of its L2 cache that the core reads in a cycle.
  let l2: Double
  /// Bytes that it reads in a cycle of the level that holds its part of the tensors; nil if that is its L2 cache.
  let home: Double?

  /// Cycles of computing, and of waiting for what comes from beyond the L2 cache.
  struct Cycles {
    var core = 0.0
    var transfer = 0.0
  }

  /// The cycles of `work` on a part of a layer.
  ///
  /// What comes from beyond the L2 cache is not overlapped with the multiply-adds that wait for it, as in the
  /// execution-cache-memory model, where a tile keeps its units busy; a tile of few sums, which wait for themselves, leaves
  /// the time for it. H. Stengel, J. Treibig, G. Hager and G. Wellein, "Quantifying Performance Bottlenecks of Stencil
  /// Computations Using the Execution-Cache-Memory Model", ICS 2015.
  ///
  /// - Parameters:
  ///   - inputBytes: bytes of the part's input.
  ///   - outputBytes: bytes of its output.
  ///   - sharesInput: whether other workers read the same input.
  func cycles(
    _ work: KernelWork, inputBytes: Double, outputBytes: Double, sharesInput: Bool
  ) -> Cycles {
    var cycles = Cycles()
    for (tile, calls) in work.tiles {
      let one = self.cycles(tile, lanes: work.lanes)
      cycles.core += one.core * Double(calls)
      cycles.transfer += one.transfer * Double(calls)
    }
    cycles.core +=
      Double(work.copiedVectors) + Self.element * Double(work.copiedElements) + Self.run * Double(work.copiedRuns)
    cycles.core += Self.restored * Double(work.restoredElements) + Self.run * Double(work.restoredRuns)
    cycles.core += Double(2 * work.dotVectors + work.groupedVectors) / Self.loadsPerCycle
    if let home { cycles.transfer += ((sharesInput ? Self.sharing : 1) * inputBytes + outputBytes) / home }
    return cycles
  }

  /// The cycles of one call of a microkernel: of its depth steps the slowest of multiply-adds, loads, the latency of a
  /// sum that waits for itself, and the vectors that stream from the L2 cache.
  private func cycles(_ tile: KernelWork.Tile, lanes: Int) -> Cycles {
    let (rows, vectors, depth) = (Double(tile.rows), Double(tile.vectors), Double(tile.depth))
    let bytes = vectors * Double(lanes) * 4
    let units = max(rows * vectors / Self.multiplyAddsPerCycle, (rows + vectors) / Self.loadsPerCycle)
    let step = max(units, Self.multiplyAddLatency, bytes / l2)
    let core = Self.tile + depth * step
    guard let home, tile.source != .cache else { return Cycles(core: core) }
    // Prefetchers keep up with one long stream, and sums that wait for themselves leave time for any.
    let isHidden = tile.source == .streamed || units < Self.multiplyAddLatency
    return Cycles(core: core, transfer: depth * (isHidden ? max(0, bytes / home - step) : bytes / home))
  }
}
