/// Where a tensor is: a .npy file, or a named tensor of a safetensors file, written `model.safetensors:layer.weight`.
public struct TensorPath: Sendable, Hashable, Codable, CustomStringConvertible {
  /// The file.
  public var file: String
  /// The tensor's name in a safetensors file; nil for a .npy file, or where none was given.
  public var name: String?

  private static let suffix = ".safetensors"

  /// Splits `text` after the first `.safetensors:`; without that, all of it is the file's path.
  public init(_ text: String) {
    // Tensors' names may have colons, and so may files' paths, but hardly these letters before one.
    var rest = Substring(text)
    while let colon = rest.firstIndex(of: ":") {
      if text[..<colon].hasSuffix(Self.suffix) {
        file = String(text[..<colon])
        name = String(text[text.index(after: colon)...])
        return
      }
      rest = rest[rest.index(after: colon)...]
    }
    file = text
  }

  /// Whether the file is one of named tensors.
  public var isSafetensors: Bool { name != nil || file.hasSuffix(Self.suffix) }

  /// The text that `init` takes.
  public var description: String { name.map { "\(file):\($0)" } ?? file }
}
