import Kernels
import Layers
import Statistics
import Synchronization
import Teams
import Testing
import Topology

@testable import Harness

@Suite(.serialized) struct RunnerTests {
  private static func layer(_ layout: Layout = .nhwc) throws -> Layer {
    try Layer(
      op: .conv1x1, shape: .conv1x1(mb: 1, ic: 40, oc: 48, ih: 6, iw: 7), layout: layout, bias: true, activation: .relu)
  }

  /// A plan of a convolution and a fully connected layer on this machine.
  private func plan(
    _ axes: String = "axes: { threads: [1, 2], isa: portable, split: [channels, pixels] }"
  ) throws -> Plan {
    let folder = try TemporaryFolder()
    let suite = try folder.suite(
      """
      layers:
        - mb1ic40ih6oc48oh6kh1ph0n"a"
        - mb2ic300oc20n"b"
      \(axes)
      """)
    var selection = Selection()
    selection.policy.oversubscription = .wrap
    return try Plan(
      suites: [suite], selection: selection, machine: try Examples.topology().machine, catalog: Catalog.current(),
      availableMemory: nil)
  }

  private func identity(_ result: CaseResult) -> String {
    "\(result.group.layer.descriptor) \(result.group.layer.layout) \(result.item.variant) \(result.item.threads)"
  }

  // MARK: Runner

  @Test func everyCaseIsReportedOnce() throws {
    let plan = try plan()
    var started: [Int] = []
    var results: [CaseResult] = []
    try Runner(plan, topology: try Examples.topology(), catalog: Catalog.current(), settings: Examples.quick).run(
      isInterrupted: { false },
      peaks: { _ in },
      starting: { index, group in
        started.append(index)
        #expect(group.layer == plan.groups[index].layer)
      },
      report: { results.append($0) })
    #expect(started == Array(plan.groups.indices))
    #expect(results.count == plan.caseCount && plan.caseCount == 36)
    #expect(Set(results.map(identity)).count == plan.caseCount)
    for result in results {
      let measurement = try #require(result.measurement, "\(identity(result)): \(result.verification?.failure ?? "")")
      let verification = try #require(result.verification)
      #expect(verification.passed)
      #expect(try #require(verification.error) <= #require(verification.bound))
      #expect(measurement.all == SampleSummary(measurement.samples.map(\.nanoseconds)))
      #expect(measurement.samples.count >= 6 && measurement.iterations >= 1)
      #expect(measurement.samples.map(\.round) == Array(0..<measurement.samples.count), "one a round")
      #expect(measurement.samples.allSatisfy { $0.nanoseconds > 0 })
      #expect(measurement.stop != .interrupted)
      #expect((measurement.imbalancePercent == nil) == (result.item.threads == 1))
      #expect((result.prepareNanoseconds == nil) == (result.item.contender.name != "packed"))
    }
    // Groups one after the other.
    let order = results.map { $0.group.layer.descriptor + $0.group.layer.layout.rawValue }
    #expect(
      order
        == plan.groups.flatMap { group in
          Array(repeating: group.layer.descriptor + group.layer.layout.rawValue, count: group.cases.count)
        })
  }

  /// Two workers divide the sums of a classifier: partial sums are combined after every execution, under every team and
  /// cache state, and rows of `auto` know what it took.
  @Test(arguments: TeamKind.ofKernels, CacheState.allCases)
  func everySplitIsCheckedAndMeasured(team: TeamKind, cache: CacheState) throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 2, ic: 1200, oc: 30), layout: .nc, bias: true, activation: .relu)
    let kernels = Catalog.current().kernels.suffix(4)
    let cases = try kernels.flatMap { kernel in
      try [Split.grid, .reduction, .auto].map { split in
        Case(kernel: kernel, split: split, team: team, placement: try Examples.placement(2), cache: cache)
      }
    }
    let results = try Examples.results(Examples.group(layer, cases))
    #expect(results.count == cases.count)
    for result in results {
      let what = "\(result.item.variant), \(cache): \(result.verification?.failure ?? "")"
      let measurement = try #require(result.measurement, "\(what)")
      #expect(measurement.samples.count >= 6, "\(what)")
      let division = try #require(result.division)
      #expect(result.item.split == .auto ? division.split != .auto : division.split == result.item.split)
      #expect((division.terms != nil) == (division.split == .reduction))
      #expect((result.prepareNanoseconds != nil) == (result.item.contender.name == "packed"))
    }
  }

  /// A layer that `auto` leaves to one of two workers is checked and measured like any other.
  @Test(arguments: TeamKind.ofKernels, CacheState.allCases)
  func oneOfTwoWorkersComputes(team: TeamKind, cache: CacheState) throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 1, ic: 240, oc: 10), layout: .nc, bias: true, activation: .silu)
    let kernel = try #require(Catalog.current().kernels.last { $0.name == "packed" })
    let cases = try [Split.auto, .channels].map { split in
      Case(kernel: kernel, split: split, team: team, placement: try Examples.placement(2), cache: cache)
    }
    let results = try Examples.results(Examples.group(layer, cases))
    #expect(results.count == 2)
    for result in results {
      let measurement = try #require(result.measurement, "\(result.verification?.failure ?? "")")
      #expect(measurement.samples.count >= 6 && result.verification?.passed == true)
      let isOne = result.item.split == .auto
      #expect(result.division?.threads == (isOne ? 1 : 2) && (result.division?.split == Split.none) == isOne)
      // Nobody to compare it with; and the control cannot tell its workers apart.
      #expect((measurement.imbalancePercent == nil) == (isOne || team == .dispatchApply))
      #expect(measurement.samples.allSatisfy { $0.evidence.cpus.count == (team.isPinned ? 2 : 0) }, "both are watched")
    }
  }

  @Test func anErrorOfAReportEndsTheRun() throws {
    struct Full: Error {}
    var count = 0
    #expect(throws: Full.self) {
      try Runner(try plan(), topology: try Examples.topology(), catalog: Catalog.current(), settings: Examples.quick)
        .run(
          isInterrupted: { false }, peaks: { _ in }, starting: { _, _ in },
          report: { _ in
            count += 1
            if count == 3 { throw Full() }
          })
    }
    #expect(count == 3)
  }

  // MARK: Rounds

  @Test func roundsAreInterleavedInAnOrderThatFollowsFromTheSeed() throws {
    let cases = try ["a", "b", "c", "d", "e"].indices.map { _ in try Examples.item(Kernel(Textbook.self)) }
    let group = Examples.group(try Self.layer(), cases)
    /// Which case had which position, round by round; cases are told apart by what they report first.
    func positions(seed: UInt64) throws -> [[Int]] {
      var settings = Examples.quick
      settings.seed = seed
      // All cases stop after the same rounds, however many of them are clean.
      settings.stopRule = StopRule(precisionPercent: .infinity, maxTime: 1e-9, minimumRounds: 8)
      let results = try Examples.results(group, settings: settings)
      #expect(results.count == 5)
      return try results.map { try #require($0.measurement).samples.map(\.position) }
    }
    let one = try positions(seed: 1)
    #expect(one.allSatisfy { $0.count == 8 })
    for round in 0..<8 {
      #expect(Set(one.map { $0[round] }) == Set(0..<5), "round \(round): every case once, each at its own place")
    }
    #expect(Set(one.map { $0.prefix(7) }).count == 5)
    #expect((0..<5).allSatisfy { index in Set(one[index]).count > 1 }, "no case has a place of its own")
    #expect(try positions(seed: 1) == one)
    #expect(try positions(seed: 2) != one)
  }

  @Test func teamsAreFormedOnceAndKept() throws {
    let pool = TeamPool(try Examples.topology())
    let (one, two) = (try Examples.placement(1), try Examples.placement(2))
    let first = try pool.team(.dispatch, one)
    #expect(try pool.team(.dispatch, one) === first)
    #expect(try pool.team(.dispatch, two) !== first)
    #expect(try pool.team(.dispatchApply, one) !== first)
    #expect(try pool.team(.dispatch, two).threads == 2)
    #expect(try pool.team(.dispatchApply, two) is DispatchApplyTeam)
    #expect(try pool.team(.pinned, two) is PinnedTeam)
    #expect(try pool.team(.pinned, two) === pool.team(.pinned, two))
    // The same CPUs are the same team, whatever the policy's name.
    var spread = PlacementPolicy()
    spread.bind = .spread
    #expect(try pool.team(.dispatch, spread.resolve(threads: 1, on: Examples.topology().machine)) === first)
  }

  // MARK: Interruption

  @Test(arguments: [0, 1, 4, 5, 8, 9, 12, 13, 14, 20, 21, 40])
  func anInterruptedSessionReportsWhatWasMeasuredAndNothingElse(questions: Int) throws {
    let kernels = try #require(Catalog.current().kernels.first.map { [$0, Kernel(Textbook.self)] })
    let cases = try kernels.map { try Examples.item($0) }
    var settings = Examples.quick
    settings.stopRule = StopRule(precisionPercent: 0, maxTime: 1000)
    var asked = 0
    let results = try Examples.results(Examples.group(try Self.layer(), cases), settings: settings) {
      asked += 1
      return asked > questions
    }
    // Two cases are asked for before each estimate, each check on either data, and each choice of iterations.
    let samples = max(0, questions - 8)
    #expect(results.count == min(2, samples))
    #expect(results.compactMap(\.measurement).map(\.samples.count).reduce(0, +) == samples)
    for result in results {
      let measurement = try #require(result.measurement)
      #expect(measurement.stop == .interrupted)
      #expect(measurement.all.count == measurement.samples.count && measurement.samples.count >= 1)
    }
    #expect(Set(results.map(\.item.contender.name)).count == results.count)
  }

  @Test func anInterruptedRunStartsNoOtherLayer() throws {
    let plan = try plan()
    var results: [CaseResult] = []
    var started = 0
    try Runner(plan, topology: try Examples.topology(), catalog: Catalog.current(), settings: Examples.quick).run(
      isInterrupted: { started > 1 }, peaks: { _ in }, starting: { _, _ in started += 1 },
      report: { results.append($0) })
    #expect(started == 2)
    #expect(results.count == plan.groups[0].cases.count, "the first layer is complete, the second was not begun")
  }

  // MARK: Cases that are not run

  @Test func aCaseThatWouldTakeTooLongIsSkippedAloud() throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 8, ic: 1000, oc: 1000), layout: .nc)
    var settings = Examples.quick
    settings.stopRule.maxTime = 1e-7
    let results = try Examples.results(
      Examples.group(layer, [try Examples.item(Kernel(Textbook.self))]), settings: settings)
    #expect(results.count == 1)
    guard case .skipped(let reason)? = results.first?.outcome else {
      Issue.record("\(results)")
      return
    }
    #expect(
      reason.hasPrefix("one execution would take about ") && reason.hasSuffix(" more than the 0 µs of --max-time"))
    #expect(results.first?.verification == nil)
  }

  // MARK: Estimates

  @Test func anEstimateIsPositiveAndGrowsWithTheWork() throws {
    let plan = try plan()
    let estimate = try RunEstimate(plan, settings: Examples.quick, caches: .assumed, cores: 2)
    #expect(estimate.seconds.count == plan.groups.count)
    #expect(estimate.seconds.allSatisfy { $0 > 0 && $0.isFinite })
    #expect(estimate.total == estimate.ceilings + estimate.seconds.reduce(0, +))
    var patient = Examples.quick
    patient.sampleNanoseconds *= 1000
    patient.stopRule.maxTime = 10
    #expect(try RunEstimate(plan, settings: patient, caches: .assumed, cores: 2).total > 2 * estimate.total)
  }

  @Test func cacheSizesAreThoseOfTheFirstEligibleCPU() throws {
    let known = try HwlocTopology(
      .synthetic(description: "package:1 l3:1(size=12MB) l2:2(size=1MB) l1d:1(size=48kB) core:1 pu:1"))
    #expect(CacheSizes(known.machine) == CacheSizes(l1d: 48_000, l2: 1_000_000, l3: 12_000_000))
    let unknown = try HwlocTopology(.synthetic(description: "package:1 core:2 pu:1"))
    #expect(CacheSizes(unknown.machine) == .assumed)
  }
}
