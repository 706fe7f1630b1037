import Layers
import Tensors

/// Files as other programs write them, built byte by byte.
enum TestFiles {
  /// A .npy file with a header and data as they are given.
  static func npy(_ header: String, _ data: [UInt8], version: UInt8 = 1) -> [UInt8] {
    let text = Array(header.utf8)
    let size = version == 1 ? 2 : 4
    let length = (0..<size).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) }
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + text + data
  }

  /// The header that NumPy writes, which ends at a multiple of 64 bytes.
  static func header(_ descr: String, isFortran: Bool = false, _ shape: String, version: UInt8 = 1) -> String {
    let text = "{'descr': '\(descr)', 'fortran_order': \(isFortran ? "True" : "False"), 'shape': \(shape), }"
    let begin = version == 1 ? 10 : 12
    let padded = (begin + text.utf8.count + 1 + 63) / 64 * 64
    return text + String(repeating: " ", count: padded - begin - text.utf8.count - 1) + "\n"
  }

  /// A safetensors file.
  static func safetensors(_ json: String, _ data: [UInt8]) -> [UInt8] {
    let text = Array(json.utf8)
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text + data
  }

  static func bytes<Value: FixedWidthInteger>(_ bits: [Value], isBigEndian: Bool = false) -> [UInt8] {
    bits.flatMap { value in
      let bytes = (0..<Value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
      return isBigEndian ? bytes.reversed() : bytes
    }
  }

  static func floats(_ values: [Float], isBigEndian: Bool = false) -> [UInt8] {
    bytes(values.map(\.bitPattern), isBigEndian: isBigEndian)
  }

  static func doubles(_ values: [Double], isBigEndian: Bool = false) -> [UInt8] {
    bytes(values.map(\.bitPattern), isBigEndian: isBigEndian)
  }
}

/// What reading a file gave: the tensor, or the sentence that says why not.
enum Reading: Equatable {
  case tensor(sizes: [Int], values: [Float], rounded: Int)
  case refused(String)

  init(_ bytes: [UInt8], _ path: String = "x.npy", availableMemory: Int? = nil) {
    do throws(TensorError) {
      let tensor = try TensorFile(bytes, path: TensorPath(path)).read(availableMemory: availableMemory)
      let values = (0..<tensor.values.count).map { tensor.values.pointer[$0] }
      self = .tensor(sizes: tensor.sizes, values: values, rounded: tensor.roundedCount)
    } catch {
      self = .refused(error.description)
    }
  }

  var sentence: String? {
    if case .refused(let sentence) = self { return sentence }
    return nil
  }
}
