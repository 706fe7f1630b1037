/// How the elements of one tensor are taken from another: the result is dense, in the order of `sizes`, slowest
/// dimension first, and its element (i₀, i₁, …) is the source's element `offset` + Σ iⱼ·strides[j].
///
/// All that conversions between layers do to data is of this form: reading NCHW as pixels of channels, cutting windows
/// out of an image, permuting the columns of weights. Where nothing moves, ``isIdentity`` says so, and the source can
/// be used as it is.
public struct Rearrangement: Sendable, Hashable, Codable {
  /// The dimensions of the result, slowest first.
  public let sizes: [Int]
  /// For each dimension, how far apart neighbours are in the source, in elements.
  public let strides: [Int]
  /// Where the first element is in the source.
  public let offset: Int

  /// Makes a rearrangement.
  ///
  /// - Requires: as many strides as sizes; sizes of at least 1, strides and offset of at least 0.
  public init(sizes: [Int], strides: [Int], offset: Int = 0) {
    precondition(sizes.count == strides.count, "each dimension has a stride")
    precondition(sizes.allSatisfy { $0 >= 1 } && strides.allSatisfy { $0 >= 0 } && offset >= 0)
    self.sizes = sizes
    self.strides = strides
    self.offset = offset
  }

  /// The source as it is.
  public static func identity(count: Int) -> Rearrangement { Rearrangement(sizes: [count], strides: [1]) }

  /// A dense tensor of dimensions `sizes` with its dimensions in another order: dimension j of the result is dimension
  /// `order[j]` of the source.
  ///
  /// - Requires: `order` is a permutation of the indices of `sizes`.
  public static func permutation(of sizes: [Int], order: [Int]) -> Rearrangement {
    precondition(order.sorted() == Array(sizes.indices))
    let strides = Self.denseStrides(sizes)
    return Rearrangement(sizes: order.map { sizes[$0] }, strides: order.map { strides[$0] })
  }

  /// The strides of a dense tensor whose last dimension is contiguous.
  public static func denseStrides(_ sizes: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: sizes.count)
    for j in sizes.indices.dropLast().reversed() { strides[j] = strides[j + 1] * sizes[j + 1] }
    return strides
  }

  /// Elements of the result.
  public var count: Int { sizes.reduce(1, *) }

  /// How many elements the source has at least.
  public var extent: Int { offset + zip(sizes, strides).reduce(1) { $0 + ($1.0 - 1) * $1.1 } }

  /// Whether the result is the beginning of the source, element for element.
  public var isIdentity: Bool {
    // The stride of a dimension of one element does not matter.
    offset == 0 && zip(zip(sizes, strides), Self.denseStrides(sizes)).allSatisfy { $0.0 == 1 || $0.1 == $1 }
  }

  /// The rearranged elements of `source`.
  ///
  /// - Requires: `source` has at least ``extent`` elements.
  public func callAsFunction(_ source: [Float]) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { target, initialised in
      source.withUnsafeBufferPointer { copy(from: $0, to: target) }
      initialised = count
    }
  }

  /// Writes the rearranged elements of `source` to the beginning of `target`, on all cores.
  ///
  /// - Requires: `source` has at least ``extent`` elements, `target` at least ``count``; they do not overlap.
  public func copy(from source: UnsafeBufferPointer<Float>, to target: UnsafeMutableBufferPointer<Float>) {
    precondition(source.count >= extent, "the source has \(source.count) elements, but \(extent) are read")
    precondition(target.count >= count, "the target has room for \(target.count) elements, but \(count) are written")
    let buffers = Buffers(source: source.baseAddress!, target: target.baseAddress!)
    // 2¹⁴ elements if there are so many.
    parallelChunks(of: rowCount, atLeast: max(1, (1 << 14) / inner)) { rows in
      copy(rows: rows, from: buffers.source, to: buffers.target)
    }
  }

  /// Elements of the innermost dimension, a row.
  private var inner: Int { sizes.last ?? 1 }

  /// Rows of the result: the places of all dimensions but the innermost.
  public var rowCount: Int { count / inner }

  /// Writes the rearranged elements of some rows, on the calling thread: so a team can share the work.
  ///
  /// Where neighbours of a row lie apart in the source, sixteen rows are written side by side, sixteen elements of each at
  /// a time: the rows of a transposition are neighbours in the source, and a cache line that was read serves all of them.
  ///
  /// - Requires: `rows` is part of 0..<``rowCount``; `source` has ``extent`` elements, `target` ``count``; they do not
  ///   overlap.
  public func copy(rows: Range<Int>, from source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>) {
    let step = strides.last ?? 1
    let side = 16
    let source = source + offset
    withUnsafeTemporaryAllocation(of: Int.self, capacity: side) { starts in
      for first in stride(from: rows.lowerBound, to: rows.upperBound, by: side) {
        let count = min(side, rows.upperBound - first)
        for row in 0..<count { starts[row] = start(ofRow: first + row) }
        for from in stride(from: 0, to: inner, by: step == 1 ? inner : side) {
          let elements = from..<min(inner, from + (step == 1 ? inner : side))
          for row in 0..<count {
            let (from, to) = (source + starts[row], target + (first + row) * inner)
            if step == 1 {
              to.update(from: from, count: inner)
            } else {
              for i in elements { to[i] = from[i * step] }
            }
          }
        }
      }
    }
  }

  /// Where the first element of a row lies in the source, from `offset` on.
  private func start(ofRow row: Int) -> Int {
    var (rest, start) = (row, 0)
    for j in sizes.indices.dropLast().reversed() {
      let (quotient, index) = rest.quotientAndRemainder(dividingBy: sizes[j])
      start += index * strides[j]
      rest = quotient
    }
    return start
  }

  /// `@unchecked Sendable`: every part writes its own elements.
  private struct Buffers: @unchecked Sendable {
    let source: UnsafePointer<Float>
    let target: UnsafeMutablePointer<Float>
  }
}
