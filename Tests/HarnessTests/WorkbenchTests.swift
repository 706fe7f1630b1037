import Kernels
import Layers
import Teams
import Testing

@testable import Harness

@Suite struct WorkbenchTests {
  /// Writes all of its scratch memory, which is the more, the fewer terms there are.
  private let scribbler = Kernel(
    name: "scribbler", summary: "writes its scratch memory", isa: .portable, scratchCount: { 64 - $0.k / 16 }
  ) { problem, operands, _ in
    for i in 0..<64 - problem.k / 16 { operands.scratch[i] = 1 }
  }

  /// Of few terms, a kernel may make another plan than of all, and take more scratch memory.
  @Test func everyWorkerHasTheScratchMemoryOfItsPart() throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 2, ic: 1000, oc: 4), layout: .nc)
    let workbench = try Workbench(layer, caches: .assumed, threads: 3, pattern: .integer, seed: 1)
    for (split, threads) in [(Split.channels, 3), (.reduction, 2), (.reduction, 3), (.none, 1)] {
      let division = split.division(of: workbench.problem, for: scribbler, threads: threads)
      let execution = try workbench.execution(scribbler, division)
      for worker in 0..<threads { execution.body(worker) }
      #expect(try workbench.damage(scribbler, division, execution) == nil, "\(split), \(threads) threads")
    }
  }

  /// Sums that workers divide among them, of layers whose parts `packed` computes in another way than the whole on one ISA
  /// or another: dot products and a single row, in tiles and as they are.
  @Test(arguments: [(1, 512, 300), (2, 128, 24), (2, 1000, 10), (5, 640, 33)])
  func dividedSumsAreRight(m: Int, k: Int, n: Int) throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: m, ic: k, oc: n), layout: .nc, bias: true, activation: .relu)
    for kernel in Catalog.current().kernels {
      let workbench = try Workbench(layer, caches: .assumed, threads: 2, pattern: .integer, seed: 1)
      let reference = Reference(workbench.tensors, seed: 1)
      let division = Split.reduction.division(of: workbench.problem, for: kernel, threads: 2)
      let result = try Verifier(workbench, reference, nil).check(kernel, division, on: DispatchApplyTeam(threads: 2))
      #expect(result.passed, "\(kernel.identifier): \(result.failure ?? "")")
      withExtendedLifetime(workbench) {}
    }
  }

  @Test func theScratchMemoryOfPartsIsCounted() throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 2, ic: 1000, oc: 4), layout: .nc)
    func bytes(_ split: Split) throws -> Int {
      let cases = [try Examples.item(scribbler, split, threads: 2)]
      return Examples.group(layer, cases).memoryBytes(coldBytes: 0, caches: .assumed)
    }
    let (parts, partialSums) = (2 * (64 - 500 / 16), 2 * layer.outputCount)
    #expect(try bytes(.reduction) == bytes(.channels) + 4 * (parts + partialSums))
  }
}
