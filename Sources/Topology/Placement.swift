/// Which thread sits where: a ``PlacementPolicy`` resolved for a number of threads on a ``Machine``.
public struct Placement: Hashable, Sendable, Codable {
  /// One thread's seat. All indices but the CPUs' are hwloc's logical ones.
  public struct Assignment: Hashable, Sendable, Codable {
    /// The thread, from 0.
    public var thread: Int
    /// The OS CPU to bind the thread to, or nil when it is not pinned.
    public var cpu: Int?
    /// The index of its place among the policy's places, or nil when it is not pinned.
    public var place: Int?
    /// All CPUs of its place that take part; all eligible CPUs when it is not pinned.
    public var placeCPUs: CPUSet
    /// The CPU's core, or nil when there is none to tell.
    public var core: Int?
    /// The CPU's L3 cache, or nil when there is none to tell.
    public var l3: Int?
    /// The CPU's NUMA node, or nil when there is none to tell.
    public var numaNode: Int?
    /// The CPU's package, or nil when there is none to tell.
    public var package: Int?
    /// The CPU's core kind, or nil when there is none to tell.
    public var coreKind: Int?
  }

  /// The policy that was resolved.
  public var policy: PlacementPolicy
  /// A seat for each thread, in the order of the threads.
  public var assignments: [Assignment]
  /// Whether there are more threads than CPUs that the policy may use, so that threads share CPUs.
  public var oversubscribed: Bool

  /// The number of threads.
  public var threads: Int {
    assignments.count
  }

  /// The OS CPUs in the order of the threads, separated by spaces, such as `0 2 4`; a CPU that threads share is named for
  /// each of them. Empty when the threads are not pinned.
  public var cpuList: String { assignments.compactMap(\.cpu).map(String.init).joined(separator: " ") }
}

/// CPUs that threads are dealt to: a processing unit, a core, an L3 group … or an entry of an explicit list.
public struct Place: Hashable, Sendable, Codable {
  /// The processing units of the place that take part, in hwloc's logical order; never empty.
  public var pus: [Machine.PU]

  /// Their OS CPUs.
  public var cpus: CPUSet {
    CPUSet(pus.map(\.osIndex))
  }
}

extension PlacementPolicy {
  /// How many threads the policy can place on the machine without two on one CPU.
  ///
  /// - Throws: ``PlacementError`` when the machine lacks what the policy asks for.
  public func capacity(on machine: Machine) throws(PlacementError) -> Int {
    try places(on: machine).reduce(0) { $0 + $1.pus.count }
  }

  /// The places that the policy finds on the machine: only CPUs that are eligible and of the core kinds asked for, at
  /// most ``smt`` of a core.
  ///
  /// - Throws: ``PlacementError`` when the machine lacks what the policy asks for.
  public func places(on machine: Machine) throws(PlacementError) -> [Place] {
    let eligible = machine.eligiblePUs
    guard !eligible.isEmpty else {
      throw .nothingEligible(allowed: machine.allowed, processMask: machine.processMask)
    }
    if case .first(let count, let level) = places {
      var all = self
      all.places = level
      let found = try all.places(on: machine)
      guard count <= found.count else {
        throw .tooFewPlaces(places: places.description, count: found.count)
      }
      return Array(found.prefix(count))
    }
    let kinds = try coreKinds.indices(on: machine)
    let ofKind = eligible.filter { pu in kinds.map { pu.coreKind.map($0.contains) ?? false } ?? true }
    if case .list(let sets) = places {
      return try listed(sets, eligible: machine.eligible, ofKind: ofKind)
    }

    let ranks = siblingRanks(ofKind)
    let taking = ofKind.filter { ranks[$0.osIndex, default: 0] < smt ?? 1 }
    let found: [Place]
    switch places {
    case .threads, .list, .first: found = taking.map { Place(pus: [$0]) }
    case .cores: found = taking.grouped(by: \.core)
    case .llCaches:
      let caches = machine.lastLevelCaches
      found = taking.grouped { pu in caches.firstIndex { $0.cpus.contains(pu.osIndex) } }
    case .numaDomains: found = taking.grouped(by: \.numaNode)
    case .sockets: found = taking.grouped(by: \.package)
    }
    guard !found.isEmpty else {
      throw .missingLevel(places: places.description, inventory: machine.inventory)
    }
    return found
  }

  /// The places of an explicit list. What it names and the policy's other words leave out is an error: a CPU that
  /// silently dropped out would give a row that is not what was asked for.
  private func listed(
    _ sets: [CPUSet], eligible: CPUSet, ofKind: [Machine.PU]
  ) throws(PlacementError) -> [Place] {
    var named = CPUSet()
    var found: [Place] = []
    for set in sets {
      for cpu in set {
        guard eligible.contains(cpu) else { throw .cpuNotEligible(cpu: cpu, eligible: eligible) }
        guard named.insert(cpu).inserted else { throw .cpuListedTwice(cpu: cpu) }
        guard ofKind.contains(where: { $0.osIndex == cpu }) else {
          throw .cpuNotOfCoreKind(cpu: cpu, coreKind: coreKinds.description)
        }
      }
      found.append(Place(pus: ofKind.filter { set.contains($0.osIndex) }))
    }
    guard let smt else { return found }
    let pus = ofKind.filter { named.contains($0.osIndex) }
    for core in pus.grouped(by: \.core) where core.pus.count > smt {
      throw .tooManyOfOneCore(cpus: core.cpus, smt: smt)
    }
    return found
  }

  /// Resolves the policy: deterministic, and in hwloc's logical order wherever there is a choice.
  ///
  /// A thread gets one CPU of its place. Threads that share a place are neighbours and take its CPUs in turn, the first of
  /// every core before any sibling; those of `spread` far apart in it, too. With more threads than places, every place has
  /// ⌊T/P⌋ or ⌈T/P⌉ of them, as OpenMP has it (API 5.2, section 10.1.3), as long as the places have CPUs left.
  ///
  /// `compact` and `scatter` look at the CPUs of all places. `none` pins nothing, and has the same capacity as the
  /// policy that it is the control of.
  ///
  /// - Throws: ``PlacementError`` when the machine lacks what the policy asks for, or there are more threads than CPUs
  ///   and ``oversubscription`` does not allow that.
  public func resolve(threads: Int, on machine: Machine) throws(PlacementError) -> Placement {
    guard 1...Self.maximumThreads ~= threads else { throw .invalidThreadCount(threads) }
    let places = try places(on: machine)
    let capacity = places.reduce(0) { $0 + $1.pus.count }
    guard threads <= capacity || oversubscription == .wrap else {
      throw .tooManyThreads(
        threads: threads, capacity: capacity, policy: description, remedies: remedies(capacity: capacity, machine))
    }

    let seats: [Seat]
    switch bind {
    case .none:
      let eligible = machine.eligible
      let assignments = (0..<threads).map { Placement.Assignment(thread: $0, placeCPUs: eligible) }
      return Placement(policy: self, assignments: assignments, oversubscribed: threads > capacity)
    case .close: seats = dealt(places, threads: threads, apart: nil)
    case .spread: seats = dealt(places, threads: threads, apart: Levels(places, on: machine))
    case .compact: seats = cycled(places.seats.sorted { $0.pu.index < $1.pu.index }, threads: threads)
    case .scatter: seats = cycled(scattered(places.seats, Levels(places, on: machine)), threads: threads)
    }
    let placeCPUs = places.map(\.cpus)
    let assignments = seats.enumerated().map { thread, seat in
      Placement.Assignment(
        thread: thread, cpu: seat.pu.osIndex, place: seat.place, placeCPUs: placeCPUs[seat.place],
        core: seat.pu.core, l3: seat.pu.l3, numaNode: seat.pu.numaNode, package: seat.pu.package,
        coreKind: seat.pu.coreKind)
    }
    return Placement(policy: self, assignments: assignments, oversubscribed: threads > capacity)
  }

  /// What the user can do about too many threads, apart from asking for fewer.
  private func remedies(capacity: Int, _ machine: Machine) -> [String] {
    var remedies: [String] = []
    var wider = self
    // What may be tried is asked of the policy itself; where that is an error too, there is nothing to advise.
    let siblings = machine.eligiblePUs.grouped(by: \.core).map(\.pus.count).max() ?? 1
    if smt ?? 1 < siblings {
      wider.smt = siblings
      if let more = try? wider.capacity(on: machine), more > capacity {
        remedies.append("--smt \(siblings) for \(more)")
      }
    }
    remedies.append("--oversubscribe wrap")
    return remedies
  }
}

extension PlacementPolicy.CoreKinds {
  /// The kinds that take part, or nil for every CPU whatever its kind.
  fileprivate func indices(on machine: Machine) throws(PlacementError) -> Set<Int>? {
    let eligible = machine.eligible
    let kinds = machine.coreKinds.filter { !$0.cpus.isDisjoint(with: eligible) }
    let available = kinds.isEmpty ? "none" : kinds.map { "#\($0.index)" }.joined(separator: ", ")
    switch self {
    case .all:
      return nil
    case .index(let index):
      guard kinds.contains(where: { $0.index == index }) else {
        throw .unknownCoreKind(description, available: available)
      }
      return [index]
    case .fastest:
      guard kinds.count > 1 else { return nil }
      let ranked = kinds.compactMap(\.efficiency)
      guard ranked.count == kinds.count, let best = ranked.max() else {
        throw .unrankedCoreKinds(available: available)
      }
      return Set(kinds.filter { $0.efficiency == best }.map(\.index))
    }
  }
}
