import Foundation
import Layers
import Tensors
import Testing

/// Seeded mutations of valid files. Each must be read, within its bytes, or refused with a sentence; a crash, a trap of a
/// bounds check among them, ends the process. `POINTWISE_FUZZ` says how many mutations there are of each format.
@Suite struct FuzzTests {
  static let count = ProcessInfo.processInfo.environment["POINTWISE_FUZZ"].flatMap { Int($0) } ?? 10_000
  static let seed: UInt64 = 17

  static let npy: [[UInt8]] = {
    let values = TestFiles.floats([1, -2, 3.5, 0, 0x1p-140, 3e38])
    let doubles = TestFiles.doubles([1, -2, 3.5, 0, 0x1p-140, 3e38])
    return [
      TestFiles.npy(TestFiles.header("<f4", "(2, 3)"), values),
      TestFiles.npy(TestFiles.header(">f8", isFortran: true, "(3, 1, 2)", version: 2), doubles, version: 2),
      TestFiles.npy(TestFiles.header("=f4", "(6,)", version: 3), values, version: 3),
      TestFiles.npy("{'shape':(1,6),'descr':'|f8','fortran_order':True}", doubles),
    ]
  }()

  static let safetensors = [
    TestFiles.safetensors(SafetensorsTests.json, SafetensorsTests.data),
    TestFiles.safetensors(#"{"b":{"shape":[2],"data_offsets":[0,4],"dtype":"BF16"}}"#, [0, 1, 2, 3]),
    TestFiles.safetensors(#"{"\u0062":{"shape":[],"data_offsets":[0,4],"dtype":"F32"}}"#, [0, 1, 2, 3]),
  ]

  /// Pieces that headers are made of, and numbers at the borders of their types.
  static let words: [[UInt8]] =
    [
      "0", "1", "-1", "2", "3", "6", "255", "65535", "4294967296", "1099511627776", "9223372036854775807",
      "9223372036854775808", "1e3", "(", ")", "[", "]", "{", "}", ",", ":", "'", "\"", "\\", "True", "False", "L",
      "<f4",
      ">f8", "descr", "shape", "fortran_order", "dtype", "data_offsets", "F64", "\u{0}", " ", "\n",
    ].map { Array($0.utf8) } + [[0xFF], [0x80], [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0, 0, 0, 0, 0x80]]

  static func mutate(_ file: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
    var bytes = file
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
      if bytes.isEmpty { return bytes }
      let place = Int.random(in: 0..<bytes.count, using: &generator)
      let end = min(bytes.count, place + Int.random(in: 1...8, using: &generator))
      switch Int.random(in: 0..<8, using: &generator) {
      case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 1: bytes[place] = UInt8.random(in: 0...255, using: &generator)
      case 2: bytes.removeSubrange(place..<end)
      case 3: bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &generator))
      case 4: bytes.removeSubrange(place...)
      case 5: bytes.insert(contentsOf: words.randomElement(using: &generator) ?? [], at: place)
      case 6: bytes.replaceSubrange(place..<end, with: words.randomElement(using: &generator) ?? [])
      default:
        // A digit for another keeps a header's length.
        let digits = bytes.indices.filter { (0x30...0x39).contains(bytes[$0]) }
        if let digit = digits.randomElement(using: &generator) {
          bytes[digit] = UInt8.random(in: 0x30...0x39, using: &generator)
        }
      }
    }
    return bytes
  }

  @Test(arguments: ["x.npy", "m.safetensors:b"]) func mutations(path: String) {
    let files = path == "x.npy" ? Self.npy : Self.safetensors
    var generator = SeededGenerator(seed: Self.seed)
    var (accepted, refused) = (0, 0)
    for number in 0..<Self.count {
      let bytes = Self.mutate(files[number % files.count], &generator)
      switch Reading(bytes, path, availableMemory: 1 << 20) {
      case .tensor(let sizes, let values, _):
        accepted += 1
        // What was read fits into the file, and is what was promised.
        if sizes.reduce(1, *) != values.count || values.isEmpty || values.count * 2 > bytes.count
          || !values.allSatisfy(\.isFinite)
        {
          Issue.record("seed \(Self.seed), mutation \(number): \(sizes) from \(bytes)")
        }
      case .refused(let sentence):
        refused += 1
        if sentence.isEmpty || sentence.contains(where: \.isNewline) || sentence.utf8.count > 1000 {
          Issue.record("seed \(Self.seed), mutation \(number): the sentence is '\(sentence)'")
        }
      }
    }
    print("\(path): \(accepted) mutations were read, \(refused) refused")
    #expect(accepted > Self.count / 1000 && refused > Self.count / 2, "both outcomes occur")
  }
}
