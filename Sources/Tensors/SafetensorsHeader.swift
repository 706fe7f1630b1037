import Foundation
import Layers

/// The header of a safetensors file: which tensors it has, and where.
///
/// Source: the format's description at https://github.com/huggingface/safetensors. Eight bytes, least significant first,
/// are the length of a JSON object that follows; its members are the tensors, with `dtype`, `shape` and `data_offsets`,
/// begin and end in the bytes after the header. The tensors fill those bytes without overlap, gap or rest.
/// `__metadata__` is ignored.
struct SafetensorsHeader {
  private struct Member: Decodable {
    var dtype: String
    var shape: [Int]
    var offsets: [Int]

    private enum CodingKeys: String, CodingKey {
      case dtype, shape
      case offsets = "data_offsets"
    }
  }

  /// A member that may be `__metadata__`, which is anything.
  private struct Members: Decodable {
    var tensors: [String: Member] = [:]

    private struct Name: CodingKey {
      var stringValue: String
      var intValue: Int? { nil }
      init(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Name.self)
      for name in container.allKeys where name.stringValue != "__metadata__" {
        tensors[name.stringValue] = try container.decode(Member.self, forKey: name)
      }
    }
  }

  /// A tensor that can be read.
  struct Entry {
    var type: ElementType
    var sizes: [Int]
    /// Where the elements begin, in bytes from the start of the file.
    var offset: Int
  }

  private let tensors: [String: Member]
  private let dataOffset: Int

  /// The longest header, in bytes: the format's own limit.
  static let maximumLength = 100_000_000

  /// The format's types and the bits of an element. Types that are not here may come; their sizes are not checked.
  private static let bits = [
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32,
    "U32": 32, "F32": 32, "F64": 64, "I64": 64, "U64": 64,
  ]

  /// Reads the header, and checks that the tensors fill the rest of the file.
  init(_ source: ByteSource) throws(TensorError) {
    func fault(_ message: String) -> TensorError { .content(file: source.file, message: message) }

    guard source.count >= 8 else {
      throw fault("it ends after \(source.count) bytes; expected a safetensors file's header")
    }
    let length = try source.bytes(at: 0, count: 8).reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(Self.maximumLength) else {
      throw fault("its header says that it has \(length) bytes; expected at most \(Self.maximumLength)")
    }
    guard length <= UInt64(source.count - 8) else {
      throw fault("its header says that it has \(length) bytes, but \(source.count - 8) follow")
    }
    let json = try source.bytes(at: 8, count: Int(length))
    guard json.first == UInt8(ascii: "{") else { throw fault("its header does not begin with '{'; expected JSON") }
    // The decoder would take such bytes for UTF-16.
    if json.contains(0) { throw fault("its header has a byte 0; expected JSON in UTF-8") }
    do { tensors = try JSONDecoder().decode(Members.self, from: Data(json)).tensors } catch {
      throw fault("its header is not as expected: \(Self.reason(error))")
    }
    dataOffset = 8 + Int(length)
    if let twice = Self.repeatedName(in: json) {
      throw fault("its header has '\(shortened(twice))' twice; expected each name once")
    }

    var end = 0
    let inOrder = tensors.sorted {
      ($0.value.offsets.first ?? 0, $0.value.offsets.last ?? 0, $0.key)
        < ($1.value.offsets.first ?? 0, $1.value.offsets.last ?? 0, $1.key)
    }
    for (name, member) in inOrder {
      let tensor = "the tensor '\(shortened(name))'"
      guard member.offsets.count == 2 else {
        throw fault("\(tensor) has \(member.offsets.count) offsets; expected begin and end")
      }
      let (first, last) = (member.offsets[0], member.offsets[1])
      guard first == end, last >= first, last <= source.count - dataOffset else {
        throw fault(
          "\(tensor) lies from byte \(first) to \(last) of \(source.count - dataOffset); expected tensors one after the "
            + "other, this one from byte \(end)")
      }
      guard member.shape.allSatisfy({ $0 >= 0 }), let (count, _) = checkedCount(member.shape, elementSize: 8) else {
        throw fault("\(tensor) has the shape \(TensorFile.text(member.shape)); expected at most 2^40 elements")
      }
      if let bits = Self.bits[member.dtype], count * bits / 8 != last - first {
        throw fault(
          "\(tensor), \(member.dtype) of shape \(TensorFile.text(member.shape)), takes \(count * bits / 8) bytes, but its "
            + "offsets are \(last - first) apart")
      }
      end = last
    }
    guard end == source.count - dataOffset else {
      throw fault("its tensors end at byte \(end) of \(source.count - dataOffset); expected them to fill the file")
    }
  }

  /// The tensor called `name`.
  ///
  /// - Throws: `TensorError` if there is none, or its type is not one that is read.
  func entry(_ name: String?, in file: String) throws(TensorError) -> Entry {
    guard let name else {
      let some = tensors.keys.sorted().prefix(Self.listed)
      throw .content(
        file: file,
        message: "a tensor's name was expected after it, as in '\(file):\(some.first ?? "layer.weight")'; it has "
          + Self.listing(some, of: tensors.count))
    }
    guard let member = tensors[name] else {
      let near = tensors.keys.map { (name: $0, distance: editDistance($0, String(name.prefix(200)))) }
        .sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(Self.listed).map(\.name)
      throw .content(
        file: file,
        message: "it has no tensor '\(shortened(name))'; the nearest are \(Self.listing(near[...], of: tensors.count))")
    }
    let type: ElementType
    switch member.dtype {
    case "F32": type = .float32
    case "F64": type = .float64
    case "F16": type = .float16
    case "BF16": type = .bfloat16
    default:
      throw .content(
        file: "\(file):\(name)", message: "its dtype is \(shortened(member.dtype)); expected F32, F64, F16 or BF16")
    }
    return Entry(type: type, sizes: member.shape, offset: dataOffset + member.offsets[0])
  }

  /// How many names a message lists at most.
  private static let listed = 5

  private static func listing(_ names: ArraySlice<String>, of count: Int) -> String {
    if names.isEmpty { return "no tensors" }
    let quoted = names.map { "'\($0)'" }
    return names.count < count ? quoted.joined(separator: ", ") + " and \(count - names.count) more" : list(quoted)
  }

  /// What a decoding error says, as the end of a sentence.
  private static func reason(_ error: any Error) -> String {
    switch error as? DecodingError {
    case .keyNotFound(let key, let context):
      "'\(shortened(context.codingPath.last?.stringValue ?? ""))' has no '\(key.stringValue)'"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      "\(context.codingPath.map { "'\(shortened($0.stringValue))'" }.joined(separator: ".")) has a value of another type"
    default: "it is not JSON"
    }
  }

  /// The first name that an object of the header has twice, which JSON decoders do not report.
  ///
  /// - Requires: `json` is well formed.
  private static func repeatedName(in json: [UInt8]) -> String? {
    // The names so far of each object that is open; nil for an array.
    var names: [Set<ArraySlice<UInt8>>?] = []
    var position = 0
    var last: ArraySlice<UInt8> = []
    while position < json.count {
      switch json[position] {
      case UInt8(ascii: "{"): names.append([])
      case UInt8(ascii: "["): names.append(nil)
      case UInt8(ascii: "}"), UInt8(ascii: "]"): _ = names.popLast()
      case UInt8(ascii: ":"):
        if names.last??.contains(last) ?? false { return String(decoding: last, as: UTF8.self) }
        if !names.isEmpty { names[names.count - 1]?.insert(last) }
      case UInt8(ascii: "\""):
        let start = position + 1
        position = start
        while position < json.count, json[position] != UInt8(ascii: "\"") {
          position += json[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        last = json[start..<min(position, json.count)]
      default: break
      }
      position += 1
    }
    return nil
  }
}
