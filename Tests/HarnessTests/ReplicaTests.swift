import Kernels
import Layers
import Testing
import Topology

@testable import Harness

@Suite struct ReplicaTests {
  @Test func everyCaseIsPlannedAsOftenAsIsAsked() throws {
    let folder = try TemporaryFolder()
    func plan(_ replicates: Int) throws -> Plan {
      var selection = Selection()
      selection.kernels = ["p*", "naive"]
      selection.replicates = replicates
      return try Plan(
        suites: [try folder.suite("layers: [mb1ic8oc4]")], selection: selection, machine: try Examples.eightCores(),
        catalog: Catalog.current(), availableMemory: nil)
    }
    let once = try plan(1)
    let thrice = try plan(3)
    #expect(thrice.caseCount == 3 * once.caseCount)
    let cases = thrice.groups.flatMap(\.cases)
    let names = cases.map { "\($0.variant) \($0.threads)" }
    #expect(Set(names).count == names.count, "\(names)")
    #expect(Set(cases.map(\.variant.kernelName)) == ["naive", "naive~2", "naive~3", "packed", "packed~2", "packed~3"])
    // Those of replica 1 are the cases of a plan without replicas.
    #expect(cases.filter { $0.replica == 1 }.map(\.variant) == once.groups.flatMap(\.cases).map(\.variant))
    for item in cases { #expect(cases.count { $0.isReplica(of: item) } == 3, "\(item.variant)") }
  }

  @Test func replicasPackWeightsOfTheirOwnAndShareTheTensors() throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 3, ic: 100, oc: 50), layout: .nc)
    let workbench = try Workbench(layer, caches: .assumed, threads: 1, pattern: .real, seed: 1)
    let packed = Kernel(LastPanelNotPacked.self)
    let division = Division([Block(rows: 0..<3, columns: 0..<50)])
    let first = try #require(try workbench.packedWeights(packed, division))
    let second = try #require(try workbench.packedWeights(packed, division, replica: 2))
    #expect(first !== second && first.buffer.pointer != second.buffer.pointer)
    #expect(try workbench.packedWeights(packed, division, replica: 2) === second)
    #expect(try workbench.packedWeights(packed, division) === first)
    var cases = try [packed, packed].map { try Examples.item($0) }
    let alone = Examples.group(layer, cases).memoryBytes(coldBytes: 0, caches: .assumed)
    cases[1].replica = 2
    let both = Examples.group(layer, cases).memoryBytes(coldBytes: 0, caches: .assumed)
    #expect(both == alone + 4 * 5000, "the memory of a second pack is counted")
  }

  @Test func replicasHaveSamplesOfTheSameLength() throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 2, ic: 300, oc: 20), layout: .nc)
    var cases = try (0..<4).map { _ in try Examples.item(Kernel(Textbook.self)) }
    for index in cases.indices { cases[index].replica = index + 1 }
    let results = try Examples.results(Examples.group(layer, cases))
    #expect(results.count == 4)
    #expect(Set(results.compactMap { $0.measurement?.iterations }).count == 1)
    #expect(Set(results.map(\.item.replica)) == [1, 2, 3, 4])
  }

  /// A kernel that is wrong is wrong in every replica, each of which is checked.
  @Test func everyReplicaIsVerified() throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 3, ic: 100, oc: 50), layout: .nc)
    var cases = try (0..<2).map { _ in try Examples.item(Kernel(LastPanelNotPacked.self)) }
    cases[1].replica = 2
    let results = try Examples.results(Examples.group(layer, cases))
    #expect(results.count == 2 && results.allSatisfy(\.isIncorrect))
  }
}
