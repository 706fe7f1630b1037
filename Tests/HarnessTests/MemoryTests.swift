import Foundation
import Kernels
import Layers
import Teams
import Testing
import Topology

@testable import Harness

/// Serialised: teams of pinned workers would only wait for each other.
@Suite(.serialized) struct MemoryTests {
  private static let policies: [MemoryPolicy] = [
    .init(binding: .firstTouch), .init(binding: .local), .init(binding: .interleave), .init(pages: .huge),
    .init(pages: .small), .init(binding: .firstTouch, pages: .huge), .init(binding: .local, pages: .small),
  ]

  private func placer(_ policy: MemoryPolicy, threads: Int) throws -> MemoryPlacer {
    let placement = try Examples.placement(threads)
    let team = try PinnedTeam(cpus: placement.assignments.map(\.cpu), topology: try Examples.topology())
    return try MemoryPlacer(policy, team, placement, try Examples.topology().machine)
  }

  /// Whether this system lets processes bind memory: some containers do not.
  private static let canBind = Result {
    try MemoryPolicy(binding: .interleave).check(on: try Examples.topology(), try Examples.placement(1))
  }

  /// Elements, guards and neighbours are as they were, whatever the size: less than a page, whole ones and not.
  @Test(arguments: policies, [1, 2, 5]) func nothingButPagesChanges(policy: MemoryPolicy, threads: Int) throws {
    let binds = policy.binding == .local || policy.binding == .interleave
    if binds, (try? Self.canBind.get()) == nil { return }
    let placer = try placer(policy, threads: threads)
    for count in [0, 1, 1000, 1024, 5000, 100_003, 3_000_000] {
      let buffer = try SharedBuffer(count: count)
      for i in 0..<count { buffer.buffer.pointer[i] = Float(i) }
      placer.place(buffer.buffer)
      #expect(placer.failure == nil)
      #expect(buffer.buffer.firstDamage() == nil, "\(policy), \(count) elements")
      let place = (0..<count).first { buffer.buffer.pointer[$0] != Float($0) }
      #expect(place == nil, "\(policy), \(count) elements")
    }
  }

  @Test func pagesAreWhereTheyAreAskedToBe() throws {
    let buffer = try SharedBuffer(count: 8 << 20)
    let region = (address: UInt(bitPattern: buffer.buffer.pointer), bytes: buffer.buffer.count * 4)
    try placer(MemoryPolicy(pages: .small), threads: 2).place(buffer.buffer)
    let small = PageSurvey([region])
    if let nodes = small.nodes { #expect(nodes.values.reduce(0, +) == 1024) }
    // Other buffers share the mapping, but 32 MiB of small pages are most of it.
    if let percent = small.hugePercent { #expect(percent < 60) }
    #expect(!"\(small)".isEmpty && !"\(small)".contains("\n"))
  }

  @Test func theShareOfHugePagesIsThatOfTheMappings() {
    let smaps = """
      00001000-00003000 rw-p 00000000 00:00 0
      Rss:                   8 kB
      AnonHugePages:         2 kB
      VmFlags: rd wr
      00005000-00006000 rw-p 00000000 00:00 0                          [heap]
      Rss:                   4 kB
      AnonHugePages:         4 kB
      00008000-00009000 r--p 00000000 00:00 0
      Rss:                   0 kB
      AnonHugePages:         0 kB
      """
    func percent(_ regions: [(address: UInt, bytes: Int)]) -> Double? {
      PageSurvey.hugePercent(smaps: smaps, regions)
    }
    #expect(percent([(0x1800, 16)]) == 25 && percent([(0x5000, 1), (0x5800, 1)]) == 100)
    #expect(percent([(0x1000, 1), (0x5fff, 1)]) == 50)
    #expect(percent([(0x3000, 0x1000)]) == nil && percent([]) == nil && percent([(0x8000, 1)]) == nil)
    #expect(PageSurvey.hugePercent(smaps: "", [(0x1000, 1)]) == nil)
  }

  /// A container may forbid move_pages(2), hide /proc, or both; and pages may never have been touched.
  @Test func whatTheSystemDoesNotTellIsUnknown() throws {
    let region: [(address: UInt, bytes: Int)] = [(address: 1 << 20, bytes: 64 << 10)]
    let refused = PageSurvey(region, findNodes: { _, _ in EPERM }, smaps: nil)
    #expect(refused.nodes == nil && refused.hugePercent == nil)
    #expect("\(refused)" == "nodes of the pages unknown, size of the pages unknown")
    let untouched = PageSurvey(
      region,
      findNodes: { pages, nodes in
        nodes = pages.map { _ in -ENOENT }
        return 0
      }, smaps: "")
    #expect(untouched.nodes == nil && untouched.hugePercent == nil)
    let two = PageSurvey(
      region,
      findNodes: { pages, nodes in
        nodes = pages.indices.map { $0 % 4 == 0 ? 1 : $0 % 4 == 1 ? -EFAULT : 0 }
        return 0
      }, smaps: nil)
    #expect(two.nodes == [0: 8, 1: 4])
    #expect("\(two)" == "pages on nodes 0 (66 %), 1 (33 %), size of the pages unknown")
  }

  @Test func unpinnedThreadsHaveNoNode() throws {
    var policy = PlacementPolicy()
    policy.bind = .none
    let topology = try Examples.topology()
    let unpinned = try policy.resolve(threads: 1, on: topology.machine)
    #expect(throws: MemoryError.notPinned) { try MemoryPolicy(binding: .local).check(on: topology, unpinned) }
    try MemoryPolicy(binding: .firstTouch).check(on: topology, unpinned)
    try MemoryPolicy().check(on: topology, unpinned)
    for error in [
      MemoryError.notPinned, .unknownNode(cpu: 3), .refused(flag: "--pages", value: "huge", call: "madvise", code: 22),
    ] {
      #expect(error.description.hasPrefix("--") && error.description.contains("expected"))
      #expect(!error.description.contains("\n"))
    }
  }

  @Test(arguments: policies) func casesAreRightAndKnowTheirPages(policy: MemoryPolicy) throws {
    let binds = policy.binding == .local || policy.binding == .interleave
    if binds, (try? Self.canBind.get()) == nil { return }
    let layer = try Layer(op: .fc, shape: .fc(mb: 2, ic: 1200, oc: 300), layout: .nc, bias: true, activation: .relu)
    let kernels = Catalog.current().kernels.suffix(2)
    let cases =
      try kernels.flatMap { kernel in
        try [(Split.none, 1), (.channels, 2), (.reduction, 2)].map { try Examples.item(kernel, $0.0, threads: $0.1) }
      } + [
        Case(
          kernel: kernels.first!, split: .pixels, team: .dispatch, placement: try Examples.placement(2), cache: .cold)
      ]
    var settings = Examples.quick
    settings.memory = policy
    let results = try Examples.results(Examples.group(layer, cases), settings: settings)
    #expect(results.count == cases.count)
    for result in results {
      #expect(result.measurement != nil, "\(result.item.variant): \(result.verification?.failure ?? "")")
      #expect(result.pages != nil)
    }
    #expect(try Examples.results(Examples.group(layer, [cases[0]])).allSatisfy { $0.pages == nil })
  }
}
