import RealModule

/// The results of a layer in Double, before the activation, with the magnitudes that bound a kernel's error.
///
/// The value of row m and column n is z = Σₖ x·w + b; its magnitude is Σₖ |x·w| + |b|. Beyond ``fullLimit`` FLOP only
/// some rows are kept: the first, the last and random ones between them.
///
/// The reference has index arithmetic of its own, straight from the definition of the layouts, and shares none with
/// the kernels.
public struct Reference: Sendable {
  /// The kept rows of the GEMM view, ascending.
  public let rows: [Int]
  /// Columns of the GEMM view.
  public let columns: Int
  /// z, [rows][columns].
  public let values: [Double]
  /// Σ |x·w| + |b|, [rows][columns].
  public let magnitudes: [Double]
  /// Terms of each sum.
  public let depth: Int
  /// Whether sums are exact in single precision, so that a kernel has no error to be forgiven.
  public let isExact: Bool
  /// Whether all rows are kept.
  public let isComplete: Bool

  /// Layers with more FLOP than this are checked by samples: 1 GFLOP.
  public static let fullLimit = 1e9

  /// Computes the reference of `tensors`, on all cores.
  public init(_ tensors: LayerTensors, seed: UInt64, fullLimit: Double = Self.fullLimit) {
    let layer = tensors.layer
    let (m, n, k) = (layer.m, layer.n, layer.k)
    isComplete = layer.flops <= fullLimit
    if isComplete {
      rows = Array(0..<m)
    } else {
      let count = Self.rowCount(layer, fullLimit: fullLimit)
      var generator = SeededGenerator(seed: seed, stream: 3)
      var chosen: Set = [0, m - 1]
      while chosen.count < count { chosen.insert(Int.random(in: 0..<m, using: &generator)) }
      rows = chosen.sorted()
    }
    columns = n
    depth = k
    isExact = tensors.pattern.isExact(k: k)

    let rows = rows
    let count = rows.count * n
    var values = [Double](repeating: 0, count: count)
    var magnitudes = [Double](repeating: 0, count: count)
    values.withUnsafeMutableBufferPointer { values in
      magnitudes.withUnsafeMutableBufferPointer { magnitudes in
        let results = Results(values: values.baseAddress!, magnitudes: magnitudes.baseAddress!)
        // Parts of rows × columns, so that one row of many columns is shared out as well.
        let columnParts = rows.count >= 16 ? 1 : min(n, 16)
        parallelChunks(of: rows.count * columnParts) { parts in
          var x = [Double](repeating: 0, count: k)
          for part in parts {
            let (row, columnPart) = part.quotientAndRemainder(dividingBy: columnParts)
            let columns = n * columnPart / columnParts..<n * (columnPart + 1) / columnParts
            for k in 0..<k { x[k] = Double(tensors.input.pointer[layer.inputIndex(m: rows[row], k: k)]) }
            x.withUnsafeBufferPointer { x in
              for n in columns {
                let (value, magnitude) = dot(x.baseAddress!, tensors.weights.pointer + n * k, k)
                let bias = tensors.bias.map { Double($0[n]) } ?? 0
                results.values[row * layer.n + n] = value + bias
                results.magnitudes[row * layer.n + n] = magnitude + abs(bias)
              }
            }
          }
        }
      }
    }
    self.values = values
    self.magnitudes = magnitudes
  }

  /// The first kept element whose sum could leave the range of single precision on the way, in some order of its terms:
  /// row, column and Σ |x·w| + |b|. Nil if every order stays within it, as on random data.
  public var firstOverflow: (row: Int, column: Int, magnitude: Double)? {
    // A partial sum of n rounded terms is at most (1 + u)ⁿ times the magnitude, and that at most eⁿᵘ times.
    let limit =
      Double(Float.greatestFiniteMagnitude) / Double.exp(Double(depth + 1) * ErrorBound.unitRoundoff)
    guard let index = magnitudes.firstIndex(where: { !($0 < limit) }) else { return nil }
    return (rows[index / columns], index % columns, magnitudes[index])
  }

  /// How many rows are kept of a layer.
  private static func rowCount(_ layer: Layer, fullLimit: Double) -> Int {
    if layer.flops <= fullLimit { return layer.m }
    return min(layer.m, max(4, Int(fullLimit / 4 / (2 * Double(layer.n) * Double(layer.k)))))
  }

  /// The memory that a layer's reference takes, in bytes.
  public static func memoryBytes(_ layer: Layer) -> Int {
    rowCount(layer, fullLimit: fullLimit) * layer.n * 2 * MemoryLayout<Double>.stride
  }

  /// `@unchecked Sendable`: every part writes its own elements.
  private struct Results: @unchecked Sendable {
    let values: UnsafeMutablePointer<Double>
    let magnitudes: UnsafeMutablePointer<Double>
  }
}

/// Σ x·w and Σ |x·w| in Double.
private func dot(_ x: UnsafePointer<Double>, _ w: UnsafePointer<Float>, _ count: Int) -> (Double, Double) {
  var sum = SIMD8<Double>()
  var magnitude = SIMD8<Double>()
  let signs = SIMD8<UInt64>(repeating: 1 << 63)
  var i = 0
  while i + 8 <= count {
    let a = UnsafeRawPointer(x + i).loadUnaligned(as: SIMD8<Double>.self)
    let b = SIMD8<Double>(UnsafeRawPointer(w + i).loadUnaligned(as: SIMD8<Float>.self))
    let product = a * b
    sum += product
    magnitude += unsafeBitCast(unsafeBitCast(product, to: SIMD8<UInt64>.self) & ~signs, to: SIMD8<Double>.self)
    i += 8
  }
  var (total, totalMagnitude) = (sum.sum(), magnitude.sum())
  while i < count {
    let product = x[i] * Double(w[i])
    total += product
    totalMagnitude += abs(product)
    i += 1
  }
  return (total, totalMagnitude)
}

extension Layer {
  /// The dimensions of the output as it lies in memory, slowest first: [mb][oc][oh][ow], [mb][oh][ow][oc], or [m][oc] of
  /// a fully connected layer.
  public var outputSizes: [Int] {
    switch layout {
    case .nchw: [shape.mb, shape.oc, shape.oh, shape.ow]
    case .nhwc: [shape.mb, shape.oh, shape.ow, shape.oc]
    case .nc: [m, n]
    }
  }

  /// Where the input of output row `m` (a pixel, or a batch row) and summed index `k` lies in the input tensor.
  public func inputIndex(m: Int, k: Int) -> Int {
    if op == .fc { return m * self.k + k }
    let (image, pixel) = m.quotientAndRemainder(dividingBy: shape.oh * shape.ow)
    let y = pixel / shape.ow * shape.sh
    let x = pixel % shape.ow * shape.sw
    return layout == .nhwc
      ? ((image * shape.ih + y) * shape.iw + x) * shape.ic + k
      : ((image * shape.ic + k) * shape.ih + y) * shape.iw + x
  }

  /// Where the output of row `m` (a pixel, or a batch row) and column `n` lies in the output tensor.
  public func outputIndex(m: Int, n: Int) -> Int {
    guard layout == .nchw else { return m * self.n + n }
    let (image, pixel) = m.quotientAndRemainder(dividingBy: shape.oh * shape.ow)
    return (image * shape.oc + n) * shape.oh * shape.ow + pixel
  }
}
