public import Layers

/// Writing NumPy's .npy format.
public enum NpyFile {
  /// A .npy file of version 1.0 with `values` as little-endian float32 in C order.
  ///
  /// As NumPy does it, the header is padded so that the elements begin at a multiple of 64 bytes.
  ///
  /// - Requires: `sizes` have as many elements as `values`, and up to 64 dimensions.
  public static func bytes(_ values: borrowing FloatBuffer, sizes: [Int]) -> [UInt8] {
    precondition(sizes.reduce(1, *) == values.count && sizes.count <= 64)
    var header = NpyHeader.magic + [1, 0, 0, 0]
    header += "{'descr': '<f4', 'fortran_order': False, 'shape': \(TensorFile.text(sizes)), }".utf8
    let padded = (header.count + 1 + 63) / 64 * 64
    header += repeatElement(0x20, count: padded - header.count - 1)
    header.append(0x0A)
    header[8] = UInt8(truncatingIfNeeded: padded - 10)
    header[9] = UInt8((padded - 10) >> 8)
    let count = header.count + values.count * 4
    let elements = UnsafeBufferPointer(start: values.pointer, count: values.count)
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialised in
      let memory = UnsafeMutableRawBufferPointer(buffer)
      memory.copyBytes(from: header)
      for (i, value) in elements.enumerated() {
        memory.storeBytes(of: value.bitPattern.littleEndian, toByteOffset: header.count + i * 4, as: UInt32.self)
      }
      initialised = count
    }
  }
}
