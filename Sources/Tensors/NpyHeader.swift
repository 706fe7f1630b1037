import Layers

/// The header of a NumPy .npy file.
///
/// Source: NumPy Enhancement Proposal 1 and numpy.lib.format. After the magic string `\x93NUMPY`, one byte each of major
/// and minor version, and the header's length (2 bytes in version 1, 4 in versions 2 and 3, least significant first)
/// comes a Python literal: a dictionary with the keys `descr`, `fortran_order` and `shape`. The elements follow it to the
/// end of the file.
struct NpyHeader {
  let type: ElementType
  let isBigEndian: Bool
  let isFortranOrder: Bool
  let sizes: [Int]
  /// Where the elements begin, in bytes.
  let dataOffset: Int

  /// The first bytes of every file.
  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// The longest literal that is read, in bytes. One that describes numbers alone has some hundred; NumPy itself refuses
  /// more than 10,000 of a file that it does not trust.
  static let maximumLength = 1 << 16

  /// Reads the header, and checks what it says against the file's size.
  init(_ source: ByteSource) throws(TensorError) {
    func fault(_ message: String) -> TensorError { .content(file: source.file, message: message) }

    let start = try source.bytes(at: 0, count: min(source.count, 12))
    guard start.starts(with: Self.magic) else {
      throw fault("it does not begin with \\x93NUMPY; expected a .npy file, or NAME.safetensors:TENSOR")
    }
    guard start.count >= 10 else { throw fault("it ends after \(source.count) bytes; expected a .npy file's header") }
    let version = (start[6], start[7])
    let lengthSize: Int
    switch version {
    case (1, 0): lengthSize = 2
    case (2, 0), (3, 0): lengthSize = 4
    default: throw fault("it has .npy version \(version.0).\(version.1); expected 1.0, 2.0 or 3.0")
    }
    let begin = 8 + lengthSize
    guard start.count >= begin else {
      throw fault("it ends after \(source.count) bytes; expected a .npy file's header")
    }
    let length = start[8..<begin].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= Self.maximumLength else {
      throw fault("its header says that it has \(length) bytes; expected at most \(Self.maximumLength)")
    }
    guard length <= source.count - begin else {
      throw fault("its header says that it has \(length) bytes, but \(source.count - begin) follow")
    }
    var literal = PythonDictionary(try source.bytes(at: begin, count: length), allowsLongs: version.0 < 3)
    let content: PythonDictionary.Content
    do { content = try literal.read() } catch {
      throw fault("its header is malformed at byte \(begin + error.position): \(error.expected)")
    }
    (type, isBigEndian) = try Self.elementType(content.descr, fault)
    isFortranOrder = content.isFortranOrder
    sizes = content.shape
    dataOffset = begin + length
    guard let (_, bytes) = checkedCount(sizes, elementSize: type.size) else {
      throw fault("its shape \(TensorFile.text(sizes)) has more than 2^40 elements")
    }
    let found = source.count - dataOffset
    guard bytes == found else {
      throw fault(
        "its shape \(TensorFile.text(sizes)) of '\(content.descr)' takes \(bytes) bytes, but \(found) follow the header"
      )
    }
  }

  /// The element type of a `descr`: byte order, kind and size. `=` and `|`, and no byte order, are the machine's own.
  private static func elementType(
    _ descr: String, _ fault: (String) -> TensorError
  ) throws(TensorError) -> (ElementType, isBigEndian: Bool) {
    let order = descr.utf8.first
    let hasOrder = order.map { Array("<>=|".utf8).contains($0) } ?? false
    let isBigEndian = order == UInt8(ascii: ">") || (order != UInt8(ascii: "<") && 1.bigEndian == 1)
    switch hasOrder ? String(descr.dropFirst()) : descr {
    case "f4": return (.float32, isBigEndian)
    case "f8": return (.float64, isBigEndian)
    default:
      throw fault("its dtype is '\(shortened(descr))'; expected '<f4', '>f4', '<f8' or '>f8' (float32 or float64)")
    }
  }
}

/// The dictionary in a .npy header, read from bytes.
///
/// It accepts what NumPy writes and what its specification allows, in any order and spacing, and no other expression:
/// keys in single or double quotes without escapes, `True` or `False`, a tuple of whole numbers, commas at the end. There
/// is no recursion, so nesting cannot exhaust the stack.
struct PythonDictionary {
  struct Content {
    var descr: String
    var isFortranOrder: Bool
    var shape: [Int]
  }

  /// What was expected where.
  struct Fault: Error {
    var position: Int
    var expected: String
  }

  private let bytes: [UInt8]
  /// Whether numbers may end in `L`, as Python 2 wrote them.
  private let allowsLongs: Bool
  private var position = 0

  init(_ bytes: [UInt8], allowsLongs: Bool) {
    self.bytes = bytes
    self.allowsLongs = allowsLongs
  }

  /// Dimensions that NumPy's arrays have at most.
  private static let maximumDimensions = 64

  mutating func read() throws(Fault) -> Content {
    var descr: String?
    var isFortranOrder: Bool?
    var shape: [Int]?
    try expect("{")
    while !take("}") {
      skipSpace()
      let start = position
      let key = try string()
      try expect(":")
      switch key {
      case "descr" where descr == nil:
        descr = try string("the dtype in quotes was expected; structured dtypes are not read")
      case "fortran_order" where isFortranOrder == nil: isFortranOrder = try boolean()
      case "shape" where shape == nil: shape = try tuple()
      case "descr", "fortran_order", "shape":
        throw Fault(position: start, expected: "'\(key)' was expected once")
      default:
        throw Fault(
          position: start,
          expected: "'descr', 'fortran_order' or 'shape' was expected, but the key is '\(shortened(key))'")
      }
      if take(",") { continue }
      try expect("}", or: ",")
      break
    }
    skipSpace()
    if position < bytes.count { throw Fault(position: position, expected: "nothing but spaces was expected after '}'") }
    guard let descr, let isFortranOrder, let shape else {
      let missing = descr == nil ? "descr" : isFortranOrder == nil ? "fortran_order" : "shape"
      throw Fault(position: position, expected: "the key '\(missing)' was expected")
    }
    return Content(descr: descr, isFortranOrder: isFortranOrder, shape: shape)
  }

  private mutating func skipSpace() {
    while position < bytes.count, bytes[position] == 0x20 || (0x09...0x0D).contains(bytes[position]) { position += 1 }
  }

  /// Skips space, and `character` if it follows.
  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar, or other: Unicode.Scalar? = nil) throws(Fault) {
    if !take(character) {
      throw Fault(position: position, expected: "'\(character)'\(other.map { " or '\($0)'" } ?? "") was expected")
    }
  }

  private mutating func string(_ expectation: String = "a key in quotes was expected") throws(Fault) -> String {
    guard let quote: UInt8 = take("'") ? 0x27 : take("\"") ? 0x22 : nil else {
      throw Fault(position: position, expected: expectation)
    }
    let start = position
    while position < bytes.count, bytes[position] != quote {
      // No name in a header has an escape or a line end.
      if bytes[position] == UInt8(ascii: "\\") || bytes[position] < 0x20 {
        throw Fault(position: position, expected: "a name without escapes was expected")
      }
      position += 1
    }
    guard position < bytes.count else { throw Fault(position: start, expected: "a closing quote was expected") }
    defer { position += 1 }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func boolean() throws(Fault) -> Bool {
    skipSpace()
    for (word, value) in [("True", true), ("False", false)] where bytes[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return value
    }
    throw Fault(position: position, expected: "True or False was expected")
  }

  private mutating func tuple() throws(Fault) -> [Int] {
    try expect("(")
    var numbers: [Int] = []
    while !take(")") {
      if numbers.count == Self.maximumDimensions {
        throw Fault(position: position, expected: "at most \(Self.maximumDimensions) dimensions were expected")
      }
      numbers.append(try number())
      if take(",") { continue }
      // (3) is a number, not a tuple.
      if numbers.count == 1 { throw Fault(position: position, expected: "',' was expected") }
      try expect(")", or: ",")
      break
    }
    return numbers
  }

  private mutating func number() throws(Fault) -> Int {
    skipSpace()
    let start = position
    var value = 0
    while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(Int(bytes[position] - UInt8(ascii: "0")))
      if overflow || carry { throw Fault(position: start, expected: "a size of at most 2^63 - 1 was expected") }
      value = sum
      position += 1
    }
    // Python has no numbers with leading zeros but zero.
    if position == start || (bytes[start] == UInt8(ascii: "0") && position > start + 1) {
      throw Fault(position: start, expected: "a whole number of at least 0 was expected")
    }
    if allowsLongs && position < bytes.count && bytes[position] == UInt8(ascii: "L") { position += 1 }
    return value
  }
}
