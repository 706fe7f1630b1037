import Kernels
import Layers
import Statistics
import Teams
import Testing
import Topology

@testable import Harness

/// What is tried, in which sessions, and what a run makes of the result.
@Suite struct TunerTests {
  private static let suite = """
    network: net
    layers:
      - mb1ic16ih4oc16oh4kh1ph0n"conv"
      - mb1ic16ih4oc16oh4kh1ph0n"again"
      - mb2ic32oc10n"fc"
    """
  private let catalog = Catalog.current()

  private func plan(_ select: (inout Selection) -> Void = { _ in }) throws -> TuningPlan {
    var selection = Selection()
    selection.threads = try ThreadCounts("1")
    select(&selection)
    return try TuningPlan(
      suites: [try TemporaryFolder().suite(Self.suite)], selection: selection, machine: try Examples.topology().machine,
      catalog: catalog, availableMemory: nil)
  }

  private func packed() throws -> Kernel { try #require(catalog.kernels.last { $0.name == "packed" }) }

  private func runPlan(_ choices: [TuningKey: TunedChoice]?, _ select: (inout Selection) -> Void) throws -> Plan {
    var selection = Selection()
    selection.tuned = choices
    select(&selection)
    return try Plan(
      suites: [try TemporaryFolder().suite(Self.suite)], selection: selection, machine: try Examples.eightCores(),
      catalog: catalog, availableMemory: nil)
  }

  // MARK: What is tried

  @Test func eachLayerIsTunedOnceWhateverItsName() throws {
    let tasks = try plan().tasks
    #expect(
      tasks.map { "\($0.key.layer) \($0.key.layout)" } == [
        "mb1ic16ih4oc16oh4kh1ph0 nchw", "mb1ic16ih4oc16oh4kh1ph0 nhwc", "mb2ic32oc10 nc",
      ])
    let kernel = try packed()
    #expect(tasks.allSatisfy { $0.kernel.identifier == kernel.identifier && $0.model.split == .none })
    #expect(tasks.allSatisfy { $0.tiles.count == 2 * kernel.tiles.count && !$0.tiles.contains { $0.rows == nil } })
    #expect(try plan().without([tasks[1].key]).tasks.map(\.key) == [tasks[0].key, tasks[2].key])
  }

  @Test func patternsChooseTheTiles() throws {
    let kernel = try packed()
    let shape = try #require(kernel.tiles.last)
    #expect(try plan { $0.kernels = ["packed.\(shape)"] }.tasks[0].tiles == [TileChoice(shape)])
    #expect(try plan { $0.kernels = ["packed"] }.tasks[0].tiles == [])
    #expect(try plan { $0.skippedKernels = ["packed.c*"] }.tasks[0].tiles.allSatisfy { $0.rows == .pixels })
    #expect(throws: PlanError.self) { try plan { $0.kernels = ["simd"] } }
    do { _ = try plan { $0.kernels = ["packed", "simd"] } } catch let error as PlanError {
      #expect(error.isUsage && error.description.contains("simd has nothing to tune; expected packed"))
    }
  }

  @Test(arguments: [
    ("mb1ic64ih56oc64oh56kh1ph0", 3136, 64), ("mb1ic8ih2oc3oh2kh1ph0", 4, 3), ("mb1ic9ih1oc1oh1kh1ph0", 1, 1),
    ("mb3ic100oc7", 3, 7), ("mb1ic64oc1000", 1, 1000),
  ])
  func everyCandidateFitsTheLayer(_ text: String, _ m: Int, _ n: Int) throws {
    let kernel = try packed()
    let all = kernel.handPicked.compactMap(\.tile)
    let suite = try TemporaryFolder().suite("layers: [\(text)]")
    let entry = try #require(suite.entries.first)
    for layout in Layout.applicable(to: entry.op) {
      let problem = Problem(try entry.layer(layout: layout))
      let tiles = TuningCandidate.tiles(of: all, for: kernel, problem)
      // The model's own tile is tried with other splits, and so by hand.
      if let own = kernel.tile(for: problem) { #expect(all.contains(own), "\(text) \(layout) \(own)") }
      #expect(Set(tiles).count == tiles.count && !tiles.contains { $0 == kernel.tile(for: problem) })
      for tile in tiles {
        let isByPixels = tile.rows == .pixels
        #expect(kernel.with(tile).supports(problem))
        #expect(kernel.with(tile).tile(for: problem) == tile, "\(text) \(layout) \(tile)")
        #expect(tile.shape.rows <= (isByPixels ? m : n), "\(text) \(layout) \(tile)")
        #expect((tile.shape.vectors - 1) * kernel.lanes < (isByPixels ? n : m), "\(text) \(layout) \(tile)")
      }
      if m * n > 1000 { #expect(tiles.count > 10 && tiles.allSatisfy { $0.shape.rows * $0.shape.vectors >= 8 }) }
    }
  }

  // MARK: Sessions

  /// A bench whose sessions give the times of `nanoseconds`, or another outcome, and the groups that they were asked for.
  private func bench(
    _ task: TuningTask, bytes: Int? = nil, _ outcome: @escaping (Case) -> CaseResult.Outcome?,
    groups: @escaping (CaseGroup) -> Void = { _ in }
  ) throws -> TuningBench {
    TuningBench(
      task: task, caches: CacheSizes(try Examples.topology().machine), batchLimit: (count: 12, bytes: bytes),
      sieveSettings: Examples.quick, settings: RunSettings(), progress: { _, _ in },
      session: { group, _ in
        groups(group)
        return group.cases.map { item in
          CaseResult(group: group, item: item, outcome: outcome(item) ?? .skipped("no outcome"))
        }
      })
  }

  private func measured(_ nanoseconds: Double) -> CaseResult.Outcome {
    let samples = (0..<10).map {
      Measurement.Sample(
        round: $0, position: 0, nanoseconds: nanoseconds, evidence: Evidence(peak: 1, burstNanoseconds: 1, clockGHz: 1),
        taints: [])
    }
    return .measured(
      Measurement(samples, iterations: 1, stop: .time, imbalancePercent: nil, minimumClean: 6))
  }

  @Test func sessionsAreSmallAndHaveTheModelInThem() throws {
    let task = try plan().tasks[1]
    var groups: [CaseGroup] = []
    var bench = try bench(task, { self.measured($0.kernel?.tile == nil ? 100 : 130) }, groups: { groups.append($0) })
    let result = try bench.result()
    #expect(result.winner == nil && result.modelNanoseconds == 100 && result.faults.isEmpty)
    #expect(
      groups.count >= 1 && groups.allSatisfy { $0.cases.count <= 13 && $0.cases[0].variant == task.model.variant })
    #expect(groups.reduce(0) { $0 + $1.cases.count - 1 } == result.candidates && result.candidates > 3)
    // With little memory, each candidate has a session of its own.
    groups = []
    bench = try self.bench(
      task, bytes: 1, { self.measured($0.kernel?.tile == nil ? 100 : 130) }, groups: { groups.append($0) })
    #expect(try bench.result().candidates == groups.count && groups.allSatisfy { $0.cases.count == 2 })
  }

  @Test func aWrongCandidateIsReportedOnceAndCannotWin() throws {
    let task = try plan().tasks[1]
    let kernel = try packed()
    let problem = Problem(task.group.layer, caches: CacheSizes(try Examples.topology().machine))
    let tiles = TuningCandidate.tiles(of: task.tiles, for: kernel, problem)
    let (wrong, fast) = (tiles[0], tiles[1])
    var bench = try bench(task) { item in
      switch item.kernel?.tile {
      case wrong: .incorrect
      case fast: self.measured(80)
      default: self.measured(100)
      }
    }
    let result = try bench.result()
    #expect(result.faults.map { $0.item.kernel?.tile } == [wrong])
    #expect(result.winner?.candidate == TuningCandidate(fast, .none) && result.winner?.nanoseconds == 80)
  }

  @Test func withoutATimeOfTheModelThereIsNoWinner() throws {
    let task = try plan().tasks[1]
    var bench = try bench(task) { $0.kernel?.tile == nil ? .incorrect : self.measured(1) }
    do {
      _ = try bench.result()
      Issue.record("no error")
    } catch TuningStop.modelUnmeasured(let result) {
      #expect(result.item.variant == task.model.variant)
    }
  }

  @Test func aLayerIsTunedOnThisMachine() throws {
    let plan = try plan {
      $0.kernels = ["packed.p*"]
      $0.layers = ["conv"]
    }
    var outcomes: [TuningOutcome] = []
    let tuner = Tuner(try Examples.topology(), catalog, settings: Examples.quick, availableMemory: nil)
    try tuner.run(
      plan, isInterrupted: { false }, starting: { _, _ in }, progress: { _, _ in }, report: { outcomes.append($0) })
    #expect(outcomes.count == plan.tasks.count)
    for outcome in outcomes {
      guard case .tuned(let result) = outcome else {
        Issue.record("\(outcome)")
        continue
      }
      #expect(result.modelNanoseconds > 0 && result.faults.isEmpty && result.model.tile != nil)
    }
    outcomes = []
    try tuner.run(
      plan, isInterrupted: { true }, starting: { _, _ in }, progress: { _, _ in }, report: { outcomes.append($0) })
    #expect(outcomes.isEmpty)
  }

  // MARK: What a run makes of it

  private func choices(_ threads: Int, _ split: Split) throws -> [TuningKey: TunedChoice] {
    let kernel = try packed()
    let key = TuningKey(
      kernel: "packed", isa: kernel.isa, threads: threads, layer: "mb1ic16ih4oc16oh4kh1ph0", layout: .nhwc)
    return [
      key: TunedChoice(tile: TileChoice(kernel.tiles[0], rows: .pixels), split: split, remark: "tuned")
    ]
  }

  private func variants(_ plan: Plan, _ layout: Layout) -> [String] {
    plan.groups.first { $0.layer.layout == layout }?.cases.map {
      "\($0.contender.name) \($0.split) \($0.dividingSplit) \($0.threads)"
    } ?? []
  }

  @Test func tunedCasesStandBesideTheModels() throws {
    let plan = try runPlan(try choices(2, .pixels)) {
      $0.kernels = ["packed"]
      $0.threads = try? ThreadCounts("1,2")
    }
    let packed = ["packed none none 1", "packed channels channels 2", "packed pixels pixels 2", "packed auto auto 2"]
    #expect(Set(variants(plan, .nhwc)) == Set(packed + ["packed.tuned auto pixels 2"]))
    #expect(Set(variants(plan, .nchw)) == Set(packed))
    #expect(plan.untuned.map { "\($0.layout) \($0.threads)" } == ["nchw 1", "nchw 2", "nhwc 1", "nc 1", "nc 2"])
  }

  @Test func patternsChooseAmongTunedKernels() throws {
    let choices = try choices(1, .none)
    func names(_ kernels: [String]?, skipping skipped: [String]? = nil) throws -> Set<String> {
      let plan = try runPlan(choices) {
        $0.kernels = kernels
        $0.skippedKernels = skipped
        $0.threads = try? ThreadCounts("1")
        $0.layouts = [.nhwc]
        $0.layers = ["conv"]
      }
      return Set(plan.groups.flatMap(\.cases).map(\.contender.name))
    }
    #expect(try names(nil) == ["naive", "tiled", "simd", "packed", "packed.tuned"])
    #expect(try names(["packed.tuned"]) == ["packed.tuned"])
    #expect(try names(["p*"]) == ["packed", "packed.tuned"])
    #expect(try names(["p*"], skipping: ["packed"]) == ["packed.tuned"])
    #expect(try names(["p*"], skipping: ["*.tuned"]) == ["packed"])
    #expect(try names(["simd"]) == ["simd"])
    do {
      _ = try runPlan(nil) { $0.kernels = ["packed.tuned"] }
      Issue.record("no error")
    } catch let error as PlanError {
      #expect(error.isUsage && error.description.contains("--tuned"), "\(error)")
    }
  }

  @Test func aChoiceThatDoesNotFitIsNotUsed() throws {
    for choices in [try choices(1, .pixels), try choices(1, .reduction), try choices(2, .reduction)] {
      let plan = try runPlan(choices) {
        $0.kernels = ["packed.tuned"]
        $0.threads = try? ThreadCounts("1,2")
      }
      #expect(plan.caseCount == 0 && plan.untuned.count == 6)
    }
  }

  @Test func oneOfSeveralThreadsIsAChoice() throws {
    let plan = try runPlan(try choices(2, .none)) {
      $0.kernels = ["packed.tuned"]
      $0.threads = try? ThreadCounts("2")
    }
    #expect(variants(plan, .nhwc) == ["packed.tuned auto none 2"])
    let item = try #require(plan.groups.flatMap(\.cases).first)
    let division = item.dividingSplit.division(
      of: Problem(plan.groups[0].layer), for: try #require(item.kernel), threads: item.threads)
    #expect(division.threads == 1)

    func splits(_ chosen: [Split], _ shape: Shape, threads: Int) throws -> [Split] {
      let problem = Problem(
        try Layer(op: .fc, shape: shape, layout: .nc), caches: CacheSizes(l1d: 32 << 10, l2: 1 << 20, l3: 32 << 20))
      return TuningCandidate.splits(of: chosen, for: problem, threads: threads)
    }
    let (small, large) = (Shape.fc(mb: 1, ic: 512, oc: 500), Shape.fc(mb: 1, ic: 512, oc: 512))
    #expect(try splits(Split.allCases, small, threads: 2) == [.none, .channels, .pixels, .grid, .reduction])
    #expect(try splits(Split.allCases, large, threads: 2) == [.channels, .pixels, .grid, .reduction])
    #expect(try splits([.pixels], small, threads: 2) == [.pixels] && splits(Split.allCases, small, threads: 1) == [])
  }

  @Test func aTunedCaseComputesItsOwnTile() throws {
    // Two numbers of threads with tiles of their own share a workbench, but no packed weights.
    let kernel = try packed()
    let wide = try #require(kernel.tiles.max { $0.vectors < $1.vectors })
    let narrow = try #require(kernel.tiles.max { $0.rows < $1.rows })
    let layer = try Layer(op: .conv1x1, shape: .conv1x1(ic: 20, oc: 70, ih: 5, iw: 7), layout: .nhwc, bias: true)
    let cases = try [(1, wide, Split.none), (2, narrow, .pixels)].map { threads, shape, split in
      try Examples.item(kernel.tuned(to: nil), threads == 1 ? .none : .auto, threads: threads)
        .with(TunedChoice(tile: TileChoice(shape), split: split, remark: "tuned"), kernel)
    }
    let results = try Examples.results(Examples.group(layer, cases))
    #expect(results.count == 2)
    for result in results {
      #expect(result.measurement != nil, "\(result.outcome)")
      #expect(result.remarks == ["tuned"] && result.item.variant.kernel == "packed.tuned")
      #expect(result.division?.split == (result.item.threads == 1 ? Split.none : .pixels))
    }
  }
}
