import Results
import Testing

@Suite struct RowChoiceTests {
  @Test(
    arguments: [
      ("packed", Row.Choice.model, false), ("packed~2", .model, false), ("packed.tuned", .tuned, false),
      ("packed.tuned~3", .tuned, false), ("packed.14x2", .hand, false), ("packed.p14x2", .hand, false),
      ("packed.c8x3~2", .hand, false), ("simd", nil, false), ("naive", nil, false), ("openblas.sgemm", nil, true),
      ("openblas.sgemm+SkylakeX", nil, true), ("onednn.any", nil, true), ("x.14x", nil, true), ("x.pp1x1", nil, true),
    ] as [(String, Row.Choice?, Bool)])
  func aKernelsNameTellsWhoChose(_ kernel: String, _ choice: Row.Choice?, _ isPeer: Bool) {
    var row = exampleRow()
    row.kernel = kernel
    #expect(row.choice == choice && row.isPeer == isPeer, "\(kernel)")
  }

  @Test func theModelsKeyIsThatOfTheKernelItself() {
    for mark in ["", "~2"] {
      var (model, tuned) = (exampleRow(), exampleRow())
      (model.kernel, model.variant) = ("packed\(mark)", "packed\(mark)-avx2-auto-pinned")
      (tuned.kernel, tuned.variant) = ("packed.tuned\(mark)", "packed.tuned\(mark)-avx2-auto-pinned")
      (model.split, model.team, tuned.split, tuned.team) = ("auto", "pinned", "auto", "pinned")
      #expect(tuned.modelKey == model.caseKey && tuned.caseKey != model.caseKey)
    }
  }
}
