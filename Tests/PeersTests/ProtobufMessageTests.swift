import Testing

@testable import Peers

/// The bytes of messages: examples of the Protocol Buffers documentation ("Encoding"), and lengths around its borders.
@Suite struct ProtobufMessageTests {
  @Test func documentedExamples() {
    var number = ProtobufMessage()
    number.append(1, 150)
    #expect(number.bytes == [0x08, 0x96, 0x01])

    var text = ProtobufMessage()
    text.append(2, "testing")
    #expect(text.bytes == [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67])

    var outer = ProtobufMessage()
    outer.append(3, number)
    #expect(outer.bytes == [0x1a, 0x03, 0x08, 0x96, 0x01])
  }

  /// A field number beyond 15 takes two bytes, and so does a length beyond 127.
  @Test func longFields() {
    var message = ProtobufMessage()
    message.append(20, 2)
    message.append(9, [UInt8](repeating: 7, count: 128))
    #expect(message.bytes == [0xa0, 0x01, 0x02, 0x4a, 0x80, 0x01] + [UInt8](repeating: 7, count: 128))
  }

  /// Data elsewhere in memory is copied when the outermost message is written.
  @Test func memoryWithinMessages() {
    var data: [UInt8] = [1, 2, 3]
    data.withUnsafeMutableBytes { data in
      var tensor = ProtobufMessage()
      tensor.append(9, UnsafeRawBufferPointer(data))
      var graph = ProtobufMessage()
      graph.append(5, tensor)
      graph.append(2, "g")
      data[1] = 8
      #expect(graph.bytes == [0x2a, 0x05, 0x4a, 0x03, 1, 8, 3, 0x12, 0x01, 0x67])
    }
  }
}

extension ProtobufMessage {
  fileprivate var bytes: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialised in
      write(to: UnsafeMutableRawBufferPointer(buffer))
      initialised = count
    }
  }
}
