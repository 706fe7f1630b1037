import Kernels
import Layers
import Teams
import Testing

@testable import Harness

/// Every planted fault is caught on the way that real kernels go.
///
/// Serialised, because racing workers meet in one place for each fault.
@Suite(.serialized) struct PlantedFaultsTests {
  private static let seed: UInt64 = 2

  private static func layers() throws -> [Layer] {
    let strided = Shape.conv1x1(mb: 2, ic: 20, oc: 13, ih: 7, iw: 9, sh: 2, sw: 2)
    let plain = Shape.conv1x1(mb: 2, ic: 21, oc: 14, ih: 5, iw: 7)
    return try [
      Layer(op: .conv1x1, shape: strided, layout: .nhwc, bias: true, activation: .relu),
      Layer(op: .conv1x1, shape: strided, layout: .nchw, bias: true, activation: .relu),
      Layer(op: .conv1x1, shape: plain, layout: .nhwc, bias: false, activation: .tanh),
      Layer(op: .conv1x1, shape: plain, layout: .nchw, bias: true, activation: .gelu),
      Layer(op: .fc, shape: .fc(mb: 3, ic: 4096, oc: 7), layout: .nc, bias: true),
      Layer(op: .fc, shape: .fc(mb: 2, ic: 25_088, oc: 6), layout: .nc, activation: .sigmoid),
    ]
  }

  /// Every outcome of one kernel on one and on two threads.
  private func outcomes(_ kernel: Kernel) throws -> [VerificationRun.Outcome] {
    var outcomes: [VerificationRun.Outcome] = []
    try VerificationRun(
      kernels: [kernel], layers: try Self.layers(), splits: [.channels, .pixels],
      placements: [Examples.placement(1), Examples.placement(2)], topology: try Examples.topology(), seed: Self.seed
    ).run { outcomes.append($0) }
    return outcomes
  }

  @Test func theRightKernelPasses() throws {
    let outcomes = try outcomes(Kernel(Textbook.self))
    // One thread without a split, two with each.
    #expect(try outcomes.count == Self.layers().count * 3)
    for outcome in outcomes {
      #expect(outcome.verification.failure == nil, "\(outcome.layer)")
      // The error is that on real data.
      #expect(try #require(outcome.verification.error) <= #require(outcome.verification.bound))
      #expect(outcome.verification.bound != 0)
    }
  }

  @Test(arguments: plantedFaults().indices)
  func isCaughtByVerification(index: Int) throws {
    let (kernel, shows) = plantedFaults()[index]
    var caught = 0
    for outcome in try outcomes(kernel) {
      let isCaught = !outcome.verification.passed
      let isExpected = shows(outcome.layer, outcome.threads)
      #expect(
        isCaught == isExpected,
        "\(kernel.name), seed \(Self.seed), \(outcome.variant), \(outcome.threads) threads, \(outcome.layer)")
      if isCaught { caught += 1 }
    }
    #expect(caught > 0)
  }

  @Test func guardBandsNameTheBuffer() throws {
    func failure(_ kernel: Kernel) throws -> String { try #require(try outcomes(kernel).first?.verification.failure) }
    #expect(try failure(Kernel(WritePastTheEnd.self)).hasSuffix("it wrote 1 elements past the end of the output"))
    #expect(try failure(Kernel(WriteBeforeTheStart.self)).hasSuffix("1 elements before the start of the output"))
    #expect(try failure(Kernel(WriteFarPastTheEnd.self)).hasSuffix("64 elements past the end of the output"))
    #expect(try failure(Kernel(ScratchOverrun.self)).hasSuffix("1 elements past the end of its scratch memory"))
    #expect(try failure(Kernel(PackedWeightsOverrun.self)).hasSuffix("past the end of the packed weights"))
    #expect(try failure(Kernel(StaleOutput.self)).hasPrefix("on integer data, row 0, column 0 is nan"))
  }

  @Test func isReportedIncorrectAndNeverMeasured() throws {
    // On one thread; the fault is in one case of a session, beside a right one.
    let layer = try #require(try Self.layers().first { $0.activation == .gelu })
    let faults = plantedFaults().filter { $0.shows(layer, 1) }
    #expect(faults.count > 20)
    // Right kernels before and after them are not blamed for what they do to shared memory.
    let kernels = [Kernel(RoomyTextbook.self)] + faults.map(\.kernel) + [Kernel(Textbook.self)]
    let cases = try kernels.map { try Examples.item($0) }
    let results = try Examples.results(Examples.group(layer, cases))
    #expect(results.count == cases.count)
    for result in results {
      let isRight = result.item.contender.name.hasSuffix("Textbook")
      #expect((result.measurement != nil) == isRight, "\(result.item.contender.name)")
      #expect(result.isIncorrect == !isRight, "\(result.item.contender.name)")
      #expect(result.verification?.passed == isRight, "\(result.item.contender.name)")
    }
  }

  @Test func isReportedIncorrectOnTwoThreads() throws {
    let layer = try #require(try Self.layers().first)
    let faults = plantedFaults().filter { $0.shows(layer, 2) && !$0.shows(layer, 1) }
    #expect(faults.count == 4)
    let cases = try faults.flatMap { fault in
      try [Split.channels, .pixels].map { try Examples.item(fault.kernel, $0, threads: 2) }
    }
    let results = try Examples.results(Examples.group(layer, cases))
    #expect(results.count == cases.count)
    #expect(results.allSatisfy { $0.isIncorrect && $0.verification?.passed == false })
  }

  @Test func aKernelThatFailsWhileItIsMeasuredIsIncorrect() throws {
    let layer = try #require(try Self.layers().first)
    let results = try Examples.results(
      Examples.group(layer, [try Examples.item(Kernel(TiresWhileMeasured.self))]))
    #expect(results.count == 1)
    let failure = try #require(results.first?.verification?.failure)
    #expect(failure.hasPrefix("after a timed execution, row "))
    #expect(results.first?.isIncorrect == true)
  }

  // MARK: Teams

  private func check(_ team: any Team, _ split: Split) throws -> Verification {
    let layer = try #require(try Self.layers().first)
    let kernel = Kernel(Textbook.self)
    let workbench = try Workbench(
      layer, caches: .assumed, threads: team.threads, pattern: .integer, seed: Self.seed)
    let reference = Reference(workbench.tensors, seed: Self.seed)
    let division = split.division(of: workbench.problem, for: kernel, threads: team.threads)
    let result = try Verifier(workbench, reference, nil).check(kernel, division, on: team)
    (team as? HastyTeam)?.finish()
    withExtendedLifetime(workbench) {}
    return result
  }

  @Test func faultyTeamsAreCaught() throws {
    for split in [Split.channels, .pixels] {
      #expect(try check(DispatchApplyTeam(threads: 3), split).failure == nil)
      #expect(try !check(TeamWithoutItsLastWorker(threads: 3), split).passed)
      #expect(try !check(TeamOfFirstWorkers(threads: 3), split).passed)
      #expect(try !check(HastyTeam(threads: 3), split).passed)
    }
  }

  // MARK: Large layers

  /// Right in the rows that a sampled reference has, and wrong by one term in one element of another.
  private enum WrongWhereNobodyLooks: PlantedFault {
    static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
      Textbook.compute(problem, operands, block)
      if block.rows.contains(row) {
        OneTermTooFew.compute(problem, operands, Block(rows: row..<row + 1, columns: 3..<4))
      }
    }
    /// A row that is not sampled with the seed of these tests.
    static let row = 17
  }

  @Test func aWrongElementInARowThatIsNotSampledIsCaughtByTheProjection() throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 40, ic: 300, oc: 11), layout: .nc, bias: true, activation: .gelu)
    let team = DispatchApplyTeam(threads: 1)
    for (kernel, isRight) in [(Kernel(Textbook.self), true), (Kernel(WrongWhereNobodyLooks.self), false)] {
      let workbench = try Workbench(
        layer, caches: .assumed, threads: 1, pattern: .integer, seed: Self.seed)
      let sampled = Reference(workbench.tensors, seed: Self.seed, fullLimit: 1)
      #expect(!sampled.rows.contains(WrongWhereNobodyLooks.row))
      let whole = Division([Block(rows: 0..<layer.m, columns: 0..<layer.n)])
      let alone = try Verifier(workbench, sampled, nil).check(kernel, whole, on: team)
      #expect(alone.passed, "samples alone do not see it")
      let projection = Projection(workbench.tensors, seed: Self.seed)
      let both = try Verifier(workbench, sampled, projection).check(kernel, whole, on: team)
      #expect(both.passed == isRight)
      if !isRight { #expect(both.failure?.hasPrefix("on integer data, row 17, combined") == true) }
    }
  }

  @Test func theReferenceCacheKnowsWhatDiffers() throws {
    let cache = ReferenceCache()
    let layers = try Self.layers()
    for pattern in DataPattern.allCases {
      for layer in layers {
        let tensors = try LayerTensors(layer, pattern: pattern, seed: Self.seed)
        let fresh = Reference(tensors, seed: Self.seed)
        for _ in 0..<2 {
          let (cached, projection) = cache.reference(for: tensors, seed: Self.seed)
          #expect(cached.values == fresh.values && cached.magnitudes == fresh.magnitudes)
          #expect(cached.isExact == (pattern == .integer))
          #expect(projection == nil, "the whole reference needs none")
        }
      }
    }
    // Beyond the limit, exact data is projected as well.
    let large = try Layer(op: .fc, shape: .fc(mb: 300, ic: 1400, oc: 1400), layout: .nc)
    for pattern in DataPattern.allCases {
      let tensors = try LayerTensors(large, pattern: pattern, seed: Self.seed)
      let (reference, projection) = cache.reference(for: tensors, seed: Self.seed)
      #expect(!reference.isComplete && (projection != nil) == (pattern == .integer))
    }
  }
}
