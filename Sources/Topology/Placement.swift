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
    let kinds = try coreKinds.indices(on: machine)
    let ofKind = eligible.filter { pu in kinds.map { pu.coreKind.map($0.contains) ?? false } ?? true }
    if case .list(let sets) = places {
      return try listed(sets, eligible: machine.eligible, ofKind: ofKind)
    }

    let ranks = siblingRanks(ofKind)
    let taking = ofKind.filter { ranks[$0.osIndex, default: 0] < smt }
    let found: [Place]
    switch places {
    case .threads, .list: found = taking.map { Place(pus: [$0]) }
    case .cores: found = taking.grouped(by: \.core)
    case .llCaches: found = taking.grouped(by: \.l3)
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
    let pus = ofKind.filter { named.contains($0.osIndex) }
    for core in pus.grouped(by: \.core) where core.pus.count > smt {
      throw .tooManyOfOneCore(cpus: core.cpus, smt: smt)
    }
    return found
  }

  /// Resolves the policy: deterministic, and in hwloc's logical order wherever there is a choice.
  ///
  /// A thread gets one CPU of its place. Threads that share a place take its CPUs in turn, the first of every core
  /// before any sibling. With more threads than places:
  /// - `close` fills the places evenly, neighbouring threads in one place, but gives every core one thread before any
  ///   core a second.
  /// - `spread` keeps to place ⌊i·P/T⌋, as long as the places have CPUs left.
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
    case .close: seats = dealt(places, threads: threads, spread: false)
    case .spread: seats = dealt(places, threads: threads, spread: true)
    case .compact: seats = cycled(places.seats, threads: threads)
    case .scatter: seats = cycled(scattered(places.seats), threads: threads)
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
    if smt < siblings {
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

// MARK: - Dealing

/// A processing unit that a thread can take.
private struct Seat {
  var pu: Machine.PU
  /// The index of its place.
  var place: Int
  /// How many processing units of the same core come before it: in its place for `close` and `spread`, in all places
  /// for `scatter`.
  var rank: Int
}

extension [Place] {
  /// All processing units, place by place, ranked over all places.
  fileprivate var seats: [Seat] {
    let ranks = siblingRanks(flatMap(\.pus).sorted { $0.index < $1.index })
    return enumerated().flatMap { index, place in
      place.pus.map { Seat(pu: $0, place: index, rank: ranks[$0.osIndex, default: 0]) }
    }
  }
}

/// For each CPU, how many of the processing units before it are on the same core. One whose core is not known is
/// alone on it.
private func siblingRanks(_ pus: [Machine.PU]) -> [Int: Int] {
  var taken: [Int: Int] = [:]
  var ranks: [Int: Int] = [:]
  for pu in pus {
    guard let core = pu.core else { continue }
    ranks[pu.osIndex] = taken[core, default: 0]
    taken[core, default: 0] += 1
  }
  return ranks
}

extension [Machine.PU] {
  /// A place for each value of the key, in the order of their first processing units. Those without a value are in
  /// no place.
  fileprivate func grouped(by key: (Machine.PU) -> Int?) -> [Place] {
    var order: [Int: Int] = [:]
    var places: [Place] = []
    for pu in self {
      guard let value = key(pu) else { continue }
      if let index = order[value] {
        places[index].pus.append(pu)
      } else {
        order[value] = places.count
        places.append(Place(pus: [pu]))
      }
    }
    return places
  }
}

/// `close` and `spread`: how many threads each place takes, then which of its CPUs they take.
///
/// Every round gives each place that has a CPU left one thread; the last round has threads for some of them only, the
/// first ones for `close`, and evenly chosen ones for `spread`. With places of equal size this is thread i on place
/// ⌊i·P/T⌋ for any T: place p gets ⌈(p+1)·T/P⌉ − ⌈p·T/P⌉ threads either way.
private func dealt(_ places: [Place], threads: Int, spread: Bool) -> [Seat] {
  // The first of every core before any sibling, in each place; siblings in places of their own are all first.
  let seats = places.enumerated().map { index, place in
    let ranks = siblingRanks(place.pus)
    return place.pus.map { Seat(pu: $0, place: index, rank: ranks[$0.osIndex, default: 0]) }
      .sorted { ($0.rank, $0.pu.index) < ($1.rank, $1.pu.index) }
  }
  let sizes = places.map(\.pus.count)
  let capacity = sizes.reduce(0, +)
  var share = sizes.map { $0 * (threads / capacity) }
  var left = threads % capacity
  var round = 0
  while left > 0 {
    let open = sizes.indices.filter { sizes[$0] > round }
    let taking = min(left, open.count)
    for i in 0..<taking {
      share[open[spread ? i * open.count / taking : i]] += 1
    }
    left -= taking
    round += 1
  }

  var dealt: [(seat: Seat, lap: Int)] = []
  for (place, count) in share.enumerated() {
    let own = seats[place]
    for i in 0..<count { dealt.append((own[i % own.count], i / own.count)) }
  }
  guard !spread else { return dealt.map(\.seat) }
  // Stable: by place within a rank.
  return dealt.enumerated().sorted {
    ($0.element.lap, $0.element.seat.rank, $0.offset) < ($1.element.lap, $1.element.seat.rank, $1.offset)
  }.map(\.element.seat)
}

/// `compact` and `scatter`: the seats in turn, again from the first when they run out.
private func cycled(_ seats: [Seat], threads: Int) -> [Seat] {
  (0..<threads).map { seats[$0 % seats.count] }
}

/// `scatter`: the seats dealt out over packages, NUMA nodes and L3 caches in turn, all first processing units of cores
/// before any second.
private func scattered(_ seats: [Seat]) -> [Seat] {
  let levels: [(Machine.PU) -> Int?] = [\.package, \.numaNode, \.l3]
  // The outermost level is the one with the fewest objects: a NUMA node may hold packages, or a package nodes.
  let outermostFirst = levels.enumerated()
    .map { (offset: $0, level: $1, objects: Set(seats.map { [level = $1] in level($0.pu) }).count) }
    .sorted { ($0.objects, $0.offset) < ($1.objects, $1.offset) }
    .map(\.level)
  let ranks = Set(seats.map(\.rank)).sorted()
  return ranks.flatMap { rank in
    interleaved(seats.filter { $0.rank == rank }, levels: outermostFirst[...])
  }
}

/// The seats of each object of the first level in turn, themselves interleaved by the levels below.
private func interleaved(_ seats: [Seat], levels: ArraySlice<(Machine.PU) -> Int?>) -> [Seat] {
  guard let level = levels.first else { return seats }
  var order: [Int?] = []
  var groups: [Int?: [Seat]] = [:]
  for seat in seats {
    let key = level(seat.pu)
    if groups[key] == nil { order.append(key) }
    groups[key, default: []].append(seat)
  }
  let queues = order.map { interleaved(groups[$0, default: []], levels: levels.dropFirst()) }
  let longest = queues.map(\.count).max() ?? 0
  return (0..<longest).flatMap { turn in
    queues.compactMap { $0.indices.contains(turn) ? $0[turn] : nil }
  }
}
