import Harness
import Testing

@Suite struct GlobTests {
  @Test(arguments: [
    ("packed", "packed", true), ("packed", "pack", false), ("packed", "acked", false), ("packed", "*", true),
    ("packed", "p*d", true), ("packed", "p?cked", true), ("packed", "p?ked", false), ("packed", "[np]*", true),
    ("packed", "[!np]*", false), ("packed", "Packed", false), ("packed", "", false), ("", "*", true),
    ("conv2_1.reduce", "conv?_*.reduce", true), ("mb1ic64ih56", "*ic64*", true), ("a/b", "*", true),
    ("a*b", "a\\*b", true), ("axb", "a\\*b", false), (".hidden", "*", true),
  ])
  func patternsMatchWholeTexts(text: String, pattern: String, matches: Bool) {
    #expect(Glob.matches(text, pattern) == matches)
  }
}
