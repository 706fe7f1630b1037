/// Text as GitHub Flavored Markdown (github.github.com/gfm) takes it.
enum Markdown {
  /// `text` as plain text: what would be markup is escaped, line ends become spaces.
  static func text(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n", "\r", "\t": result += " "
      case "\\", "`", "*", "_", "[", "]", "<", ">", "|", "#", "~": result += "\\\(scalar)"
      case "&": result += "&amp;"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// `text` as a code span. A `|` is escaped, which only a table undoes, so `inTable` says where the span stands.
  static func code(_ text: String, inTable: Bool) -> String {
    let line = String(text.map { $0.isNewline ? " " : $0 })
    let content = inTable ? line.replacing("|", with: "\\|") : line
    // A span is fenced by more backticks than any run inside it; a space keeps one at the edge apart.
    let fence = String(repeating: "`", count: longestRun(of: "`", in: content) + 1)
    let space = content.hasPrefix("`") || content.hasSuffix("`") ? " " : ""
    return content.isEmpty ? "" : fence + space + content + space + fence
  }

  /// `text` as a block of code for a shell.
  static func shell(_ text: String) -> String {
    let fence = String(repeating: "`", count: max(3, longestRun(of: "`", in: text) + 1))
    return "\(fence)sh\n\(text)\n\(fence)\n"
  }

  private static func longestRun(of character: Character, in text: String) -> Int {
    var longest = 0
    var run = 0
    for other in text {
      run = other == character ? run + 1 : 0
      longest = max(longest, run)
    }
    return longest
  }
}
