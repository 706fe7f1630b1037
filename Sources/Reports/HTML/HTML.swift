/// Text as HTML takes it.
enum HTML {
  /// `text` as content or as the value of a quoted attribute.
  static func text(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// One line of text.
  static func line(_ text: RichText) -> String {
    text.spans.map { span in
      let content = self.text(span.text)
      return switch span.style {
      case .plain: content
      case .code: "<code>\(content)</code>"
      case .strong: "<strong>\(content)</strong>"
      case .emphasis: "<em>\(content)</em>"
      }
    }.joined()
  }
}
