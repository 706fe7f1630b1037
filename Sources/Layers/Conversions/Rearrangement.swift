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
    let inner = sizes.last ?? 1
    let step = strides.last ?? 1
    let outerSizes = Array(sizes.dropLast())
    let outerStrides = Array(strides.dropLast())
    let buffers = Buffers(source: source.baseAddress! + offset, target: target.baseAddress!)
    // Rows are the innermost dimension; a part of the work is some of them, and 2¹⁴ elements if there are so many.
    parallelChunks(of: count / inner, atLeast: max(1, (1 << 14) / inner)) { rows in
      for row in rows {
        var (rest, at) = (row, 0)
        for j in outerSizes.indices.reversed() {
          let (quotient, index) = rest.quotientAndRemainder(dividingBy: outerSizes[j])
          at += index * outerStrides[j]
          rest = quotient
        }
        let (from, to) = (buffers.source + at, buffers.target + row * inner)
        if step == 1 {
          to.update(from: from, count: inner)
        } else {
          for i in 0..<inner { to[i] = from[i * step] }
        }
      }
    }
  }

  /// `@unchecked Sendable`: every part writes its own elements.
  private struct Buffers: @unchecked Sendable {
    let source: UnsafePointer<Float>
    let target: UnsafeMutablePointer<Float>
  }
}
