import Foundation
import Testing
import Topology

@Suite("Placement")
struct PlacementTests {
  /// Every policy that the machine can have, with its capacity.
  static func policies(on machine: Machine) -> [(policy: PlacementPolicy, capacity: Int)] {
    var result: [(PlacementPolicy, Int)] = []
    for places in PlacementPolicy.Places.levels {
      for bind in PlacementPolicy.Bind.allCases {
        // More than a core has is the same as all that it has.
        let siblings = machine.cores.map(\.cpus.count).max() ?? 1
        for smt in [1, 2, 4] where smt <= siblings {
          let policy = PlacementPolicy(places: places, bind: bind, smt: smt)
          if let capacity = try? policy.capacity(on: machine) { result.append((policy, capacity)) }
        }
      }
    }
    return result
  }

  @Test("Properties that hold for every machine, policy and number of threads")
  func properties() throws {
    var cases = 0
    for machine in try Machines.all() {
      for (policy, capacity) in Self.policies(on: machine) {
        for threads in 1...capacity {
          cases += 1
          try check(policy.resolve(threads: threads, on: machine), threads: threads, machine: machine)
        }
      }
    }
    #expect(cases > 3_000)
  }

  private func check(_ placement: Placement, threads: Int, machine: Machine) throws {
    let policy = placement.policy
    let what: Comment = "\(threads) threads, \(policy), on \(machine.origin), mask \(machine.processMask ?? [])"
    let seats = placement.assignments
    #expect(seats.map(\.thread) == Array(0..<threads), what)
    #expect(!placement.oversubscribed, what)
    #expect(try policy.resolve(threads: threads, on: machine) == placement, what)
    if policy.bind == .none {
      #expect(seats.allSatisfy { $0.cpu == nil && $0.placeCPUs == machine.eligible }, what)
      #expect(placement.cpuList.isEmpty, what)
      return
    }

    let cpus = seats.compactMap(\.cpu)
    #expect(cpus.count == threads && Set(cpus).count == threads, what)
    #expect(CPUSet(cpus).isSubset(of: machine.eligible), what)
    #expect(placement.cpuList == cpus.map(String.init).joined(separator: " "), what)
    let consistent = seats.allSatisfy { seat in
      guard let cpu = seat.cpu, let pu = machine.pu(cpu: cpu) else { return false }
      return seat.core == pu.core && seat.l3 == pu.l3 && seat.numaNode == pu.numaNode && seat.package == pu.package
        && seat.coreKind == pu.coreKind && seat.placeCPUs.contains(cpu)
    }
    #expect(consistent, what)
    let perCore = Dictionary(grouping: seats, by: \.core).mapValues(\.count)
    #expect(perCore.values.allSatisfy { $0 <= policy.smt ?? 1 }, what)

    // Everything below is about order, and counted in places, not in the operating system's numbers.
    let places = try policy.places(on: machine)
    let cores = Set(machine.eligiblePUs.map(\.core))
    let taken = seats.compactMap(\.place)
    switch policy.bind {
    case .close:
      if threads <= places.count { #expect(taken == Array(0..<threads), what) }
    case .spread:
      let even = Set(places.map(\.pus.count)).count == 1
      if threads <= places.count || even {
        #expect(taken == (0..<threads).map { $0 * places.count / threads }, what)
      }
      #expect(taken == taken.sorted(), what)
      // Even within one, but for places that are full.
      let shares = places.indices.map { place in taken.count { $0 == place } }
      let most = shares.max() ?? 0
      #expect(zip(shares, places).allSatisfy { $0 >= most - 1 || $0 == $1.pus.count }, what)
    case .compact:
      let logical = cpus.compactMap { machine.pu(cpu: $0)?.index }
      #expect(logical == logical.sorted(), what)
    case .scatter:
      // No package ahead of another by more than one, but for those that are full.
      if threads <= cores.count {
        let packages = Dictionary(grouping: seats, by: \.package).mapValues(\.count)
        let sizes = Dictionary(grouping: Set(places.flatMap(\.pus)), by: \.package)
          .mapValues { Set($0.map(\.core)).count }
        let most = packages.values.max() ?? 0
        let outermost = Set(machine.eligiblePUs.map(\.package)).count <= Set(machine.eligiblePUs.map(\.numaNode)).count
        #expect(
          !outermost || sizes.allSatisfy { packages[$0.key, default: 0] >= min($0.value, most - 1) }, what)
      }
    case .none: break
    }
    if policy.places == .cores && policy.bind != .compact || policy.bind == .scatter {
      // No SMT sibling before every core has a thread.
      let withOne = Set(seats.map(\.core))
      #expect(perCore.values.allSatisfy { $0 == 1 } || withOne == cores, what)
    }
  }

  @Test(
    "Exact tables",
    arguments: [
      // Logical neighbours are numbered 0,6,1,7,…: placement must not follow the numbers.
      (6, "package:2 l3:1 core:3 pu:2(indexes=0,6,1,7,2,8,3,9,4,10,5,11)", "cores", "close", 2, "0 1 2 3 4 5"),
      (8, "package:2 l3:1 core:3 pu:2(indexes=0,6,1,7,2,8,3,9,4,10,5,11)", "cores", "close", 2, "0 6 1 7 2 3 4 5"),
      (4, "package:2 l3:1 core:3 pu:2(indexes=0,6,1,7,2,8,3,9,4,10,5,11)", "cores", "compact", 2, "0 6 1 7"),
      (3, "package:2 l3:1 core:3 pu:2(indexes=0,6,1,7,2,8,3,9,4,10,5,11)", "threads", "close", 2, "0 6 1"),
      (8, "package:2 l3:1 core:3 pu:2(indexes=0,6,1,7,2,8,3,9,4,10,5,11)", "cores", "scatter", 2, "0 3 1 4 2 5 6 9"),
      (4, "package:2 core:3 pu:1(indexes=0,2,4,1,3,5)", "cores", "close", 1, "0 2 4 1"),
      (4, "package:2 core:3 pu:1(indexes=0,2,4,1,3,5)", "cores", "spread", 1, "0 2 1 3"),
      (4, "package:2 core:4 pu:2", "sockets", "close", 1, "0 2 8 10"),
      (2, "package:2 core:4 pu:2", "sockets", "close", 1, "0 8"),
      (4, "numa:2 package:2 l3:1 core:2 pu:1", "cores", "scatter", 1, "0 4 2 6"),
      (8, "package:2 numa:4 core:2 pu:2", "numa-domains", "spread", 1, "0 4 8 12 16 20 24 28"),
      (3, "package:2 l3:4 core:3 pu:2", "ll-caches", "close", 1, "0 6 12"),
      (2, "package:2 core:4 pu:2", "{9},{1-2}", "close", 1, "9 1"),
      (3, "package:2 core:4 pu:2", "{9},{1-2}", "close", 1, "9 1 2"),
      (3, "package:2 core:4 pu:2", "14,2,0", "compact", 1, "0 2 14"),
      (3, "package:2 core:4 pu:2", "14,2,0", "close", 1, "14 2 0"),
      (2, "package:2 core:4 pu:2", "cores(4)", "spread", 1, "0 4"),
      (4, "package:2 core:4 pu:2", "sockets(1)", "close", 1, "0 2 4 6"),
      (4, "package:2 l3:2 core:4 pu:2", "sockets", "spread", 1, "0 8 16 24"),
      (4, "package:1 l2:4 core:2 pu:2", "cores", "scatter", 1, "0 4 8 12"),
      (5, "package:1 l2:4 core:2 pu:2", "ll-caches", "close", 1, "0 2 4 8 12"),
    ])
  func exact(
    threads: Int, description: String, places: String, bind: String, smt: Int, expected: String
  ) throws {
    let policy = try PlacementPolicy(places: .init(places), bind: .init(bind), smt: smt)
    let placement = try policy.resolve(threads: threads, on: Machines.machine(description))
    #expect(placement.cpuList == expected)
  }

  @Test("Kinds: the fastest, one by index, none that is not there")
  func coreKinds() throws {
    let hybrid = Machines.hybrid()
    let fastest = PlacementPolicy(coreKinds: .fastest)
    #expect(try fastest.resolve(threads: 6, on: hybrid).cpuList == "0 2 4 6 8 10")
    #expect(try PlacementPolicy(coreKinds: .index(0)).capacity(on: hybrid) == 8)
    #expect(try fastest.capacity(on: Machines.machine("package:1 core:8 pu:1")) == 8)
    // The fast kind is masked out: the slow one is the fastest left, and the other index has nothing.
    let small = Machines.masked(hybrid, CPUSet(12..<16))
    #expect(try fastest.capacity(on: small) == 4)
    #expect(throws: PlacementError.unknownCoreKind("#1", available: "#0")) {
      try PlacementPolicy(coreKinds: .index(1)).capacity(on: small)
    }
    #expect(throws: PlacementError.unrankedCoreKinds(available: "#0, #1")) {
      try fastest.capacity(on: Machines.hybrid(efficiencies: [nil, nil]))
    }
  }

  @Test("More threads than CPUs: an error that says what to do, or wrapped and marked")
  func oversubscription() throws {
    let machine = try Machines.machine("package:2 core:2 pu:2")
    let error = #expect(throws: PlacementError.self) { try PlacementPolicy().resolve(threads: 5, on: machine) }
    let text = try #require(error).description
    for word in ["--threads '5'", "at most 4", "--smt 2 for 8", "--oversubscribe wrap"] {
      #expect(text.contains(word), "\(text)")
    }
    for bind in PlacementPolicy.Bind.allCases {
      let policy = PlacementPolicy(bind: bind, oversubscription: .wrap)
      #expect(try !policy.resolve(threads: 4, on: machine).oversubscribed)
      let placement = try policy.resolve(threads: 11, on: machine)
      #expect(placement.oversubscribed && placement.threads == 11)
      if bind != .none {
        let loads = Dictionary(grouping: placement.assignments, by: \.cpu).mapValues(\.count)
        #expect(loads.count == 4 && loads.values.allSatisfy { $0 == 2 || $0 == 3 }, "\(bind): \(loads)")
      }
    }
    for threads in [0, -1, PlacementPolicy.maximumThreads + 1] {
      #expect(throws: PlacementError.invalidThreadCount(threads)) {
        try PlacementPolicy(oversubscription: .wrap).resolve(threads: threads, on: machine)
      }
    }
  }

  @Test(
    "A missing level is an error that names what there is",
    arguments: [
      ("package:2 core:2 pu:2", "ll-caches"), ("package:2 pu:2", "cores"), ("core:2 pu:2", "sockets"),
    ])
  func missingLevel(description: String, places: String) throws {
    let machine = try Machines.machine(description)
    let policy = try PlacementPolicy(places: .init(places))
    #expect(throws: PlacementError.missingLevel(places: places, inventory: machine.inventory)) {
      try policy.resolve(threads: 1, on: machine)
    }
    var without = Machines.hybrid()
    without.pus = without.pus.map { Machine.PU(index: $0.index, osIndex: $0.osIndex, core: $0.core) }
    without.numaNodes = []
    #expect(throws: PlacementError.missingLevel(places: "numa-domains", inventory: without.inventory)) {
      try PlacementPolicy(places: .numaDomains).capacity(on: without)
    }
    #expect(without.inventory.contains("no NUMA nodes"))
  }

  @Test("Nothing eligible is an error")
  func nothingEligible() throws {
    let machine = Machines.masked(try Machines.machine("core:2 pu:1"), [7])
    #expect(throws: PlacementError.nothingEligible(allowed: [0, 1], processMask: [7])) {
      try PlacementPolicy().resolve(threads: 1, on: machine)
    }
  }

  @Test("An explicit list is taken as it stands, or refused")
  func lists() throws {
    let machine = try Machines.machine("package:2 core:4 pu:2")
    func capacity(_ list: String, smt: Int? = nil, on machine: Machine) throws -> Int {
      try PlacementPolicy(places: .init(list), smt: smt).capacity(on: machine)
    }
    #expect(throws: PlacementError.cpuNotEligible(cpu: 16, eligible: CPUSet(0..<16))) {
      try capacity("{0},{16}", on: machine)
    }
    #expect(throws: PlacementError.cpuListedTwice(cpu: 2)) { try capacity("{0,2},{2,4}", on: machine) }
    #expect(throws: PlacementError.tooManyOfOneCore(cpus: [2, 3], smt: 1)) {
      try capacity("{2},{3}", smt: 1, on: machine)
    }
    #expect(try capacity("{2},{3}", smt: 2, on: machine) == 2)
    // Without a word about SMT, a list is its own.
    #expect(try capacity("{2},{3}", on: machine) == 2)
    #expect(throws: PlacementError.tooFewPlaces(places: "sockets(3)", count: 2)) {
      try capacity("sockets(3)", on: machine)
    }
    #expect(throws: PlacementError.cpuNotOfCoreKind(cpu: 12, coreKind: "fastest")) {
      try PlacementPolicy(places: .init("0,12"), coreKinds: .fastest).capacity(on: Machines.hybrid())
    }
  }
}

@Suite("Words of the command line")
struct PlacementWordTests {
  @Test(
    "Lists of places",
    arguments: [
      ("{0},{2},{4-5}", "{0},{2},{4-5}"), ("{0,1}", "{0-1}"), ("{0:4}", "{0-3}"), ("{0:4:2}", "{0,2,4,6}"),
      ("{0:2}:3:4", "{0-1},{4-5},{8-9}"), ("{0}:2,{7}", "{0},{1},{7}"), ("0,2,4-5", "{0},{2},{4},{5}"),
      ("cores", "cores"), ("ll-caches", "ll-caches"), ("cores(4)", "cores(4)"), (" sockets ( 2 ) ", "sockets(2)"),
      ("4,2,0", "{4},{2},{0}"), ("0-6:2,7", "{0},{2},{4},{6},{7}"), (" 0 , 4 - 5 ", "{0},{4},{5}"),
      ("{0:8,!3}", "{0-2,4-7}"), ("{0:2}:4:2,!{2,3}", "{0-1},{4-5},{6-7}"), ("{6}:3:-2", "{6},{4},{2}"),
      ("{3:4:-1}", "{0-3}"), (" { 0 : 2 } : 2 : 4 , { 9 } ", "{0-1},{4-5},{9}"),
    ])
  func places(text: String, expected: String) throws {
    let places = try PlacementPolicy.Places(text)
    #expect(places.description == expected)
    #expect(try PlacementPolicy.Places(expected) == places)
  }

  @Test(
    "Malformed words are refused in a sentence that quotes them",
    arguments: [
      "", "core", "Cores", "{", "{}", "{0", "{0}}", "{0},", "{0}{1}", "{a}", "{-1}", "{3-1}", "{0:0}", "{0}:0", "0,,1",
      "0-", "0 2", "{0 1}", "{0}:2:-1", "{1:3:-1}", "{!0}", "{0,!0}", "{0},!{1}", "{0},!{0}", "0-6:0", "0:2",
      "cores(0)",
      "cores(", "cores(2", "cores(2))", "cores()", "cores(-1)", "{0:99999999}", "{0}:99999999",
      "{9223372036854775806:2}", "{0:2:9223372036854775807}", "0-99999999999",
    ])
  func malformed(text: String) throws {
    let error = #expect(throws: PlacementError.self) { try PlacementPolicy.Places(text) }
    #expect(try #require(error).description.hasPrefix("--places '\(text)' "))
    #expect(throws: PlacementError.self) { try PlacementPolicy.CoreKinds(text) }
    #expect(throws: PlacementError.self) { try PlacementPolicy.Bind(text) }
    #expect(throws: PlacementError.self) { try PlacementPolicy.Oversubscription(text) }
    #expect(throws: PlacementError.self) { try ThreadCounts(text) }
  }

  @Test("Numbers of threads")
  func threadCounts() throws {
    #expect(try ThreadCounts("1,2,4").counts(capacity: 8) == [1, 2, 4])
    #expect(try ThreadCounts("all").counts(capacity: 8) == [8])
    #expect(try ThreadCounts("4,1,all,4").counts(capacity: 4) == [4, 1])
    #expect(ThreadCounts.oneAndAll.counts(capacity: 1) == [1])
    #expect(try ThreadCounts("1,all").description == "1,all")
    for text in ["0", "-1", "1,0", "1.5", "two", "1,", "65537", "99999999999999999999"] {
      #expect(throws: PlacementError.self, "\(text)") { try ThreadCounts(text) }
    }
  }

  @Test("A policy and a placement survive encoding")
  func codes() throws {
    let policy = try PlacementPolicy(places: .init("{0},{2-3}"), bind: .spread, smt: 2, coreKinds: .index(1))
    let placement = try PlacementPolicy(places: .llCaches, bind: .spread).resolve(threads: 3, on: Machines.hybrid())
    let coder = JSONEncoder()
    #expect(try JSONDecoder().decode(PlacementPolicy.self, from: coder.encode(policy)) == policy)
    #expect(try JSONDecoder().decode(Placement.self, from: coder.encode(placement)) == placement)
  }
}
