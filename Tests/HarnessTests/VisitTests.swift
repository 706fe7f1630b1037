import Kernels
import Layers
import RealModule
import Statistics
import Testing

@testable import Harness

/// Layers that are measured in several visits.
@Suite(.serialized) struct VisitTests {
  private static func group(_ count: Int = 2) throws -> CaseGroup {
    let layer = try Layer(
      op: .conv1x1, shape: .conv1x1(mb: 1, ic: 40, oc: 48, ih: 6, iw: 7), layout: .nhwc, bias: true, activation: .relu)
    let kernels = try #require(Catalog.current().kernels.first.map { [$0, Kernel(Textbook.self)] })
    return Examples.group(layer, try kernels.prefix(count).map { try Examples.item($0) })
  }

  private static func settings(_ visits: Int) -> RunSettings {
    var settings = Examples.quick
    settings.visits = visits
    return settings
  }

  // MARK: Sessions

  @Test(arguments: [1, 2, 3, 5]) func everyVisitHasItsRounds(visits: Int) throws {
    let results = try Examples.results(try Self.group(), settings: Self.settings(visits))
    #expect(results.count == 2)
    for result in results {
      let samples = try #require(result.measurement).samples
      #expect(samples.count >= 6 && Set(samples.map(\.visit)) == Set(0..<visits))
      #expect(samples.map(\.visit) == samples.map(\.visit).sorted())
      #expect(samples.map(\.round) == samples.map(\.round).sorted() && Set(samples.map(\.round)).count == samples.count)
      #expect(result.verification?.passed == true)
    }
    // A round is of one visit, for whoever has it.
    let rounds = try results.flatMap { try #require($0.measurement).samples }
    for (_, of) in Dictionary(grouping: rounds, by: \.round) { #expect(Set(of.map(\.visit)).count == 1) }
  }

  /// Between visits, what was measured is kept, and reported if the session stops there.
  @Test(arguments: [1, 2, 4]) func aSessionThatStopsBetweenVisitsReportsWhatItHas(visits: Int) throws {
    var results: [CaseResult] = []
    let session = try Examples.session(try Self.group(), settings: Self.settings(5)) { results.append($0) }
    for _ in 0..<visits { try session.visit() }
    #expect(!session.isEnded && results.isEmpty)
    try session.stop()
    #expect(session.isEnded && results.count == 2)
    for result in results {
      let measurement = try #require(result.measurement)
      #expect(measurement.stop == .interrupted && Set(measurement.samples.map(\.visit)) == Set(0..<visits))
      #expect(result.division != nil && result.verification?.passed == true)
    }
  }

  @Test(arguments: 9...40) func anInterruptedVisitLosesNothing(questions: Int) throws {
    var asked = 0
    var results: [CaseResult] = []
    let session = try Examples.session(
      try Self.group(), settings: Self.settings(3),
      isInterrupted: {
        asked += 1
        return asked > questions
      }, report: { results.append($0) })
    try session.run()
    // Eight questions are asked before the first sample; two before the first of each other visit.
    #expect(results.count == (questions > 9 ? 2 : 1))
    for result in results { #expect(result.measurement != nil) }
  }

  /// A kernel that is right when it is checked, and in its first visit, and wrong after that.
  @Test func everyVisitIsChecked() throws {
    let group = try Self.group(1)
    var results: [CaseResult] = []
    let session = try Examples.session(group, settings: Self.settings(3)) { results.append($0) }
    try session.visit()
    var known: OutputDigest?
    let workbench = try Workbench(group.layer, caches: .assumed, threads: 1, pattern: .real, seed: 4)
    let verifier = Verifier(workbench, Reference(workbench.tensors, seed: 4), nil)
    workbench.output.poison()
    #expect(verifier.failure(of: workbench.output.pointer, known: &known) != nil && known == nil)
    try session.stop()
    #expect(results.count == 1)
  }

  @Test func aDigestTellsOutputsApart() {
    let values = (0..<1003).map { Float($0) }
    let digest = OutputDigest(values, count: values.count)
    #expect(digest == OutputDigest(values, count: values.count))
    for index in [0, 1, 2, 3, 500, 999, 1000, 1002] {
      var other = values
      other[index] = other[index].nextUp
      #expect(OutputDigest(other, count: other.count) != digest, "\(index)")
    }
    var swapped = values
    swapped.swapAt(4, 8)
    #expect(OutputDigest(swapped, count: swapped.count) != digest)
    #expect(OutputDigest(values, count: 1002) != digest)
  }

  /// Layers take turns, and cases are reported as their layer has its last visit.
  @Test func aRunVisitsAllLayersBeforeItReturns() throws {
    let folder = try TemporaryFolder()
    let suite = try folder.suite(
      "layers: [mb1ic16oc10, mb2ic30oc20]\naxes: { threads: 1, isa: portable, kernel: naive }\n")
    let plan = try Plan(
      suites: [suite], selection: Selection(), machine: try Examples.topology().machine, catalog: .current(),
      availableMemory: nil)
    func run(_ isInterrupted: @escaping ([Int]) -> Bool = { _ in false }, failing: Int = .max) throws -> (
      [Int], [CaseResult], failed: Bool
    ) {
      struct Failure: Error {}
      var started: [Int] = []
      var results: [CaseResult] = []
      var failed = false
      do {
        try Runner(plan, topology: try Examples.topology(), catalog: .current(), settings: Self.settings(3)).run(
          isInterrupted: { isInterrupted(started) }, peaks: { _ in },
          starting: { index, _ in
            started.append(index)
            if started.count == failing { throw Failure() }
          }, report: { results.append($0) })
      } catch is Failure { failed = true }
      return (started, results, failed)
    }
    let whole = try run()
    #expect(whole.0 == [0, 1, 0, 1, 0, 1] && whole.1.count == 2 && !whole.failed)
    // Interrupted in the second visit of the second layer: both have what they have.
    let cut = try run({ $0.count >= 4 })
    #expect(cut.0 == [0, 1, 0, 1] && cut.1.count == 2)
    #expect(cut.1.allSatisfy { $0.measurement?.stop == .interrupted })
    // An error loses the layer in which it occurs, and no other.
    let failed = try run(failing: 4)
    #expect(failed.failed && failed.1.count == 1 && failed.1.first?.measurement?.stop == .interrupted)
  }

  // MARK: Rules

  @Test func aVisitHasItsPartOfTheRule() {
    let rule = StopRule(precisionPercent: 2, maxTime: 1)
    #expect(rule.part(4, of: 5) == rule)
    let first = rule.part(0, of: 5)
    #expect((first.minimumRounds, first.firstLook, first.maxTime) == (2, 4, 0.2))
    #expect(abs(first.precisionPercent - 2 * 5.0.squareRoot()) < 1e-12)
    #expect((1...5).map { rule.part($0 - 1, of: 5).firstLook } == [4, 8, 12, 16, 20])
  }

  /// A session of one simulated variant in visits, whose times `time` gives by visit and round.
  private func simulate(
    _ visits: Int, _ rule: StopRule, _ time: (_ visit: Int) -> Double
  ) -> Measurement {
    var series = SampleSeries(rule, visits: visits)
    var round = 0
    for visit in 0..<visits {
      if visit > 0 { series.beginVisit() }
      while true {
        let nanoseconds = time(visit) * SimulatedSession.sample
        series.append(
          .init(round: round, position: 0, nanoseconds: nanoseconds, evidence: .quiet, taints: []),
          seconds: nanoseconds * 1e-9)
        round += 1
        if series.isVisitOver(bestRate: 100) { break }
        series.endRound()
      }
    }
    return series.measurement(series.reasonToStop(bestRate: 100) ?? .time, imbalancePercent: nil, bestRate: 100)
  }

  @Test func quietVisitsHaveEqualParts() {
    let measurement = simulate(5, StopRule()) { _ in 1 }
    #expect(measurement.stop == .precision && measurement.samples.count == 20)
    #expect((0..<5).map { visit in measurement.samples.count { $0.visit == visit } } == [4, 4, 4, 4, 4])
  }

  /// Once visits differ, more rounds in the last one say nothing: the case does not use up its time.
  @Test func visitsThatDifferEndTheCase() throws {
    var generator = SeededGenerator(seed: 51, stream: 0)
    let measurement = simulate(5, StopRule()) { 1 + 0.1 * Double($0 % 3) + 0.001 * generator.normal() }
    #expect(measurement.stop == .visits && measurement.samples.count < 60)
    #expect(measurement.visitSpread?.degreesOfFreedom == 4)
    #expect(try #require(measurement.summary.relativeHalfWidth) > 0.02)
    #expect(try #require(measurement.within.relativeHalfWidth) < 0.02)
  }

  @Test func aSlowLayerHasAtLeastARoundInEachVisit() {
    let measurement = simulate(5, StopRule(maxTime: 1e-9)) { _ in 1 }
    #expect((0..<5).map { visit in measurement.samples.count { $0.visit == visit } } == [2, 1, 1, 1, 1])
  }

  /// A machine that is slower by a random part in each visit: the interval covers its median as it claims. Without visits
  /// it covers its own luck.
  @Test(arguments: [0, 0.005, 0.02]) func theIntervalCoversAMachineOfRandomPhases(between: Double) {
    var (covered, alone) = (0, 0)
    let simulations = 1_000
    for simulation in 0..<simulations {
      var generator = SeededGenerator(seed: 52, stream: UInt64(simulation))
      let levels = (0..<5).map { _ in Double.exp(between * generator.normal()) }
      func covers(_ summary: SampleSummary) -> Bool {
        (summary.ciLow ?? 0) <= SimulatedSession.sample && SimulatedSession.sample <= (summary.ciHigh ?? 0)
      }
      if covers(simulate(5, StopRule(maxTime: 0.1), { levels[$0] * (1 + 0.01 * generator.normal()) }).summary) {
        covered += 1
      }
      if covers(simulate(1, StopRule(maxTime: 0.1), { levels[$0] * (1 + 0.01 * generator.normal()) }).summary) {
        alone += 1
      }
    }
    let rate = Double(covered) / Double(simulations)
    #expect(rate > 0.92, "±\(between): \(rate), seed 52")
    if between == 0.02 { #expect(Double(alone) / Double(simulations) < 0.5, "\(alone), seed 52") }
  }
}
