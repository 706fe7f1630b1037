/// A message of Protocol Buffers in the making, as far as ONNX models need it.
///
/// Large tensors are not copied until the whole message is written: a message holds pointers to them.
///
/// Source: Protocol Buffers documentation, "Encoding".
struct ProtobufMessage {
  private enum Part {
    case bytes([UInt8])
    case memory(UnsafeRawBufferPointer)
  }

  private enum WireType: UInt64 {
    case varint = 0
    case lengthDelimited = 2
  }

  private var parts: [Part] = []

  /// The length in bytes.
  private(set) var count = 0

  /// Appends an integer field.
  ///
  /// - Requires: `value` is not negative.
  mutating func append(_ field: UInt64, _ value: Int) {
    append(Self.key(field, .varint) + Self.varint(UInt64(value)))
  }

  /// Appends a string field.
  mutating func append(_ field: UInt64, _ text: String) {
    append(Self.key(field, .lengthDelimited) + Self.varint(UInt64(text.utf8.count)) + Array(text.utf8))
  }

  /// Appends a message as a field.
  mutating func append(_ field: UInt64, _ message: ProtobufMessage) {
    append(Self.key(field, .lengthDelimited) + Self.varint(UInt64(message.count)))
    parts += message.parts
    count += message.count
  }

  /// Appends a field of bytes that lie at `memory` until the message has been written.
  mutating func append(_ field: UInt64, _ memory: UnsafeRawBufferPointer) {
    append(Self.key(field, .lengthDelimited) + Self.varint(UInt64(memory.count)))
    parts.append(.memory(memory))
    count += memory.count
  }

  /// Appends a field of bytes.
  mutating func append(_ field: UInt64, _ bytes: [UInt8]) {
    append(Self.key(field, .lengthDelimited) + Self.varint(UInt64(bytes.count)) + bytes)
  }

  /// Writes the message.
  ///
  /// - Requires: `target` has ``count`` bytes.
  func write(to target: UnsafeMutableRawBufferPointer) {
    precondition(target.count == count)
    var offset = 0
    for part in parts {
      let rest = UnsafeMutableRawBufferPointer(rebasing: target[offset...])
      switch part {
      case .bytes(let bytes):
        rest.copyBytes(from: bytes)
        offset += bytes.count
      case .memory(let memory):
        rest.copyMemory(from: memory)
        offset += memory.count
      }
    }
  }

  private mutating func append(_ bytes: [UInt8]) {
    parts.append(.bytes(bytes))
    count += bytes.count
  }

  private static func key(_ field: UInt64, _ type: WireType) -> [UInt8] { varint(field << 3 | type.rawValue) }

  /// Seven bits a byte, the lowest first; the eighth says that more follow.
  private static func varint(_ value: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }
}
