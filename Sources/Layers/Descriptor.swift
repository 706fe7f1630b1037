/// A layer's dimensions as a benchdnn problem descriptor says them, with the name and count that stand beside them.
///
/// The text is a run of keys and whole numbers, `mb1ic256ih56oc512oh28kh1sh2ph0n"res3a*2"`, or for a fully connected
/// layer `mb1ic512ih7oc4096n"fc6"`. A `_` anywhere between two keys is a delimiter and ignored. The defaults are those
/// of oneDNN's benchdnn (`tests/benchdnn/conv/conv_aux.cpp`, `ip/ip_aux.cpp` and `sanitize_desc`):
///
/// - `mb` is 2, `g` is 1, strides are 1, dilations are 0; `ic`, `oc`, and the input and kernel size of a convolution
///   have no default.
/// - A missing width follows the height: `ih56` is 56×56, `kh1` is 1×1, `sh2` is a stride of 2×2. A missing height
///   does not follow the width; a descriptor with widths alone is one-dimensional, and its height is 1.
/// - A missing output size is computed without padding; missing padding is what the output size needs.
/// - `n` ends the descriptor: the rest is the name, with or without quotes. A name that ends in `*4` says that the
///   network runs the layer four times; `n"*4"` says that without a name.
///
/// Where benchdnn refuses text whose meaning is plain, the plain meaning is taken: each of `iw`, `kw` and `sw`
/// follows its height on its own. A `sw` that is missing beside an `ow` that only a stride of 1 explains is 1, which
/// is how benchdnn reads it.
///
/// Layout, bias and activation are not in the text, so they are not here either.
public struct Descriptor: Sendable, Hashable {
  /// The operation.
  public let op: Op
  /// The dimensions, complete and consistent: every `Layer` of this operation can have them.
  public let shape: Shape
  /// The layer's name without the count; nil if the text has none. It holds no quotation mark.
  public let name: String?
  /// How often the network runs the layer, at least 1.
  public let count: Int

  /// Puts a descriptor together.
  ///
  /// - Requires: A shape that a `Layer` of operation `op` can have, a name without quotation marks that is not empty,
  ///   and a count of at least 1.
  public init(op: Op, shape: Shape, name: String? = nil, count: Int = 1) {
    self.op = op
    self.shape = shape
    self.name = name
    self.count = count
  }

  /// What the text of a well-formed descriptor turns out to be.
  public enum Parsed: Sendable, Hashable {
    /// A layer of the lab.
    case layer(Descriptor)
    /// A problem that is not a 1×1 convolution or a fully connected layer, and why, as in "its kernel is 3×3".
    case skipped(reason: String)
  }

  /// Reads one descriptor.
  ///
  /// - Parameters:
  ///   - text: The descriptor, without white space around it.
  ///   - op: The operation, where the context says it. Without it, a descriptor with a key that only a convolution
  ///     has (groups, an output or kernel size, stride, padding, dilation) is a convolution; any other is fully
  ///     connected.
  ///   - mb: A minibatch, at least 1, that replaces the descriptor's own, as benchdnn's `--mb` does.
  /// - Returns: The layer, or why it is not one: a kernel larger than 1×1, groups, padding, or a third dimension
  ///   larger than 1. Dilation of a 1×1 kernel has no effect and is accepted.
  /// - Throws: `DescriptorError` for text that is malformed, lacks a size, or contradicts itself.
  public static func parse(_ text: String, op: Op? = nil, mb: Int? = nil) throws(DescriptorError) -> Parsed {
    let fields = try DescriptorFields(text)
    let isConvolution = fields.values.keys.contains { !DescriptorKey.ofInnerProduct.contains($0) }
    switch op ?? (isConvolution ? .conv1x1 : .fc) {
    case .conv1x1: return try convolution(fields, mb: mb)
    case .fc: return try innerProduct(fields, mb: mb)
    }
  }

  private static func innerProduct(_ fields: DescriptorFields, mb: Int?) throws(DescriptorError) -> Parsed {
    if let key = DescriptorKey.allCases.first(where: {
      fields[$0] != nil && !DescriptorKey.ofInnerProduct.contains($0)
    }) {
      throw fields.error(.notOfInnerProduct(key: key.rawValue), at: key)
    }
    let ic = try fields.required(.ic, of: .fc)
    let oc = try fields.required(.oc, of: .fc)
    if let id = fields[.id], id > 1 { return .skipped(reason: "its input is three-dimensional (id is \(id))") }
    let shape = Shape.fc(
      mb: mb ?? fields[.mb] ?? defaultMinibatch, ic: ic, oc: oc,
      ih: fields[.ih] ?? 1, iw: fields[.iw] ?? fields[.ih] ?? 1)
    return .layer(try fields.descriptor(.fc, shape))
  }

  private static func convolution(_ fields: DescriptorFields, mb: Int?) throws(DescriptorError) -> Parsed {
    let ic = try fields.required(.ic, of: .conv1x1)
    let oc = try fields.required(.oc, of: .conv1x1)
    for key: DescriptorKey in [.id, .od, .kd] {
      if let value = fields[key], value > 1 { return .skipped(reason: "it is three-dimensional (\(key) is \(value))") }
    }
    if let pd = fields[.pd], pd > 0 { return .skipped(reason: "it is three-dimensional (pd is \(pd))") }
    if let g = fields[.g], g > 1 { return .skipped(reason: "it has \(g) groups") }

    let hasDepth = fields.says(.id, .od, .kd, .sd, .pd, .dd)
    let hasHeight = fields.says(.ih, .oh, .kh, .sh, .ph, .dh)
    let hasWidth = fields.says(.iw, .ow, .kw, .sw, .pw, .dw)
    // benchdnn's cubic and one-dimensional forms: with a depth or a width alone, the height is 1.
    let isFlat = !hasHeight && (hasWidth || hasDepth)
    let ih = isFlat ? 1 : try fields.required(.ih, of: .conv1x1)
    let kh = isFlat ? 1 : try fields.required(.kh, of: .conv1x1)
    let sh = fields[.sh] ?? 1
    let iw = isFlat && hasWidth ? try fields.required(.iw, of: .conv1x1) : fields[.iw] ?? ih
    let kw = isFlat && hasWidth ? try fields.required(.kw, of: .conv1x1) : fields[.kw] ?? kh
    var sw = fields[.sw] ?? sh
    if fields[.sw] == nil, let ow = fields[.ow], ow == iw { sw = 1 }
    if kh > 1 || kw > 1 { return .skipped(reason: "its kernel is \(kh)×\(kw)") }
    let ph = fields[.ph]
    let pw = fields[.pw] ?? (hasWidth ? nil : ph)
    if (ph ?? 0) > 0 || (pw ?? 0) > 0 { return .skipped(reason: "its padding is \(ph ?? 0)×\(pw ?? 0)") }

    let shape = Shape.conv1x1(
      mb: mb ?? fields[.mb] ?? defaultMinibatch, ic: ic, oc: oc, ih: ih, iw: iw, sh: sh, sw: sw)
    for (key, computed, padding) in [(DescriptorKey.oh, shape.oh, ph), (.ow, shape.ow, pw)] {
      guard let value = fields[key], value != computed else { continue }
      // Without padding in the text, a larger output means padding; a smaller one fits no padding at all.
      if value > computed, padding == nil {
        return .skipped(reason: "it has padding (\(key) is \(value), and without padding it would be \(computed))")
      }
      throw fields.error(.contradiction(key: key.rawValue, value: value, expected: computed), at: key)
    }
    return .layer(try fields.descriptor(.conv1x1, shape))
  }

  /// benchdnn's minibatch of a descriptor that names none.
  public static let defaultMinibatch = 2
}

/// The keys of convolution and inner product descriptors.
enum DescriptorKey: String, CaseIterable, CustomStringConvertible {
  case g, mb, ic, id, ih, iw, oc, od, oh, ow, kd, kh, kw, sd, sh, sw, pd, ph, pw, dd, dh, dw

  /// The keys that benchdnn's inner product driver knows.
  static let ofInnerProduct: [DescriptorKey] = [.mb, .ic, .id, .ih, .iw, .oc]

  /// Whether 0 is a meaningful value.
  var canBeZero: Bool { [.pd, .ph, .pw, .dd, .dh, .dw].contains(self) }

  /// The value that is the same as not giving the key, for the keys whose default does not depend on others.
  var neutral: Int? {
    switch self {
    case .sd, .sh, .sw: 1
    case .pd, .ph, .pw, .dd, .dh, .dw: 0
    default: nil
    }
  }

  var description: String { rawValue }
}

/// The text of a descriptor taken apart, before any default.
struct DescriptorFields {
  let text: String
  private(set) var values: [DescriptorKey: Int] = [:]
  private var offsets: [DescriptorKey: Int] = [:]
  private(set) var name: String?
  private(set) var count = 1

  subscript(key: DescriptorKey) -> Int? { values[key] }

  /// Whether any of `keys` is given with a value that means something, as benchdnn's `no_d`, `no_h` and `no_w` ask.
  func says(_ keys: DescriptorKey...) -> Bool {
    keys.contains { key in values[key].map { $0 != key.neutral } ?? false }
  }

  func required(_ key: DescriptorKey, of op: Op) throws(DescriptorError) -> Int {
    guard let value = values[key] else {
      throw DescriptorError(text: text, column: text.utf8.count + 1, problem: .missing(key: key.rawValue, op: op))
    }
    return value
  }

  func error(_ problem: DescriptorError.Problem, at key: DescriptorKey) -> DescriptorError {
    DescriptorError(text: text, column: (offsets[key] ?? 0) + 1, problem: problem)
  }

  /// The descriptor with a shape that `Layer` accepts, so that later steps cannot fail on it.
  func descriptor(_ op: Op, _ shape: Shape) throws(DescriptorError) -> Descriptor {
    do {
      _ = try Layer(op: op, shape: shape, layout: op == .fc ? .nc : .nchw)
    } catch {
      throw DescriptorError(text: text, column: 1, problem: .layer(error))
    }
    return Descriptor(op: op, shape: shape, name: name, count: count)
  }

  init(_ text: String) throws(DescriptorError) {
    self.text = text
    let bytes = Array(text.utf8)
    if bytes.isEmpty { throw DescriptorError(text: text, column: 1, problem: .empty) }
    var position = 0
    while position < bytes.count {
      if bytes[position] == UInt8(ascii: "_") {
        position += 1
        continue
      }
      let start = position
      guard let key = DescriptorKey.allCases.first(where: { bytes[start...].starts(with: $0.rawValue.utf8) }) else {
        if bytes[start] == UInt8(ascii: "n") {
          try readName(String(decoding: bytes[(start + 1)...], as: UTF8.self), at: start + 1)
          break
        }
        throw DescriptorError(
          text: text, column: start + 1,
          problem: .unknownKey(String(decoding: bytes[start...], as: UTF8.self)))
      }
      position += key.rawValue.utf8.count
      let value = try Self.number(in: bytes, at: &position, after: key.rawValue, text: text)
      offsets[key] = offsets[key] ?? start
      if value == 0 && !key.canBeZero { throw error(.zero(key: key.rawValue), at: key) }
      // benchdnn's own files repeat a key with the same value.
      if let first = values[key], first != value {
        throw DescriptorError(
          text: text, column: start + 1, problem: .repeated(key: key.rawValue, first: first, second: value))
      }
      values[key] = value
    }
  }

  private static func number(
    in bytes: [UInt8], at position: inout Int, after key: String, text: String
  ) throws(DescriptorError) -> Int {
    let start = position
    while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) { position += 1 }
    let digits = String(decoding: bytes[start..<position], as: UTF8.self)
    if digits.isEmpty {
      let rest = String(decoding: bytes[start...], as: UTF8.self)
      throw DescriptorError(text: text, column: start + 1, problem: .missingNumber(key: key, found: rest))
    }
    guard let value = Int(digits) else {
      throw DescriptorError(text: text, column: start + 1, problem: .numberTooLarge(key: key, digits: digits))
    }
    return value
  }

  /// Reads what follows `n`, whose first byte is the text's byte `offset`.
  ///
  /// It looks at Unicode scalars, not at characters: a combining mark after a quotation mark does not hide it.
  private mutating func readName(_ written: String, at offset: Int) throws(DescriptorError) {
    var content = written.unicodeScalars[...]
    if content.first == "\"" {
      guard content.count > 1, content.last == "\"" else {
        throw DescriptorError(text: text, column: offset + 1, problem: .name(written))
      }
      content = content.dropFirst().dropLast()
    }
    if content.contains("\"") { throw DescriptorError(text: text, column: offset + 1, problem: .name(written)) }
    if let star = content.lastIndex(of: "*") {
      let digits = content[content.index(after: star)...]
      if !digits.isEmpty, digits.allSatisfy({ ("0"..."9").contains($0) }) {
        guard let value = Int(String(digits)) else {
          throw DescriptorError(
            text: text, column: offset + 1, problem: .numberTooLarge(key: "the count", digits: String(digits)))
        }
        if value == 0 { throw DescriptorError(text: text, column: offset + 1, problem: .zero(key: "the count")) }
        count = value
        content = content[..<star]
      }
    }
    name = content.isEmpty ? nil : String(content)
  }
}
