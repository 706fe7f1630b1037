import Testing
import Topology

/// What holds for every policy and number of threads on machines that few have.
@Suite("Placement on unusual machines")
struct PlacementPropertyTests {
  private static let machines = Result { try UnusualMachine.all() }

  /// A policy resolved on a machine.
  private struct Resolved: Sendable {
    let machine: UnusualMachine
    let policy: PlacementPolicy
    let places: [Place]
    let placement: Placement
  }

  /// Every policy that a machine can have, with one CPU of a core and with all, for 1 to all threads.
  private static let resolved = Result {
    try machines.get().flatMap { unusual in
      let siblings = unusual.machine.cores.map(\.cpus.count).max() ?? 1
      var all: [Resolved] = []
      for places in PlacementPolicy.Places.levels {
        for bind in PlacementPolicy.Bind.allCases where bind != .none {
          for smt in Set([1, siblings]) {
            let policy = PlacementPolicy(places: places, bind: bind, smt: smt)
            guard let found = try? policy.places(on: unusual.machine) else { continue }
            for threads in 1...found.reduce(0, { $0 + $1.pus.count }) {
              let placement = try policy.resolve(threads: threads, on: unusual.machine)
              all.append(Resolved(machine: unusual, policy: policy, places: found, placement: placement))
            }
          }
        }
      }
      return all
    }
  }

  private func forEachPlacement(
    _ body: (UnusualMachine, PlacementPolicy, [Place], Placement) throws -> Void
  ) throws {
    for item in try Self.resolved.get() { try body(item.machine, item.policy, item.places, item.placement) }
  }

  @Test("No CPU twice, none that is not eligible, and all seats as the machine has them")
  func seats() throws {
    var cases = 0
    try forEachPlacement { unusual, policy, places, placement in
      cases += 1
      let what: Comment = "\(unusual): \(placement.threads) threads, \(policy)"
      let cpus = placement.assignments.compactMap(\.cpu)
      #expect(cpus.count == placement.threads && Set(cpus).count == placement.threads, what)
      #expect(CPUSet(cpus).isSubset(of: unusual.machine.eligible) && !placement.oversubscribed, what)
      for seat in placement.assignments {
        let place = try #require(seat.place)
        #expect(seat.placeCPUs == places[place].cpus && seat.placeCPUs.contains(seat.cpu ?? -1), what)
      }
    }
    #expect(cases > 2_000)
  }

  @Test("No SMT sibling before every core has a thread")
  func siblings() throws {
    try forEachPlacement { unusual, policy, places, placement in
      guard policy.places == .cores && policy.bind != .compact || policy.bind == .scatter else { return }
      let perCore = Dictionary(grouping: placement.assignments, by: \.core).mapValues(\.count)
      let cores = Set(places.flatMap(\.pus).map(\.core))
      #expect(
        perCore.values.allSatisfy { $0 == 1 } || perCore.count == cores.count,
        "\(unusual): \(placement.threads) threads, \(policy)")
    }
  }

  /// OpenMP API 5.2, section 10.1.3: with T threads and P ≥ T places, `close` has thread i on place i, and `spread`
  /// divides the places into T parts of ⌊P/T⌋ or ⌈P/T⌉ neighbours, and has thread i on the first of part i. With more
  /// threads, every place has ⌊T/P⌋ or ⌈T/P⌉ of them, with consecutive numbers. Places that have fewer CPUs than that are full.
  @Test("Places are those that OpenMP defines")
  func openMP() throws {
    try forEachPlacement { unusual, policy, places, placement in
      guard policy.bind == .close || policy.bind == .spread else { return }
      let what: Comment = "\(unusual): \(placement.threads) threads, \(policy)"
      let (threads, count) = (placement.threads, places.count)
      let taken = placement.assignments.compactMap(\.place)
      if threads > count {
        #expect(taken == taken.sorted(), what)
        guard Set(places.map(\.pus.count)).count == 1 else { return }
        let shares = places.indices.map { place in taken.count { $0 == place } }
        #expect(shares.allSatisfy { $0 == threads / count || $0 == (threads + count - 1) / count }, what)
      } else if policy.bind == .close {
        #expect(taken == Array(0..<threads), what)
      } else {
        let parts = zip(taken, taken.dropFirst() + [count]).map { $1 - $0 }
        let sizes = [count / threads, (count + threads - 1) / threads]
        #expect(taken.first == 0 && parts.allSatisfy(sizes.contains), what)
      }
    }
  }

  @Test("Spread gives every object of every level its share of the threads, within one")
  func spread() throws {
    try forEachPlacement { unusual, policy, places, placement in
      guard policy.bind == .spread, placement.threads <= places.count else { return }
      for level in [\Machine.PU.package, \.numaNode, \.l3, \.coreKind] {
        for (object, members) in Dictionary(grouping: places.indices, by: { places[$0].pus[0][keyPath: level] }) {
          // Neighbours: a level that places do not follow in order has no share.
          guard members.count == (members.max() ?? 0) - (members.min() ?? 0) + 1 else { continue }
          let fair = Double(placement.threads * members.count) / Double(places.count)
          let count = placement.assignments.count { members.contains($0.place ?? -1) }
          #expect(
            abs(Double(count) - fair) < 1,
            "\(unusual): \(placement.threads) threads, \(policy), object \(object ?? -1): \(count), fair \(fair)")
        }
      }
    }
  }

  @Test("Spread keeps equal objects of every level within one of each other, also within places")
  func evenness() throws {
    var cases = 0
    try forEachPlacement { unusual, policy, places, placement in
      guard policy.bind == .spread, Set(places.map(\.pus.count)).count == 1 else { return }
      let pus = places.flatMap(\.pus)
      let taken = Set(placement.assignments.compactMap(\.cpu))
      for (name, level) in Self.levels(of: unusual.machine) {
        let objects = Dictionary(grouping: pus) { level[$0.osIndex] }
        // What is alike: as many cores with as many CPUs each.
        func shape(_ pus: [Machine.PU]) -> [Int] { Dictionary(grouping: pus, by: \.core).values.map(\.count).sorted() }
        guard objects[nil] == nil, Set(objects.values.map(shape)).count == 1 else { continue }
        cases += 1
        let counts = objects.values.map { members in members.count { taken.contains($0.osIndex) } }
        #expect(
          (counts.max() ?? 0) - (counts.min() ?? 0) <= 1,
          "\(unusual): \(placement.threads) threads, \(policy), \(name): \(counts)")
      }
    }
    #expect(cases > 1_000)
  }

  /// The objects of each level by CPU, from the machine's own lists.
  private static func levels(of machine: Machine) -> [(name: String, objects: [Int: Int])] {
    func byCPU(_ sets: [CPUSet]) -> [Int: Int] {
      sets.enumerated().reduce(into: [:]) { all, set in for cpu in set.element { all[cpu] = set.offset } }
    }
    let numa = Dictionary(machine.pus.compactMap { pu in pu.numaNode.map { (pu.osIndex, $0) } }) { first, _ in first }
    return [("package", byCPU(machine.packages.map(\.cpus))), ("NUMA node", numa)]
      + [4, 3, 2].map { level in ("L\(level)", byCPU(machine.caches.filter { $0.level == level }.map(\.cpus))) }
  }

  @Test("Scatter keeps the objects of every level within one of each other, but for full ones")
  func scatter() throws {
    try forEachPlacement { unusual, policy, places, placement in
      let cores = Set(places.flatMap(\.pus).map(\.core))
      guard policy.bind == .scatter, placement.threads <= cores.count else { return }
      let levels = Self.levels(of: unusual.machine).map(\.objects)
      let pus = places.flatMap(\.pus)
      // The outermost level is the one with the fewest objects.
      let objects = levels.map { level in Set(pus.compactMap { level[$0.osIndex] }).count }
      let outermostFirst = levels.indices.sorted { (objects[$0], $0) < (objects[$1], $1) }.map { levels[$0] }
      let seats = placement.assignments.compactMap { seat in pus.first { $0.osIndex == seat.cpu } }
      for depth in outermostFirst.indices {
        func path(_ pu: Machine.PU, _ levels: Int) -> [Int?] { outermostFirst.prefix(levels).map { $0[pu.osIndex] } }
        let sizes = Dictionary(grouping: pus, by: { path($0, depth + 1) }).mapValues { Set($0.map(\.core)).count }
        let counts = Dictionary(grouping: seats, by: { path($0, depth + 1) }).mapValues(\.count)
        for (parent, children) in Dictionary(grouping: sizes.keys, by: { Array($0.prefix(depth)) }) {
          let most = children.map { counts[$0, default: 0] }.max() ?? 0
          #expect(
            children.allSatisfy { counts[$0, default: 0] >= min(sizes[$0] ?? 0, most - 1) },
            "\(unusual): \(placement.threads) threads, \(policy), below \(parent)")
        }
      }
    }
  }

  @Test("The same hardware has the same answer, however the operating system numbers the CPUs")
  func renumbering() throws {
    for (multiplier, offset) in [(1, 100), (7, 3), (-1, 60)] {
      let number: (Int) -> Int = { cpu in multiplier < 0 ? offset - cpu : (multiplier * cpu + offset) % 1009 }
      let others = try Self.machines.get().map { $0.renumbered(number) }
      let names = try Self.machines.get().map(\.name)
      try forEachPlacement { unusual, policy, _, placement in
        // Once a policy is enough for small numbers of threads and for all of them.
        guard placement.threads % 3 == 1 || placement.threads == 2 else { return }
        let index = try #require(names.firstIndex(of: unusual.name))
        let other = try policy.resolve(threads: placement.threads, on: others[index])
        #expect(
          other.assignments.map(\.cpu) == placement.assignments.map { $0.cpu.map(number) },
          "\(unusual): \(placement.threads) threads, \(policy), CPU x is \(number(0)), \(number(1)) …")
        #expect(other.assignments.map(\.core) == placement.assignments.map(\.core))
      }
    }
  }

  @Test("Kinds of cores: one by one, and the fastest")
  func kinds() throws {
    let arm = try #require(try Self.machines.get().first { $0.name.hasPrefix("five") }).machine
    let sizes = [4, 3, 2, 2, 1]
    for (kind, size) in sizes.enumerated() {
      #expect(try PlacementPolicy(coreKinds: .index(kind)).capacity(on: arm) == size)
    }
    #expect(try PlacementPolicy(coreKinds: .fastest).resolve(threads: 1, on: arm).cpuList == "11")
    // Places of a level have the CPUs of that kind only.
    let policy = PlacementPolicy(places: .llCaches, coreKinds: .index(2))
    #expect(try policy.places(on: arm).map(\.cpus) == [[7, 8]])
  }

  @Test("Exact tables of machines with offline CPUs and control groups")
  func exact() throws {
    func list(_ name: String, _ threads: Int, _ policy: PlacementPolicy) throws -> String {
      let unusual = try #require(try Self.machines.get().first { $0.name == name })
      return try policy.resolve(threads: threads, on: unusual.machine).cpuList
    }
    // Cores 0 {0}, 1 {4, 6, 7}, 2 {8 … 11}, 4 {16 … 19} …: core 3 is gone.
    #expect(try list("offline siblings", 7, PlacementPolicy()) == "0 4 8 16 20 24 28")
    #expect(try list("offline siblings", 9, PlacementPolicy(smt: 4)) == "0 4 6 8 9 16 20 24 28")
    #expect(try list("six CPUs of 32", 6, PlacementPolicy()) == "1 2 3 9 10 30")
    #expect(try list("six CPUs of 32", 3, PlacementPolicy(bind: .scatter)) == "1 9 30")
    #expect(try list("KNL", 4, PlacementPolicy(places: .numaDomains)) == "0 8 16 24")
    #expect(try list("one CPU", 1, PlacementPolicy(places: .sockets, bind: .spread)) == "0")
  }
}
