public import Layers

/// A tensor in a file, known by its header; its elements are read when they are asked for.
///
/// Everything that the header says has been checked against the file's size, so that reading stays within the file.
public struct TensorFile: Sendable {
  /// Where it is.
  public let path: TensorPath
  /// The type of its elements.
  public let type: ElementType
  /// Whether the elements' bytes begin with the most significant one.
  public let isBigEndian: Bool
  /// Whether the first dimension is the contiguous one (Fortran order) rather than the last (C order).
  public let isFortranOrder: Bool
  /// The dimensions, in the order of their indices. All are at least 1.
  public let sizes: [Int]

  private let offset: Int
  private let source: ByteSource

  /// Elements.
  public var count: Int { sizes.reduce(1, *) }

  /// The most memory that reading takes, in bytes: the elements, and in Fortran order their copy.
  public var memoryBytes: Int { count * 4 * (isFortranOrder && sizes.count > 1 ? 2 : 1) }

  /// The dimensions as NumPy writes them: `(2, 3)`, `(3,)`, `()`.
  public var shapeText: String { Self.text(sizes) }

  /// Dimensions as NumPy writes them.
  public static func text(_ sizes: [Int]) -> String {
    "(\(sizes.map(String.init).joined(separator: ", "))\(sizes.count == 1 ? "," : ""))"
  }

  /// Opens a file and reads the tensor's header.
  ///
  /// - Throws: `TensorError` if the file cannot be read, is neither .npy nor safetensors, its header contradicts itself or
  ///   the file's size, it has no such tensor, or the tensor has another type, or an empty dimension.
  public init(opening path: TensorPath) throws(TensorError) {
    try self.init(path, in: try ByteSource(opening: path.file))
  }

  /// Reads the header of a file's bytes, which are in memory.
  ///
  /// - Throws: `TensorError` as `init(opening:)` does.
  public init(_ bytes: [UInt8], path: TensorPath) throws(TensorError) {
    try self.init(path, in: ByteSource(bytes, named: path.file))
  }

  private init(_ path: TensorPath, in source: ByteSource) throws(TensorError) {
    self.path = path
    self.source = source
    if path.isSafetensors {
      let entry = try SafetensorsHeader(source).entry(path.name, in: path.file)
      type = entry.type
      isBigEndian = false
      isFortranOrder = false
      sizes = entry.sizes
      offset = entry.offset
    } else {
      let header = try NpyHeader(source)
      type = header.type
      isBigEndian = header.isBigEndian
      isFortranOrder = header.isFortranOrder
      sizes = header.sizes
      offset = header.dataOffset
    }
    if sizes.contains(0) {
      throw .content(file: "\(path)", message: "its shape \(Self.text(sizes)) has no elements; expected at least one")
    }
  }

  /// Elements that are decoded at a time.
  private static let chunkCount = 1 << 18

  /// Reads the elements.
  ///
  /// - Parameter available: free memory in bytes, or nil if it is not known.
  /// - Throws: `TensorError` if the file cannot be read, an element is NaN, infinite or larger than single precision
  ///   holds, or the memory does not suffice.
  public func read(availableMemory available: Int? = nil) throws(TensorError) -> Tensor {
    if let available, memoryBytes > available {
      throw .memory(file: "\(path)", needed: memoryBytes, available: available)
    }
    let values = try allocate()
    let roundedCount = try readElements(into: values)
    guard isFortranOrder && sizes.count > 1 else {
      return Tensor(sizes: sizes, values: values, roundedCount: roundedCount)
    }
    let ordered = try allocate()
    Rearrangement(sizes: sizes, strides: strides).copy(
      from: UnsafeBufferPointer(start: values.pointer, count: count),
      to: UnsafeMutableBufferPointer(start: ordered.pointer, count: count))
    return Tensor(sizes: sizes, values: ordered, roundedCount: roundedCount)
  }

  private func allocate() throws(TensorError) -> FloatBuffer {
    do { return try FloatBuffer(count: count) } catch {
      throw .content(file: "\(path)", message: "\(error)")
    }
  }

  /// How far apart neighbours are in the file, in elements.
  private var strides: [Int] {
    isFortranOrder
      ? Rearrangement.denseStrides(sizes.reversed()).reversed() : Rearrangement.denseStrides(sizes)
  }

  /// Decodes all elements in the file's order, and returns how many were rounded.
  private func readElements(into values: borrowing FloatBuffer) throws(TensorError) -> Int {
    var roundedCount = 0
    for start in stride(from: 0, to: count, by: Self.chunkCount) {
      let length = min(Self.chunkCount, count - start)
      let bytes = try source.bytes(at: offset + start * type.size, count: length * type.size)
      let decoded = type.decode(
        bytes.span.bytes, isBigEndian: isBigEndian,
        into: UnsafeMutableBufferPointer(start: values.pointer + start, count: length))
      roundedCount += decoded.roundedCount
      if let fault = decoded.firstFault {
        let found =
          fault.value.isFinite
          ? "\(fault.value), which is larger than single precision holds (3.4e38)"
          : fault.value.isNaN ? "NaN" : fault.value < 0 ? "-infinity" : "infinity"
        throw .content(
          file: "\(path)",
          message:
            "element \(indices(of: start + fault.index)) is \(found); expected finite numbers of single precision")
      }
    }
    return roundedCount
  }

  /// The indices of an element, counted from 0, by its place in the file.
  private func indices(of place: Int) -> String {
    let indices = zip(sizes, strides).map { place / $1 % $0 }
    return "[\(indices.map(String.init).joined(separator: ", "))]"
  }
}

/// A tensor in memory.
public struct Tensor: ~Copyable {
  /// The dimensions, slowest first.
  public let sizes: [Int]
  /// The elements in C order.
  public let values: FloatBuffer
  /// How many numbers were rounded when double precision was narrowed to single.
  public let roundedCount: Int

  /// The elements, whose owner the caller becomes.
  public consuming func takeValues() -> FloatBuffer { values }
}

/// How many elements and bytes a tensor has; nil for a negative size, or more than `Layer.maximumElements` elements.
func checkedCount(_ sizes: [Int], elementSize: Int) -> (count: Int, bytes: Int)? {
  // An empty dimension makes the others irrelevant, also where their product alone would overflow.
  if sizes.contains(0) { return (0, 0) }
  var count = 1
  for size in sizes {
    let (product, overflow) = count.multipliedReportingOverflow(by: size)
    if size < 0 || overflow || product > Layer.maximumElements { return nil }
    count = product
  }
  return (count, count * elementSize)
}
