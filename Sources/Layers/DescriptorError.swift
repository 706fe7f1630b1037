/// Why text is not a problem descriptor.
public struct DescriptorError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public enum Problem: Hashable, Sendable {
    /// There is no text.
    case empty
    /// Text that is neither a key nor `_`; `rest` is the text from there on.
    case unknownKey(_ rest: String)
    /// A key without a number; `found` is the text after the key.
    case missingNumber(key: String, found: String)
    /// A size that is 0.
    case zero(key: String)
    /// A number that `Int` cannot hold.
    case numberTooLarge(key: String, digits: String)
    /// A size that the operation needs and that has no default.
    case missing(key: String, op: Op)
    /// A size that does not follow from the others.
    case contradiction(key: String, value: Int, expected: Int)
    /// A key that is given twice with different values.
    case repeated(key: String, first: Int, second: Int)
    /// A key of convolutions in the descriptor of a fully connected layer.
    case notOfInnerProduct(key: String)
    /// A name whose quotation marks are not one at each end.
    case name(String)
    /// Sizes that are not a layer.
    case layer(LayerError)
  }

  /// The whole descriptor.
  public let text: String
  /// Where the problem is: the byte of the text's UTF-8, counted from 1. It is past the end if something is missing.
  public let column: Int
  /// What is wrong.
  public let problem: Problem

  /// One sentence that names the descriptor, the column, what was found and what was expected.
  public var description: String {
    "descriptor '\(Self.excerpt(text))', column \(column): \(complaint)"
  }

  private var complaint: String {
    switch problem {
    case .empty:
      "it is empty, but a descriptor such as mb1ic64ih56oc256kh1 or mb1ic2048oc1000 was expected"
    case .unknownKey(let rest):
      "'\(Self.excerpt(rest, limit: 12))' is not a key; expected one of "
        + DescriptorKey.allCases.map(\.rawValue).joined(separator: " ") + ", or n before the name"
    case .missingNumber(let key, let found):
      found.isEmpty
        ? "a whole number was expected after \(key), but the text ends"
        : "a whole number was expected after \(key), but '\(Self.excerpt(found, limit: 12))' follows"
    case .zero(let key):
      "\(key) is 0, but at least 1 was expected"
    case .numberTooLarge(let key, let digits):
      "\(key) is \(Self.excerpt(digits, limit: 24)), but at most \(Int.max) was expected"
    case .missing(let key, let op):
      "\(key) is missing, but a \(op == .fc ? "fully connected layer" : "convolution") was expected to have it"
    case .contradiction(let key, let value, let expected):
      "\(key) is \(value), but the input size and stride make it \(expected) without padding"
    case .repeated(let key, let first, let second):
      "\(key) is \(second) here and \(first) before, but one value was expected"
    case .notOfInnerProduct(let key):
      "\(key) belongs to convolutions, but a fully connected layer with "
        + DescriptorKey.ofInnerProduct.map(\.rawValue).joined(separator: " ") + " was expected"
    case .name(let name):
      "the name \(Self.excerpt(name, limit: 24)) was expected to have a quotation mark at both ends or none at all"
    case .layer(let error):
      error.description
    }
  }

  /// At most `limit` characters of `text`, printable on one line.
  static func excerpt(_ text: String, limit: Int = 80) -> String {
    var result = ""
    for scalar in text.unicodeScalars.prefix(limit) {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse:
        result += scalar.escaped(asASCII: true)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return text.unicodeScalars.count > limit ? result + "…" : result
  }
}
