import Kernels
import Layers
import Teams
import Testing
import Topology

@testable import Harness

@Suite struct PlanTests {
  private static let layers = """
    network: net
    layers:
      - mb1ic8ih4oc16oh4kh1ph0n"expand"
      - mb1ic32oc10n"classifier"
    """

  private let catalog = Catalog.current()

  /// A plan for eight cores.
  private func plan(
    _ axes: String = "", memory: Int? = nil, machine: Machine? = nil, select: (inout Selection) -> Void = { _ in }
  ) throws -> Plan {
    let folder = try TemporaryFolder()
    var selection = Selection()
    select(&selection)
    return try Plan(
      suites: [try folder.suite(Self.layers + "\n" + axes)], selection: selection,
      machine: try machine ?? Examples.eightCores(), catalog: catalog, availableMemory: memory)
  }

  /// The message of the plan error that `body` throws, and whether it is a usage error.
  private func failure(_ body: () throws -> Plan) throws -> (message: String, isUsage: Bool) {
    do {
      _ = try body()
    } catch let error as PlanError {
      #expect(!error.description.contains("\n"))
      return (error.description, error.isUsage)
    }
    Issue.record("no error")
    return ("", false)
  }

  private func variants(_ plan: Plan) -> Set<String> {
    Set(plan.groups.flatMap(\.cases).map { "\($0.variant) \($0.threads)" })
  }

  @Test func weakScalingMultipliesTheMinibatchByTheThreads() throws {
    func sizes(_ scalings: [Scaling]) throws -> [String: Set<Int>] {
      let plan = try plan {
        $0.scalings = scalings
        $0.threads = try? ThreadCounts("1,2,8")
        $0.kernels = ["packed"]
      }
      return plan.groups.reduce(into: [:]) { sizes, group in
        sizes["\(group.entry.network) mb\(group.layer.shape.mb)", default: []].formUnion(group.cases.map(\.threads))
      }
    }
    let grown: [String: Set<Int>] = ["net ×2 mb2": [2], "net ×8 mb8": [8]]
    #expect(try sizes([.strong]) == ["net mb1": [1, 2, 8]])
    #expect(try sizes([.weak]) == grown.merging(["net mb1": [1]]) { $1 })
    #expect(try sizes([.strong, .weak]) == grown.merging(["net mb1": [1, 2, 8]]) { $1 })
  }

  @Test func theDefaults() throws {
    let plan = try plan()
    #expect(plan.groups.map(\.layer.layout) == [.nchw, .nhwc, .nc])
    #expect(plan.groups.allSatisfy { $0.suite == "test" })
    let isa = try #require(catalog.isas.last)
    var expected: Set<String> = []
    for kernel in ["naive", "tiled", "simd", "packed"] {
      expected.insert("\(kernel)-\(isa.rawValue)-none-dispatch 1")
      for split in ["channels", "pixels"] { expected.insert("\(kernel)-\(isa.rawValue)-\(split)-dispatch 8") }
    }
    // Eight threads are too many for layers as short as these.
    expected.insert("packed-\(isa.rawValue)-auto-dispatch 8")
    #expect(variants(plan) == expected)
    for group in plan.groups {
      #expect(group.cases.count == expected.count, "each case once")
      #expect(group.cases.allSatisfy { $0.cache == .hot && $0.placement.policy.bind == .close })
    }
    #expect(plan.caseCount == 3 * expected.count)
    #expect(plan.placements.map(\.cpuList) == ["0", "0 1 2 3 4 5 6 7"])
  }

  @Test func theCommandLineWinsOverTheSuiteAndThatOverTheDefault() throws {
    let axes = """
      axes: { kernel: [naive, tiled], threads: [2, 4], split: pixels, layout: nhwc, bind: spread, isa: portable }
      """
    let suite = try plan(axes)
    #expect(
      variants(suite) == [
        "naive-portable-pixels-dispatch 2", "naive-portable-pixels-dispatch 4", "tiled-portable-pixels-dispatch 2",
        "tiled-portable-pixels-dispatch 4",
      ])
    #expect(suite.groups.map(\.layer.layout) == [.nhwc, .nc], "a layout is one of convolutions")
    #expect(suite.placements.map(\.cpuList) == ["0 4", "0 2 4 6"])

    let line = try plan(axes) {
      $0.kernels = ["pack*"]
      $0.threads = try? ThreadCounts("3")
      $0.splits = [.channels]
      $0.layouts = [.nchw]
      $0.binds = [.close]
      $0.teams = [.dispatchApply]
      $0.layers = ["expand"]
    }
    #expect(variants(line) == ["packed-portable-channels-dispatch-apply 3"])
    #expect(line.groups.map(\.layer.layout) == [.nchw])

    let skipped = try plan(axes) { $0.skippedKernels = ["na*"] }
    #expect(Set(skipped.groups.flatMap(\.cases).map(\.contender.name)) == ["tiled"])
  }

  @Test func aTileIsChosenByAPatternWithAPoint() throws {
    let tiles = try plan { $0.kernels = ["packed.2x1", "packed.c2x1", "packed"] }
    for group in tiles.groups {
      // Rows of channels suit NCHW only.
      let expected = ["packed", "packed.2x1"] + (group.layer.layout == .nchw ? ["packed.c2x1"] : [])
      var names: [String] = []
      for name in group.cases.map(\.contender.name) where !names.contains(name) { names.append(name) }
      #expect(names == expected)
    }
    let all = try plan { $0.kernels = ["packed*"] }
    #expect(Set(all.groups.flatMap(\.cases).map(\.contender.name)) == ["packed"])
    let others = try plan {
      $0.kernels = ["packed", "packed.2x*"]
      $0.skippedKernels = ["*.?2*"]
    }
    let names = Set(others.groups.flatMap(\.cases).map(\.contender.name))
    #expect(names.contains("packed.2x1") && !names.contains { $0.contains(".p") || $0.contains(".c") })
  }

  @Test func oneThreadHasOneCaseAKernel() throws {
    let plan = try plan {
      $0.kernels = ["simd"]
      $0.threads = try? ThreadCounts("1")
      $0.splits = [.channels, .pixels]
      $0.binds = [.close, .spread, .compact]
    }
    for group in plan.groups { #expect(group.cases.map(\.split) == [Split.none]) }
    // A split that divides nothing has no place on more threads.
    let more = try failure {
      try self.plan {
        $0.splits = [.none]; $0.threads = try? ThreadCounts("4")
      }
    }
    #expect(
      more.message
        == "--split 'none': more than one thread needs a split that divides the work: channels, pixels, grid, reduction "
        + "or auto")
    #expect(more.isUsage)
  }

  /// Where no split is asked for, a layer that one of the threads computes best has a case for that, and no other has.
  @Test func autoIsMeasuredWhereItTakesOneThread() throws {
    func autos(_ axes: String = "", _ select: (inout Selection) -> Void = { _ in }) throws -> [String] {
      let folder = try TemporaryFolder()
      let suite = try folder.suite(
        """
        layers: [mb1ic240ih1oc10oh1kh1ph0, mb1ic64ih28oc256oh28kh1ph0, mb1ic1024oc2048]
        \(axes)
        """)
      var selection = Selection()
      selection.threads = try ThreadCounts("1,2,8")
      selection.layouts = [.nhwc]
      select(&selection)
      return try Plan(
        suites: [suite], selection: selection, machine: try Examples.eightCores(), catalog: catalog,
        availableMemory: nil
      ).groups.flatMap { group in
        group.cases.filter { $0.split == .auto }.map { "\($0.contender.name) \(group.layer.n) \($0.threads)" }
      }
    }
    #expect(try autos() == ["packed 10 2", "packed 10 8"])
    #expect(try autos { $0.kernels = ["simd"] } == [])
    #expect(try autos { $0.splits = [.channels] } == [] && autos("axes: { split: pixels }") == [])
    let all = ["packed 10 2", "packed 10 8", "packed 256 2", "packed 256 8", "packed 2048 2", "packed 2048 8"]
    #expect(
      try autos {
        $0.kernels = ["packed"]
        $0.splits = [.auto]
      } == all)
    // The model is one of hot caches.
    #expect(try autos { $0.caches = [.cold, .hot] } == ["packed 10 2", "packed 10 8"])
    #expect(try autos { $0.caches = [.coldWeights] } == [])
    // Beside a tuned kernel stands the model's choice, whatever it is.
    #expect(
      try autos {
        $0.kernels = ["packed"]
        $0.tuned = [:]
      } == all)
  }

  /// A reduction is left out where the layer has few terms for its outputs: here, of both layers.
  @Test func aSplitThatDoesNotSuitIsLeftOut() throws {
    let plan = try plan {
      $0.kernels = ["simd"]
      $0.threads = try? ThreadCounts("1,4")
      $0.splits = [.grid, .reduction, .auto]
    }
    for group in plan.groups {
      #expect(group.cases.map { "\($0.split) \($0.threads)" } == ["none 1", "grid 4", "auto 4"])
    }
  }

  @Test func policiesThatComeToTheSameCPUsAreMeasuredOnce() throws {
    let plan = try plan {
      $0.kernels = ["simd"]
      $0.layers = ["classifier"]
      $0.splits = [.pixels]
      $0.threads = try? ThreadCounts("1,2,8")
      $0.binds = [.close, .none, .spread]
      $0.teams = [.dispatch, .pinned]
    }
    let cases = plan.groups.flatMap(\.cases).map { "\($0.team) \($0.threads) \($0.placement.policy.bind)" }
    let expected = ["1 close", "1 none", "2 close", "2 none", "2 spread", "8 close", "8 none"]
    #expect(cases == ["dispatch", "pinned"].flatMap { team in expected.map { "\(team) \($0)" } })
    #expect(
      plan.duplicates.map { "\($0.policy.bind) \($0.kept.bind) \($0.threads)" } == ["spread close 1", "spread close 8"])
    #expect(plan.filter { _, _ in true }.duplicates == plan.duplicates)
  }

  @Test func theEnvironmentCountsWhereNothingElseDoes() throws {
    let variables = try OpenMPVariables(environment: ["OMP_PLACES": "ll_caches", "OMP_PROC_BIND": "spread"])
    func policies(_ axes: String = "", _ select: (inout Selection) -> Void = { _ in }) throws -> Set<String> {
      let plan = try plan(axes) {
        $0.threads = try? ThreadCounts("2")
        $0.environment = variables
        select(&$0)
      }
      return Set(plan.placements.map { "\($0.policy.places) \($0.policy.bind)" })
    }
    #expect(try policies() == ["ll-caches spread"])
    #expect(try policies { $0.binds = [.compact] } == ["ll-caches compact"])
    #expect(try policies("axes: { places: cores }") == ["cores spread"])
    #expect(try policies("axes: { bind: close }") { $0.places = [.threads] } == ["threads close"])
  }

  @Test func theControlIsNeverPinned() throws {
    let plan = try plan {
      $0.kernels = ["simd"]
      $0.teams = [.dispatchApply]
      $0.binds = [.close, .spread]
      $0.places = [.cores, .threads]
      $0.threads = try? ThreadCounts("4")
      $0.splits = [.pixels]
    }
    for group in plan.groups {
      #expect(group.cases.count == 1, "there is no placement to vary")
      for item in group.cases {
        #expect(item.placement.cpuList.isEmpty && item.placement.policy.bind == .none && item.threads == 4)
      }
    }
  }

  @Test func whatDoesNotExistIsNamedWithItsFlag() throws {
    let kernels = "expected a pattern that matches one of naive, tiled, simd, packed, or a tile such as packed.1x1"
    let kernel = try failure { try plan { $0.kernels = ["naive", "winograd"] } }
    #expect(kernel.message == "--kernel 'winograd': \(kernels)" && kernel.isUsage)
    let skip = try failure { try plan { $0.skippedKernels = ["fft*"] } }
    #expect(skip.message == "--skip-kernel 'fft*': \(kernels)" && skip.isUsage)
    let all = try failure { try plan { $0.skippedKernels = ["*"] } }
    #expect(all.message == "--skip-kernel '*': no kernel is left; \(kernels)" && all.isUsage)
    let layer = try failure { try plan { $0.layers = ["expand", "attention*"] } }
    #expect(layer.message == "--layer 'attention*': no layer of test has such a descriptor or name" && layer.isUsage)
    let threads = try failure { try plan { $0.threads = try? ThreadCounts("9") } }
    #expect(threads.message.hasPrefix("--threads '9' is more than the 8 CPUs that ") && threads.isUsage)
    let portable = Catalog(features: [])
    let isa = try failure {
      var selection = Selection()
      selection.isas = [.avx512]
      return try Plan(
        suites: [try TemporaryFolder().suite(Self.layers)], selection: selection, machine: try Examples.eightCores(),
        catalog: portable, availableMemory: nil)
    }
    #expect(isa.message == "--isa 'avx512': this CPU does not execute it; it executes portable" && isa.isUsage)
  }

  @Test(arguments: [
    ("kernel: winograd", "kernel 'winograd': expected a pattern that matches one of naive, tiled, simd, packed, or"),
    ("skip-kernel: fft", "skip-kernel 'fft': expected a pattern that matches one of naive, tiled, simd, packed, or"),
    ("split: rows", "split 'rows': expected one of none, channels, pixels, grid, reduction, auto"),
    ("team: openmp", "team 'openmp': expected one of dispatch, pinned, dispatch-apply"),
    ("cache: lukewarm", "cache 'lukewarm': expected one of hot"),
    ("isa: sse9", "isa 'sse9': expected one of portable, avx2, avx512"),
    ("bind: tight", "--bind 'tight' is not known: expected one of close, spread, compact, scatter, none."),
    ("threads: 9", "--threads '9' is more than the 8 CPUs that"),
  ])
  func whatDoesNotExistIsNamedWithItsFile(axis: String, message: String) throws {
    let failure = try failure { try plan("axes: { \(axis) }") }
    #expect(failure.message.contains("test.yaml:5: \(message)"), "\(failure.message)")
    #expect(!failure.isUsage)
  }

  @Test func layersArePatternsOverNamesAndDescriptors() throws {
    #expect(try plan { $0.layers = ["class*"] }.groups.map(\.layer.op) == [.fc])
    #expect(try plan { $0.layers = ["mb1ic8*"] }.groups.map(\.layer.op) == [.conv1x1, .conv1x1])
    #expect(try plan { $0.layers = ["*"] }.groups.count == 3)
  }

  @Test func aLayerLargerThanTheMemoryIsAnError() throws {
    let needed = try #require(try plan().groups.first).memoryBytes(coldBytes: 0, caches: .assumed)
    #expect(try plan(memory: needed * 100).groups.count == 3)
    let failure = try failure { try plan(memory: needed - 1) }
    #expect(
      failure.message.contains("test.yaml:3: mb1ic8ih4oc16oh4kh1ph0 needs 1 MiB of memory, but only 1 MiB are free"))
    #expect(!failure.isUsage)
    #expect(megabytes(1) == "1 MiB" && megabytes(1 << 20) == "1 MiB" && megabytes(1 << 20 + 1) == "2 MiB")
  }

  @Test func memoryCountsTensorsPackedWeightsAndReference() throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 3, ic: 100, oc: 50), layout: .nc)
    let packed = Kernel(LastPanelNotPacked.self)
    let plain = Kernel(Textbook.self)
    let cases = try [packed, plain, packed].map { try Examples.item($0) }
    let floats = [300, 5000, 150, 5000].reduce(0, +)
    #expect(
      Examples.group(layer, cases).memoryBytes(coldBytes: 1, caches: .assumed) == floats * 4 + 2
        * Reference.memoryBytes(layer))
  }

  @Test func oversubscriptionIsMarked() throws {
    let plan = try plan {
      $0.threads = try? ThreadCounts("11")
      $0.policy.oversubscription = .wrap
    }
    #expect(plan.placements.map(\.oversubscribed) == [true])
  }
}
