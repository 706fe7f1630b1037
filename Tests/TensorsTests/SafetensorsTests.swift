import Tensors
import Testing

@Suite struct SafetensorsTests {
  static let path = "m.safetensors:"
  static let json =
    #"{"__metadata__":{"format":"pt"},"a.weight":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"#
    + #""b":{"dtype":"F64","shape":[1],"data_offsets":[8,16]},"h":{"dtype":"F16","shape":[4],"data_offsets":[16,24]},"#
    + #""bf":{"dtype":"BF16","shape":[2],"data_offsets":[24,28]},"i":{"dtype":"I32","shape":[1],"data_offsets":[28,32]}}  "#
  static let data =
    TestFiles.floats([1.5, -2]) + TestFiles.doubles([0.25])
    + TestFiles.bytes([0x3C00, 0xC000, 0x0001, 0x7BFF] as [UInt16]) + TestFiles.bytes([0x3F80, 0xC040] as [UInt16])
    + TestFiles.bytes([7] as [Int32])

  @Test func everyType() {
    let file = TestFiles.safetensors(Self.json, Self.data)
    #expect(Reading(file, Self.path + "a.weight") == .tensor(sizes: [2, 1], values: [1.5, -2], rounded: 0))
    #expect(Reading(file, Self.path + "b") == .tensor(sizes: [1], values: [0.25], rounded: 0))
    #expect(Reading(file, Self.path + "h") == .tensor(sizes: [4], values: [1, -2, 0x1p-24, 65504], rounded: 0))
    #expect(Reading(file, Self.path + "bf") == .tensor(sizes: [2], values: [1, -3], rounded: 0))
    #expect(
      Reading(file, Self.path + "i").sentence == "m.safetensors:i: its dtype is I32; expected F32, F64, F16 or BF16")
  }

  /// All patterns of binary16 and bfloat16, against the definition.
  @Test func halvesAreWidenedExactly() {
    for bits in UInt16.min...UInt16.max {
      let (exponent, fraction) = (Int(bits >> 10 & 31), Double(bits & 1023))
      let file = TestFiles.safetensors(
        #"{"h":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}"#, TestFiles.bytes([bits]))
      let reading = Reading(file, Self.path + "h")
      if exponent == 31 {
        #expect(reading.sentence != nil)
      } else {
        var value = exponent == 0 ? fraction / 1024 / 16384 : 1 + fraction / 1024
        for _ in 0..<max(0, exponent - 15) { value *= 2 }
        if exponent > 0 { for _ in 0..<max(0, 15 - exponent) { value /= 2 } }
        #expect(reading == .tensor(sizes: [1], values: [Float(bits >> 15 == 0 ? value : -value)], rounded: 0))
      }
    }
  }

  @Test func names() {
    let file = TestFiles.safetensors(Self.json, Self.data)
    #expect(
      Reading(file, Self.path + "a.weigth").sentence?.hasPrefix(
        "m.safetensors: it has no tensor 'a.weigth'; the nearest are 'a.weight', ") == true)
    #expect(Reading(file, "m.safetensors").sentence?.contains("as in 'm.safetensors:a.weight'") == true)
    #expect(TensorPath("d/a.safetensors:x:y.safetensors:z") == TensorPath("d/a.safetensors:x:y.safetensors:z"))
    #expect(TensorPath("d/a.safetensors:x:y").name == "x:y" && TensorPath("d:e.npy").name == nil)
  }

  @Test(arguments: [
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} x"#, "not JSON"),
    (#" {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, "does not begin with '{'"),
    (#"{"a":{"dtype":"F32","shape":[2]}}"#, "'a' has no 'data_offsets'"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,"8"]}}"#, "of another type"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8.5]}}"#, "its header is not as expected"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}"#, "has 1 offsets"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}"#, "has 3 offsets"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, "one after the other"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#, "one after the other"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,12]}}"#, "one after the other"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775807]}}"#, "one after the other"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, "end at byte 4 of 8"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, "from byte 0"),
    (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, "takes 12 bytes, but its offsets are 8 apart"),
    (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, "2^40"),
    (#"{"a":{"dtype":"F32","shape":[4294967296,4294967296,2],"data_offsets":[0,8]}}"#, "2^40"),
    (
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
      "this one from byte 4"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
      "this one from byte 8"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
      "'a' twice"
    ),
    (#"{"a":{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}}"#, "'shape' twice"),
    (
      #"{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#,
      "no elements"
    ),
  ]) func headersThatAreRefused(json: String, words: String) {
    let sentence = Reading(TestFiles.safetensors(json, TestFiles.floats([1, 2])), Self.path + "a").sentence
    #expect(
      sentence?.contains(words) == true && sentence?.hasPrefix("m.safetensors") == true, "\(sentence ?? "accepted")")
  }

  @Test func truncatedAndLyingFiles() {
    let file = TestFiles.safetensors(Self.json, Self.data)
    for count in 0..<file.count {
      #expect(Reading(Array(file[..<count]), Self.path + "b").sentence != nil, "\(count) bytes")
    }
    #expect(Reading(file + [0], Self.path + "b").sentence?.contains("fill the file") == true)
    for length in [UInt64.max, 1 << 63, 100_000_001, 1000] {
      let lying = TestFiles.bytes([length]) + Array(file.dropFirst(8))
      #expect(Reading(lying, Self.path + "b").sentence?.contains("its header says that it has \(length) bytes") == true)
    }
    let zero = TestFiles.safetensors("{\0}", [])
    #expect(Reading(zero, Self.path + "b").sentence?.contains("byte 0") == true)
    let deep = TestFiles.safetensors("{\"a\":" + String(repeating: "[", count: 100_000), [])
    #expect(Reading(deep, Self.path + "b").sentence?.contains("not JSON") == true)
  }
}
