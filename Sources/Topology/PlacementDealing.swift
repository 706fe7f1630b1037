/// A processing unit that a thread can take.
struct Seat {
  var pu: Machine.PU
  /// The index of its place.
  var place: Int
  /// How many processing units of the same core come before it: in its place for `close` and `spread`, in all places
  /// for `scatter`.
  var rank: Int
}

extension [Place] {
  /// All processing units, place by place, ranked over all places.
  var seats: [Seat] {
    let ranks = siblingRanks(flatMap(\.pus).sorted { $0.index < $1.index })
    return enumerated().flatMap { index, place in
      place.pus.map { Seat(pu: $0, place: index, rank: ranks[$0.osIndex, default: 0]) }
    }
  }
}

/// For each CPU, how many of the processing units before it are on the same core. One whose core is not known is
/// alone on it.
func siblingRanks(_ pus: [Machine.PU]) -> [Int: Int] {
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
  func grouped(by key: (Machine.PU) -> Int?) -> [Place] {
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

/// What a processing unit is below, as the policies see it.
struct Levels {
  /// The objects of each level by CPU, the outermost level first; a CPU may be below none.
  let outermostFirst: [[Int: Int]]

  /// The levels that divide the CPUs of `places`: packages, NUMA nodes, and data caches of every level.
  ///
  /// The outermost level is the one with the fewest objects: a NUMA node may hold packages, or a package nodes.
  init(_ places: [Place], on machine: Machine) {
    let pus = places.flatMap(\.pus)
    var levels = [\Machine.PU.package, \.numaNode].map { key in
      Dictionary(pus.compactMap { pu in pu[keyPath: key].map { (pu.osIndex, $0) } }, uniquingKeysWith: { $1 })
    }
    for level in Set(machine.caches.map(\.level)).sorted(by: >) {
      let caches = machine.caches.filter { $0.level == level }
      levels.append(
        Dictionary(caches.flatMap { cache in cache.cpus.map { ($0, cache.index) } }, uniquingKeysWith: { $1 }))
    }
    let counts = levels.map { level in Set(pus.compactMap { level[$0.osIndex] }).count }
    outermostFirst = levels.indices.sorted { (counts[$0], $0) < (counts[$1], $1) }.map { levels[$0] }
  }
}

/// `close` and `spread`: how many threads each place takes, then which of its CPUs they take; place by place, as OpenMP
/// numbers threads.
///
/// Every round gives each place that has a CPU left one thread; the last round has threads for some of them only, the
/// first ones for `close`, and evenly chosen ones for `spread`. With places of equal size this is thread i on place
/// ⌊i·P/T⌋ of `spread` for any T: place p gets ⌈(p+1)·T/P⌉ − ⌈p·T/P⌉ threads either way.
func dealt(_ places: [Place], threads: Int, apart levels: Levels?) -> [Seat] {
  let seats = places.enumerated().map { index, place in
    let ranks = siblingRanks(place.pus)
    let own = place.pus.map { Seat(pu: $0, place: index, rank: ranks[$0.osIndex, default: 0]) }
    if let levels { return scattered(own, levels) }
    // The first of every core before any sibling, in each place; siblings in places of their own are all first.
    return own.sorted { ($0.rank, $0.pu.index) < ($1.rank, $1.pu.index) }
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
      share[open[levels == nil ? i : i * open.count / taking]] += 1
    }
    left -= taking
    round += 1
  }
  return zip(seats, share).flatMap { own, count in (0..<count).map { own[$0 % own.count] } }
}

/// `compact` and `scatter`: the seats in turn, again from the first when they run out.
func cycled(_ seats: [Seat], threads: Int) -> [Seat] {
  (0..<threads).map { seats[$0 % seats.count] }
}

/// The seats dealt out over the objects of all levels in turn, all first processing units of cores before any second.
func scattered(_ seats: [Seat], _ levels: Levels) -> [Seat] {
  Set(seats.map(\.rank)).sorted().flatMap { rank in
    interleaved(seats.filter { $0.rank == rank }, levels: levels.outermostFirst[...])
  }
}

/// The seats of each object of the first level in turn, themselves interleaved by the levels below.
private func interleaved(_ seats: [Seat], levels: ArraySlice<[Int: Int]>) -> [Seat] {
  guard let level = levels.first, seats.count > 1 else { return seats }
  var order: [Int?] = []
  var groups: [Int?: [Seat]] = [:]
  for seat in seats {
    let key = level[seat.pu.osIndex]
    if groups[key] == nil { order.append(key) }
    groups[key, default: []].append(seat)
  }
  let queues = order.map { interleaved(groups[$0, default: []], levels: levels.dropFirst()) }
  let longest = queues.map(\.count).max() ?? 0
  return (0..<longest).flatMap { turn in
    queues.compactMap { $0.indices.contains(turn) ? $0[turn] : nil }
  }
}
