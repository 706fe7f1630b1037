/// A line of a report: text of which parts are code, strong or emphasised.
///
/// A literal is markup, of which it knows `` `code` ``, `**strong**` and `*emphasised*`; what is interpolated is text as
/// it stands, in the style of its place. So a name with an asterisk in it stays a name:
///
///     "The layer `\(row.layer)` took **\(Format.number(time)) ns**."
///
/// Markdown and HTML are made of the same value, each with its own escapes.
struct RichText: Hashable, Sendable {
  /// How a part looks.
  enum Style: Hashable, Sendable {
    case plain, code, strong, emphasis
  }

  /// A part of one style.
  struct Span: Hashable, Sendable {
    var text: String
    var style: Style
  }

  /// The parts in their order. Neighbours differ in style, and none is empty.
  private(set) var spans: [Span] = []

  /// Text as it stands, in one style.
  static func text(_ text: String, _ style: Style = .plain) -> RichText {
    var result = RichText()
    result.append(text, style)
    return result
  }

  /// Text as it stands, as code.
  static func code(_ text: String) -> RichText { .text(text, .code) }

  /// What is seen, without styles.
  var plain: String { spans.map(\.text).joined() }

  /// Whether nothing is seen.
  var isEmpty: Bool { spans.isEmpty }

  fileprivate mutating func append(_ text: String, _ style: Style) {
    if text.isEmpty { return }
    if spans.last?.style == style {
      spans[spans.count - 1].text += text
    } else {
      spans.append(Span(text: text, style: style))
    }
  }

  static func + (left: RichText, right: RichText) -> RichText {
    var result = left
    for span in right.spans { result.append(span.text, span.style) }
    return result
  }
}

extension RichText: ExpressibleByStringInterpolation {
  /// Collects the literals, read as markup, and the values between them.
  struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var text = RichText()
    private var style = Style.plain

    init(literalCapacity: Int, interpolationCount: Int) {}

    mutating func appendLiteral(_ literal: String) {
      var run = ""
      var rest = literal[...]
      func ends(_ mark: String) -> Bool { rest.hasPrefix(mark) }
      while let character = rest.first {
        let toggled: (Style, Int)? =
          if character == "`" { (.code, 1) } else if style == .code { nil } else if ends("**") {
            (.strong, 2)
          } else if character == "*" { (.emphasis, 1) } else { nil }
        guard let (other, length) = toggled else {
          run.append(character == "\n" ? " " : character)
          rest.removeFirst()
          continue
        }
        text.append(run, style)
        run = ""
        style = style == other ? .plain : other
        rest.removeFirst(length)
      }
      text.append(run, style)
    }

    mutating func appendInterpolation(_ value: String) { text.append(value, style) }
    mutating func appendInterpolation(_ value: Int) { text.append(String(value), style) }
    mutating func appendInterpolation(_ value: UInt64) { text.append(String(value), style) }
    mutating func appendInterpolation(code value: String) { text.append(value, .code) }
    mutating func appendInterpolation(_ value: RichText) { text = text + value }
  }

  init(stringInterpolation: StringInterpolation) { self = stringInterpolation.text }

  init(stringLiteral value: String) {
    var interpolation = StringInterpolation(literalCapacity: value.utf8.count, interpolationCount: 0)
    interpolation.appendLiteral(value)
    self = interpolation.text
  }
}
