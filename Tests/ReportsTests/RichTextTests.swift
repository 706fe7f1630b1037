import Testing

@testable import Reports

@Suite struct RichTextTests {
  @Test func literalsAreMarkup() {
    let text: RichText = "a `b*c` **d** *e*"
    #expect(
      text.spans == [
        .init(text: "a ", style: .plain), .init(text: "b*c", style: .code), .init(text: " ", style: .plain),
        .init(text: "d", style: .strong), .init(text: " ", style: .plain), .init(text: "e", style: .emphasis),
      ])
    #expect(text.plain == "a b*c d e")
  }

  @Test func valuesAreTextInTheStyleOfTheirPlace() {
    let name = "x`y*z"
    let text: RichText = "\(name) `--seed \(7)` **\(name)**\(code: name)"
    #expect(
      text.spans == [
        .init(text: "\(name) ", style: .plain), .init(text: "--seed 7", style: .code),
        .init(text: " ", style: .plain), .init(text: name, style: .strong), .init(text: name, style: .code),
      ])
  }

  @Test func nothingIsNoSpan() {
    #expect(RichText.text("").isEmpty && ("" as RichText).isEmpty && ("\("")" as RichText).isEmpty)
    #expect(RichText.text("a") + .text("b") == .text("ab"))
  }

  @Test func markdownEscapesWhatIsText() {
    let name = "a|<b>`*"
    #expect(Markdown.line("\(name) `\(name)`") == #"a\|\<b\>\`\* ``a|<b>`*``"#)
    #expect(Markdown.line("`\("a|b")`", inTable: true) == #"`a\|b`"#)
    #expect(Markdown.line("**x**, *y*") == "**x**, *y*")
  }

  @Test func htmlEscapesWhatIsText() {
    let name = #"<a href="x">&'"#
    #expect(
      HTML.line("\(name) `\("<")` **b** *i*")
        == "&lt;a href=&quot;x&quot;&gt;&amp;&#39; <code>&lt;</code> <strong>b</strong> <em>i</em>")
  }
}
