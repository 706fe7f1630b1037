import Foundation
import Topology

/// Machines to place threads on.
enum Machines {
  /// Synthetic descriptions; in some the operating system's numbering is nothing like the logical order.
  static let synthetic = [
    "package:1 core:1 pu:1",
    "package:1 core:8 pu:1",
    "package:2 core:4 pu:2",
    "package:1 l3:2 l2:2 core:1 pu:4",
    "package:2 numa:4 core:2 pu:2",
    "package:2 l3:4 core:3 pu:2(indexes=core:pu)",
    "package:2 l3:1 core:3 pu:2(indexes=0,6,1,7,2,8,3,9,4,10,5,11)",
    "numa:2 package:2 l3:1 core:2 pu:1",
    "[numa] package:2 [numa] l3:1 core:2 pu:1",
    "package:2 core:3 pu:1(indexes=0,2,4,1,3,5)",
  ]

  static func machine(_ description: String) throws -> Machine {
    try HwlocTopology(.synthetic(description: description)).machine
  }

  /// Six cores with SMT 2 and eight without, in two kinds and on two uneven L3 groups; what synthetic descriptions
  /// cannot express.
  static func hybrid(efficiencies: [Int?] = [0, 1]) -> Machine {
    let big = (0..<12).map {
      Machine.PU(index: $0, osIndex: $0, core: $0 / 2, l3: 0, numaNode: 0, package: 0, coreKind: 1)
    }
    let small = (12..<20).map {
      Machine.PU(index: $0, osIndex: $0, core: $0 - 6, l3: 1, numaNode: 0, package: 0, coreKind: 0)
    }
    let pus = big + small
    let all = CPUSet(0..<20)
    return Machine(
      source: .synthetic(description: "hybrid"), isThisSystem: false,
      packages: [.init(index: 0, osIndex: 0, cpus: all)],
      numaNodes: [.init(index: 0, osIndex: 0, memory: nil, cpus: all)],
      caches: [
        .init(index: 0, level: 3, size: 24 << 20, lineSize: 64, cpus: CPUSet(0..<12)),
        .init(index: 1, level: 3, size: 8 << 20, lineSize: 64, cpus: CPUSet(12..<20)),
      ],
      cores: (0..<14).map { core in
        .init(index: core, osIndex: core, cpus: CPUSet(pus.filter { $0.core == core }.map(\.osIndex)))
      },
      pus: pus,
      coreKinds: [
        .init(index: 0, efficiency: efficiencies[0], cpus: CPUSet(12..<20)),
        .init(index: 1, efficiency: efficiencies[1], cpus: CPUSet(0..<12)),
      ],
      allowed: all)
  }

  /// The machine with only these CPUs eligible, as under `taskset`.
  static func masked(_ machine: Machine, _ mask: CPUSet) -> Machine {
    var machine = machine
    machine.processMask = mask
    return machine
  }

  /// All of the above; and each with holes in its mask.
  static func all() throws -> [Machine] {
    let whole = try synthetic.map(machine) + [hybrid()]
    return whole
      + whole.map { machine in
        masked(machine, CPUSet(machine.pus.map(\.osIndex).filter { $0 % 3 != 1 }))
      }
  }

  /// The folder of real machines beside the package, where there is one.
  static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "shared/topologies")

  /// Whether that folder is there.
  static let haveFolder = FileManager.default.fileExists(atPath: folder.path)

  static func real(_ name: String) throws -> Machine {
    try HwlocTopology(.xml(path: folder.appending(path: name).path)).machine
  }
}
