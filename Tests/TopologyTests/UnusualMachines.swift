import Topology

/// Machines that few have, made here: what placement must get right without ever having run on them.
struct UnusualMachine: Sendable, CustomStringConvertible {
  let name: String
  let machine: Machine
  var description: String { name }

  static func all() throws -> [UnusualMachine] {
    func synthetic(_ name: String, _ text: String) throws -> UnusualMachine {
      UnusualMachine(name: name, machine: try Machines.machine(text))
    }
    let fourPackages = try Machines.machine("package:4 numa:2 l3:1 core:4 pu:1")
    let smt4 = try Machines.machine("package:2 l3:2 core:2 pu:4")
    return [
      try synthetic("one CPU", "package:1 numa:1 l3:1 core:1 pu:1"),
      try synthetic("POWER, SMT 4", "package:2 l3:2 core:2 pu:4"),
      try synthetic("eight NUMA nodes", "package:2 numa:4 l3:1 core:2 pu:2"),
      try synthetic("L3 groups of three cores", "package:2 l3:4 core:3 pu:1"),
      try synthetic("L3 groups of eight cores", "package:1 l3:2 core:8 pu:2"),
      // Four quarters, each with ordinary and with fast memory; the latter has no CPUs of its own.
      try synthetic("KNL", "package:1 group:4 [numa] [numa] l2:2 core:2 pu:2"),
      try synthetic("memory without CPUs", "[numa] [numa] package:2 [numa] l3:2 core:2 pu:2"),
      UnusualMachine(name: "six CPUs of 32", machine: allowing(fourPackages, [1, 2, 3, 9, 10, 30])),
      UnusualMachine(name: "offline siblings", machine: without(smt4, [1, 2, 3, 5, 12, 13, 14, 15, 31])),
      UnusualMachine(name: "hybrid", machine: Machines.hybrid()),
      UnusualMachine(name: "hybrid, offline CPUs", machine: without(Machines.hybrid(), [1, 4, 5, 11, 12, 19])),
      UnusualMachine(name: "hybrid, under taskset", machine: Machines.masked(Machines.hybrid(), [0, 1, 3, 7, 12, 14])),
      UnusualMachine(name: "five kinds of ARM cores", machine: fiveKinds()),
    ]
  }

  /// A cluster of each kind, of 1 to 4 cores, two clusters sharing an L3 cache and one with none.
  private static func fiveKinds() -> Machine {
    let sizes = [4, 3, 2, 2, 1]
    var pus: [Machine.PU] = []
    for (kind, size) in sizes.enumerated() {
      for _ in 0..<size {
        let cpu = pus.count
        pus.append(
          .init(
            index: cpu, osIndex: cpu, core: cpu, l3: kind == 0 ? nil : (kind - 1) / 2, numaNode: 0, package: 0,
            coreKind: kind))
      }
    }
    func cpus(_ isIncluded: (Machine.PU) -> Bool) -> CPUSet { CPUSet(pus.filter(isIncluded).map(\.osIndex)) }
    return Machine(
      source: .synthetic(description: "five kinds"), isThisSystem: false,
      packages: [.init(index: 0, osIndex: 0, cpus: cpus { _ in true })],
      numaNodes: [.init(index: 0, osIndex: 0, memory: nil, cpus: cpus { _ in true })],
      caches: (0..<2).map { l3 in .init(index: l3, level: 3, size: 8 << 20, lineSize: 64, cpus: cpus { $0.l3 == l3 }) },
      cores: pus.map { .init(index: $0.index, osIndex: $0.osIndex, cpus: CPUSet(cpu: $0.osIndex)) }, pus: pus,
      coreKinds: sizes.indices.map { kind in
        .init(index: kind, efficiency: kind, cpus: cpus { $0.coreKind == kind })
      },
      allowed: cpus { _ in true })
  }

  /// The machine in a control group that allows these CPUs.
  private static func allowing(_ machine: Machine, _ cpus: CPUSet) -> Machine {
    var machine = machine
    machine.allowed = cpus
    return machine
  }

  /// The machine after these CPUs went offline: hwloc does not list them, and counts on without them.
  private static func without(_ machine: Machine, _ offline: CPUSet) -> Machine {
    var left = mappingCPUs(of: machine) { $0.subtracting(offline) }
    left.cores.removeAll { $0.cpus.isEmpty }
    left.pus.removeAll { offline.contains($0.osIndex) }
    let cores = left.cores.map(\.index)
    for index in left.cores.indices { left.cores[index].index = index }
    for index in left.pus.indices {
      left.pus[index].index = index
      left.pus[index].core = left.pus[index].core.flatMap { cores.firstIndex(of: $0) }
    }
    return left
  }

  /// The machine with every set of CPUs changed.
  private static func mappingCPUs(of machine: Machine, _ change: (CPUSet) -> CPUSet) -> Machine {
    var machine = machine
    for i in machine.packages.indices { machine.packages[i].cpus = change(machine.packages[i].cpus) }
    for i in machine.numaNodes.indices { machine.numaNodes[i].cpus = change(machine.numaNodes[i].cpus) }
    for i in machine.caches.indices { machine.caches[i].cpus = change(machine.caches[i].cpus) }
    for i in machine.cores.indices { machine.cores[i].cpus = change(machine.cores[i].cpus) }
    for i in machine.coreKinds.indices { machine.coreKinds[i].cpus = change(machine.coreKinds[i].cpus) }
    machine.allowed = change(machine.allowed)
    machine.processMask = machine.processMask.map(change)
    return machine
  }

  /// The same hardware under another operating system, that numbers the CPUs as `number` says.
  func renumbered(_ number: (Int) -> Int) -> Machine {
    var other = Self.mappingCPUs(of: machine) { CPUSet($0.map(number)) }
    for i in other.pus.indices { other.pus[i].osIndex = number(other.pus[i].osIndex) }
    return other
  }
}
