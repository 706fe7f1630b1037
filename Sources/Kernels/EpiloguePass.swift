public import Layers

/// Bias and activation as a pass over a matrix that something else has computed, such as a matrix product of a library
/// that knows neither.
///
/// C[r][c] ← f(C[r][c] + bias), in place, rows `stride` elements apart. The lab's own kernels do both while a tile is in
/// registers; this is for code that cannot.
public enum EpiloguePass<Target: VectorISA> {
  /// A bias for each column: pixels are rows, output channels are columns.
  ///
  /// - Parameters:
  ///   - bias: `columns` biases, or nil for none.
  ///   - stride: elements from one row to the next, at least `columns`.
  @inlinable @inline(never)
  public static func columnBias(
    _ activation: Activation, _ bias: UnsafePointer<Float>?, _ p: UnsafeMutablePointer<Float>, rows: Int, columns: Int,
    stride: Int
  ) {
    if bias == nil && activation == .none { return }
    pass(activation, p, rows, columns, stride) { _, column in
      bias.map { Target.load($0 + column) } ?? Target.F32()
    } scalar: { _, column in
      bias.map { $0[column] } ?? 0
    }
  }

  /// A bias for each row: output channels are rows, pixels are columns.
  ///
  /// - Parameters:
  ///   - bias: `rows` biases, or nil for none.
  ///   - stride: elements from one row to the next, at least `columns`.
  @inlinable @inline(never)
  public static func rowBias(
    _ activation: Activation, _ bias: UnsafePointer<Float>?, _ p: UnsafeMutablePointer<Float>, rows: Int, columns: Int,
    stride: Int
  ) {
    if bias == nil && activation == .none { return }
    pass(activation, p, rows, columns, stride) { row, _ in
      Target.F32(repeating: bias.map { $0[row] } ?? 0)
    } scalar: { row, _ in
      bias.map { $0[row] } ?? 0
    }
  }

  /// Adds what `vector` gives for the elements from a row and column on, and `scalar` for one, and applies the activation.
  @inlinable @inline(__always)
  static func pass(
    _ activation: Activation, _ p: UnsafeMutablePointer<Float>, _ rows: Int, _ columns: Int, _ stride: Int,
    vector: (Int, Int) -> Target.F32, scalar: (Int, Int) -> Float
  ) {
    let clamp = Epilogue<Target>.Clamp(activation)
    for row in 0..<rows {
      let line = p + row &* stride
      var column = 0
      while column &+ Target.lanes <= columns {
        Target.store(clamp(Target.load(line + column) + vector(row, column)), line + column)
        column &+= Target.lanes
      }
      while column < columns {
        line[column] = clamped(activation, line[column] + scalar(row, column))
        column &+= 1
      }
    }
    Epilogue<Target>.finish(activation, p, rows: rows, columns: columns, stride: stride)
  }

  /// What ``Epilogue/Clamp`` does to a lane. The other activations follow in ``Epilogue/finish(_:_:rows:columns:stride:)``.
  @inlinable @inline(__always)
  static func clamped(_ activation: Activation, _ x: Float) -> Float {
    activation == .relu || activation == .relu6 ? Epilogue<Target>.apply(activation, x) : x
  }
}

/// An ``EpiloguePass`` compiled for one ISA, as a value.
public struct EpilogueSet: Sendable {
  /// One of the pass's functions: activation, biases or nil, matrix, rows, columns, elements from row to row.
  public typealias Pass =
    @Sendable (Activation, UnsafePointer<Float>?, UnsafeMutablePointer<Float>, Int, Int, Int) -> Void

  /// The ISA that it is compiled for.
  public let isa: ISA
  /// See ``EpiloguePass/columnBias(_:_:_:rows:columns:stride:)``.
  public let columnBias: Pass
  /// See ``EpiloguePass/rowBias(_:_:_:rows:columns:stride:)``.
  public let rowBias: Pass

  /// The pass of `Target`. Call it in that ISA's module, so that the functions are compiled there.
  @inlinable @inline(__always)
  public init<Target: VectorISA>(_ target: Target.Type) {
    isa = Target.isa
    columnBias = { EpiloguePass<Target>.columnBias($0, $1, $2, rows: $3, columns: $4, stride: $5) }
    rowBias = { EpiloguePass<Target>.rowBias($0, $1, $2, rows: $3, columns: $4, stride: $5) }
  }
}
