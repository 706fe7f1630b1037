/// The types of elements that are read. All become single precision.
public enum ElementType: Sendable, Hashable {
  /// IEEE 754 binary32.
  case float32
  /// IEEE 754 binary64; rounded to the nearest single-precision number, ties to even.
  case float64
  /// IEEE 754 binary16; every number is one of single precision.
  case float16
  /// bfloat16, the upper half of binary32; every number is one of single precision.
  case bfloat16

  /// Bytes of one element.
  public var size: Int {
    switch self {
    case .float16, .bfloat16: 2
    case .float32: 4
    case .float64: 8
    }
  }

  /// What decoding elements showed.
  struct Decoded {
    /// How many numbers were rounded.
    var roundedCount = 0
    /// The first element that single precision does not hold as a number, by its place in the bytes.
    var firstFault: (index: Int, value: Double)?
  }

  /// Decodes as many elements as `bytes` holds into `target`.
  ///
  /// - Requires: `target` has room for them.
  func decode(
    _ bytes: RawSpan, isBigEndian: Bool, into target: UnsafeMutableBufferPointer<Float>
  ) -> Decoded {
    let count = bytes.byteCount / size
    precondition(target.count >= count)
    var decoded = Decoded()
    switch self {
    case .float32:
      for i in 0..<count {
        let bits = bytes.unsafeLoadUnaligned(fromByteOffset: i &* 4, as: UInt32.self)
        let value = Float(bitPattern: isBigEndian ? UInt32(bigEndian: bits) : UInt32(littleEndian: bits))
        target[i] = value
        if !value.isFinite && decoded.firstFault == nil { decoded.firstFault = (i, Double(value)) }
      }
    case .float64:
      for i in 0..<count {
        let bits = bytes.unsafeLoadUnaligned(fromByteOffset: i &* 8, as: UInt64.self)
        let value = Double(bitPattern: isBigEndian ? UInt64(bigEndian: bits) : UInt64(littleEndian: bits))
        let narrowed = Float(value)
        target[i] = narrowed
        if Double(narrowed) != value { decoded.roundedCount += 1 }
        if !narrowed.isFinite && decoded.firstFault == nil { decoded.firstFault = (i, value) }
      }
    case .float16, .bfloat16:
      for i in 0..<count {
        let bits = bytes.unsafeLoadUnaligned(fromByteOffset: i &* 2, as: UInt16.self)
        let ordered = isBigEndian ? UInt16(bigEndian: bits) : UInt16(littleEndian: bits)
        let value = self == .bfloat16 ? Float(bitPattern: UInt32(ordered) << 16) : Self.widened(half: ordered)
        target[i] = value
        if !value.isFinite && decoded.firstFault == nil { decoded.firstFault = (i, Double(value)) }
      }
    }
    return decoded
  }

  /// The number of a binary16 pattern. The standard library's `Float16` does not exist on every platform.
  static func widened(half bits: UInt16) -> Float {
    let sign: Float = bits >> 15 == 0 ? 1 : -1
    let exponent = Int(bits >> 10 & 0x1F)
    let fraction = Float(bits & 0x3FF)
    switch exponent {
    case 0: return sign * fraction * 0x1p-24
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default: return sign * Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction * 0x1p-10)
    }
  }
}
