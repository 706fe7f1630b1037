import Kernels
import Reports
import Topology

/// What `pointwise topology` shows: encoded as JSON, or as text.
struct TopologyReport: Codable {
  /// The machine.
  var machine: Machine
  /// The CPU of this process, or nil when the machine is another one.
  var features: CPUFeatures?
  /// A placement for each number of threads.
  var placements: [Placement] = []

  /// The machine as text.
  var machineText: String {
    var facts: [[String]] = []
    if let version = machine.hwlocVersion { facts.append(["hwloc", version]) }
    if !machine.environment.isEmpty {
      let variables = machine.environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      facts.append(["environment", variables.joined(separator: " ")])
    }
    if let features {
      facts.append(["CPU", features.modelName ?? "unknown"])
      let isas = ISA.allCases.filter { $0.isExecutable(with: features.names) }
      facts.append(["ISAs", isas.map(\.rawValue).joined(separator: ", ")])
      facts.append(["features", features.names.sorted().joined(separator: " ")])
    }
    let cpus = CPUSet(machine.pus.map(\.osIndex))
    facts.append(["packages", String(machine.packages.count)])
    facts.append(["NUMA nodes", String(machine.numaNodes.count)])
    facts.append(["L3 groups", String(machine.l3Groups.count)])
    facts.append(["cores", String(machine.cores.count)])
    facts.append(["PUs", "\(machine.pus.count) (CPUs \(cpus))"])
    facts.append(["allowed", Self.words(machine.allowed) + " (hwloc: the machine's, or the control group's)"])
    if let mask = machine.processMask {
      facts.append(["mask", Self.words(mask) + " (the scheduler's, of this process)"])
    }
    facts.append(["eligible", Self.words(machine.eligible)])

    let origin = machine.isThisSystem ? "this system" : "NOT THIS MACHINE: from \(machine.origin)"
    return (["Machine: \(origin)"] + TextColumns.lines(facts, indent: 2) + [""] + TextColumns.lines(objects))
      .joined(separator: "\n")
  }

  /// A row for each package, node, L3 group and kind; caches and cores that are alike are counted together.
  private var objects: [[String]] {
    var rows = [["object", "size", "eligible CPUs"]]
    let eligible = machine.eligible
    func usable(_ cpus: CPUSet) -> String { Self.words(cpus.intersection(eligible)) }
    for package in machine.packages {
      rows.append(["package \(package.index)", "", usable(package.cpus)])
    }
    for node in machine.numaNodes {
      // As PUs see it: a node without CPUs of its own may have those of the object it hangs on.
      let cpus = CPUSet(machine.pus.filter { $0.numaNode == node.index }.map(\.osIndex))
      rows.append(["NUMA node \(node.index)", Self.bytes(node.memory), usable(cpus)])
    }
    for cache in machine.l3Groups {
      rows.append(["L3 group \(cache.index)", Self.bytes(cache.size), usable(cache.cpus)])
    }
    for level in Set(machine.caches.map(\.level)).sorted() {
      let sizes = Dictionary(grouping: machine.caches.filter { $0.level == level }) { cache in
        let line = cache.lineSize.map { "lines of \($0) B" } ?? "lines of unknown size"
        return "\(Self.bytes(cache.size)), \(line)"
      }
      for (size, caches) in sizes.sorted(by: { $0.value[0].index < $1.value[0].index }) {
        let cpus = caches.reduce(CPUSet()) { $0.union($1.cpus) }
        rows.append(["\(caches.count) × L\(level)\(level == 1 ? "d" : "")", size, usable(cpus)])
      }
    }
    let coreSizes = Dictionary(grouping: machine.cores, by: \.cpus.count)
    for (size, cores) in coreSizes.sorted(by: { $0.key > $1.key }) {
      let cpus = cores.reduce(CPUSet()) { $0.union($1.cpus) }
      rows.append(["\(cores.count) × core", size == 1 ? "1 PU" : "\(size) PUs", usable(cpus)])
    }
    for kind in machine.coreKinds {
      let rank = kind.efficiency.map { "efficiency \($0)" } ?? "unranked"
      let attributes = kind.attributes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      rows.append(
        ["core kind #\(kind.index)", ([rank] + attributes).joined(separator: " "), usable(kind.cpus)])
    }
    return rows
  }

  /// A placement as text: what was asked for, then a row for each thread.
  static func text(of placement: Placement) -> String {
    func cell(_ index: Int?) -> String { index.map(String.init) ?? "-" }
    var rows = [["thread", "CPU", "core", "L3", "NUMA", "package", "kind", "place"]]
    for seat in placement.assignments {
      let place = seat.place.map { "\($0) {\(seat.placeCPUs)}" } ?? "any of \(seat.placeCPUs)"
      rows.append(
        [
          String(seat.thread), cell(seat.cpu), cell(seat.core), cell(seat.l3), cell(seat.numaNode),
          cell(seat.package), seat.coreKind.map { "#\($0)" } ?? "-", place,
        ])
    }
    let noun = placement.threads == 1 ? "thread" : "threads"
    let mark = placement.oversubscribed ? " (OVERSUBSCRIBED: threads share CPUs)" : ""
    let title = "Placement: \(placement.threads) \(noun), \(placement.policy)\(mark)"
    return ([title] + TextColumns.lines(rows, indent: 2)).joined(separator: "\n")
  }

  /// The set, or that there is none in it.
  private static func words(_ cpus: CPUSet) -> String {
    cpus.isEmpty ? "none" : cpus.description
  }

  /// A size in the largest binary unit that leaves it whole, or "unknown".
  private static func bytes(_ count: (some BinaryInteger)?) -> String {
    guard let count else { return "unknown" }
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    var (value, unit) = (UInt64(count), 0)
    while unit < units.count - 1, value >= 1024, value % 1024 == 0 {
      value /= 1024
      unit += 1
    }
    return "\(value) \(units[unit])"
  }
}
