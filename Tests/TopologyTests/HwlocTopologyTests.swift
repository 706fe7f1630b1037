import Foundation
import Testing

@testable import Topology

@Suite("hwloc")
struct HwlocTopologyTests {
  @Test("A synthetic machine is read completely")
  func synthetic() throws {
    let machine = try Machines.machine("package:2 l3:2(size=8388608) l2:3(size=524288) l1d:1(size=32768) core:1 pu:2")
    #expect(!machine.isThisSystem && machine.processMask == nil)
    #expect(machine.packages.count == 2 && machine.l3Groups.count == 4 && machine.numaNodes.count == 1)
    #expect(machine.cores.count == 12 && machine.pus.count == 24 && machine.coreKinds.isEmpty)
    #expect(machine.eligible == CPUSet(0..<24))
    #expect(machine.pus.map(\.core) == (0..<24).map { $0 / 2 })
    #expect(machine.pus.map(\.l3) == (0..<24).map { $0 / 6 })
    #expect(machine.pus.map(\.package) == (0..<24).map { $0 / 12 })
    #expect(machine.pus.allSatisfy { $0.numaNode == 0 && $0.coreKind == nil })
    #expect(machine.l3Groups.map(\.cpus) == (0..<4).map { CPUSet($0 * 6..<$0 * 6 + 6) })
    #expect(machine.cacheSize(level: 1, cpu: 5) == 32_768)
    #expect(machine.cacheSize(level: 2, cpu: 5) == 524_288)
    #expect(machine.cacheSize(level: 3, cpu: 5) == 8_388_608)
    #expect(machine.cacheSize(level: 4, cpu: 5) == nil && machine.cacheSize(level: 1, cpu: 24) == nil)
    #expect(try JSONDecoder().decode(Machine.self, from: JSONEncoder().encode(machine)) == machine)
  }

  @Test("A node without CPUs of its own is nobody's closest")
  func memoryOnlyNodes() throws {
    let machine = try Machines.machine("[numa] [numa] package:2 [numa] core:2 pu:1")
    #expect(machine.numaNodes.count == 4)
    #expect(machine.pus.map(\.numaNode) == [0, 0, 1, 1])
    #expect(try PlacementPolicy(places: .numaDomains).places(on: machine).count == 2)
  }

  @Test(
    "What is no machine is refused in a sentence that quotes it",
    arguments: [
      "", "garbage", "package:0", "core:4", "package:2 core:4 pu:-1", "/nonexistent.xml", "pu:4097", "core:65 64",
      "core:99999999999999999999 pu:2", "package:4294967296 core:4294967296 pu:1", #filePath, "/",
    ])
  func refused(text: String) throws {
    let error = #expect(throws: TopologyError.self) { try HwlocTopology(Machine.Source(argument: text)) }
    let sentence = try #require(error).description
    #expect(sentence.contains("'\(text)'") && sentence.contains("expected"), "\(sentence)")
  }

  @Test(
    "The size of a description is known before hwloc builds it",
    arguments: [
      ("package:2 core:4 pu:2", 16), ("2 3 4", 24), ("[numa(memory=4GB)] package:2 [numa] core:3(size=5 x=6) pu:1", 6),
      ("package:4294967296 core:4294967296 pu:1", Int.max), ("", 1),
    ])
  func size(text: String, size: Int) {
    #expect(HwlocTopology.syntheticSize(text) == size)
  }

  @Test("Another machine binds nothing, and says so")
  func notThisSystem() throws {
    let topology = try HwlocTopology(.synthetic(description: "core:4 pu:1"))
    let before = try topology.currentThreadBinding()
    let error = TopologyError.notThisSystem(origin: topology.machine.origin)
    #expect(throws: error) { try topology.bindCurrentThread(to: 0) }
    #expect(throws: error) { try topology.restoreCurrentThreadBinding(to: [0]) }
    #expect(try topology.currentThreadBinding() == before)
  }

  @Test("This system: there is a CPU to run on, and it is known")
  func thisSystem() throws {
    let topology = try HwlocTopology()
    let machine = topology.machine
    #expect(machine.source == .thisSystem)
    try #require(machine.isThisSystem)
    #expect(!machine.eligible.isEmpty)
    #expect(machine.eligible.isSubset(of: machine.processMask ?? []))
    #expect(machine.eligiblePUs.map(\.osIndex).sorted() == Array(machine.eligible))
    #expect(try topology.currentThreadBinding() == machine.processMask)
    #expect(try machine.eligible.contains(topology.lastCPU()))
  }

  @Test("Threads bind to every eligible CPU, all at once, and get their masks back")
  func binding() async throws {
    let topology = try HwlocTopology()
    try #require(topology.machine.isThisSystem)
    let before = try topology.currentThreadBinding()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for cpu in topology.machine.eligible {
        group.addTask {
          try await onFreshThread {
            let mask = try topology.currentThreadBinding()
            for _ in 0..<20 {
              try topology.bindCurrentThread(to: cpu)
              #expect(try topology.currentThreadBinding() == [cpu])
              #expect(try topology.lastCPU() == cpu)
              try topology.restoreCurrentThreadBinding(to: mask)
              #expect(try topology.currentThreadBinding() == mask)
            }
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try topology.currentThreadBinding() == before)
  }

  @Test("A CPU that is not eligible is not bound to")
  func notEligible() throws {
    let topology = try HwlocTopology()
    try #require(topology.machine.isThisSystem)
    let eligible = topology.machine.eligible
    #expect(throws: TopologyError.notEligible(cpu: 1 << 20, eligible: eligible)) {
      try topology.bindCurrentThread(to: 1 << 20)
    }
  }

  @Test("Of hwloc's variables, those that only make it talk are left out")
  func variables() {
    let found = Machine.discoveryVariables(of: [
      "HWLOC_XMLFILE": "a.xml", "HWLOC_XML_VERBOSE": "1", "HWLOC_HIDE_ERRORS": "2", "HWLOC_COMPONENTS": "x86",
      "PATH": "/bin", "HWLOC_DEBUG_VERBOSE": "0",
    ])
    #expect(found == ["HWLOC_XMLFILE": "a.xml", "HWLOC_COMPONENTS": "x86"])
  }
}

/// Runs the body on a thread of its own, so that no thread of a pool is left bound when it fails.
private func onFreshThread(_ body: @escaping @Sendable () throws -> Void) async throws {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread {
      continuation.resume(with: Result { try body() })
    }
  }
}

@Suite("Real machines", .enabled(if: Machines.haveFolder, "there is no folder shared/topologies beside the package"))
struct RealMachineTests {
  @Test(
    "What is known of the machines is found",
    arguments: [
      // name, packages, NUMA nodes, L3 groups, cores, PUs, kinds
      ("intel-2p6c-smt2.xml", [2, 2, 2, 12, 24]),
      ("amd-2xepyc7451-ccx3-smt2.xml", [2, 1, 16, 48, 96]),
      ("intel-1370p-hybrid-6p8e.xml", [1, 1, 1, 14, 20]),
      ("amd-4p8n-cgroup2-6of32.xml", [3, 6, 6, 6, 6]),
    ])
  func facts(name: String, expected: [Int]) throws {
    let machine = try Machines.real(name)
    let counts = [
      machine.packages.count, machine.numaNodes.count, machine.l3Groups.count, machine.cores.count, machine.pus.count,
    ]
    #expect(counts == expected)
    #expect(!machine.isThisSystem)
  }

  @Test("Properties of placement")
  func policies() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Machines.folder.path)
      .filter { $0.hasSuffix(".xml") }.sorted()
    #expect(!files.isEmpty)
    for file in files {
      let machine = try Machines.real(file)
      for (policy, capacity) in PlacementTests.policies(on: machine) where policy.bind != .none {
        for threads in Set([1, 2, 3, capacity / 2, capacity - 1, capacity]) where 1...capacity ~= threads {
          let placement = try policy.resolve(threads: threads, on: machine)
          let cpus = placement.assignments.compactMap(\.cpu)
          #expect(Set(cpus).count == threads, "\(file): \(policy)")
          #expect(CPUSet(cpus).isSubset(of: machine.eligible), "\(file): \(policy)")
        }
      }
    }
  }

  @Test("A control group leaves places without CPUs, and none of them is used")
  func controlGroup() throws {
    let machine = try Machines.real("amd-4p8n-cgroup2-6of32.xml")
    #expect(machine.eligible == CPUSet(0..<6))
    #expect(machine.numaNodes.count { $0.cpus.isEmpty } == 4 && machine.packages.count { $0.cpus.isEmpty } == 2)
    #expect(machine.coreKinds.map(\.cpus) == [CPUSet(0..<6)])
    #expect(try PlacementPolicy(places: .numaDomains).places(on: machine).map(\.cpus) == [[0, 1, 2, 3], [4, 5]])
    #expect(try PlacementPolicy(places: .sockets).places(on: machine).map(\.cpus) == [CPUSet(0..<6)])
    #expect(throws: PlacementError.self) { try PlacementPolicy().resolve(threads: 7, on: machine) }
  }

  @Test("Kinds, L3 groups of three, and numbering by package")
  func tables() throws {
    let hybrid = try Machines.real("intel-1370p-hybrid-6p8e.xml")
    #expect(hybrid.coreKinds.map(\.cpus) == [CPUSet(12..<20), CPUSet(0..<12)])
    #expect(try PlacementPolicy(coreKinds: .fastest).resolve(threads: 6, on: hybrid).cpuList == "0 2 4 6 8 10")
    #expect(try PlacementPolicy().capacity(on: hybrid) == 14)
    let epyc = try Machines.real("amd-2xepyc7451-ccx3-smt2.xml")
    #expect(try PlacementPolicy(places: .llCaches).places(on: epyc).allSatisfy { $0.pus.count == 3 })
    let xeon = try Machines.real("intel-2p6c-smt2.xml")
    #expect(try PlacementPolicy().resolve(threads: 7, on: xeon).cpuList == "0 2 4 6 8 10 1")
    #expect(try PlacementPolicy(bind: .scatter).resolve(threads: 4, on: xeon).cpuList == "0 1 2 3")
  }
}
