import Teams
import Topology

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A team on its placement, whose ceilings are measured.
public struct PeakSite: Sendable, Hashable {
  /// The kind of team.
  public let team: TeamKind
  /// Where its threads sit.
  public let placement: Placement

  /// A site.
  public init(_ team: TeamKind, _ placement: Placement) {
    self.team = team
    self.placement = placement
  }
}

/// When the ceilings of several teams are looked at, and which look counts.
///
/// Whatever disturbs a machine makes it slower, and comes in phases: samples that follow each other within milliseconds are
/// all disturbed, or none is. So each team is visited several times, the others in between, and the best visit counts, for
/// a ceiling is what can be reached. (With one visit each, a run had 248 GFLOP/s for two threads where one had 212.) Teams
/// that contradict each other are visited again, for a while; what contradicts then still is said.
struct PeakVisits {
  /// How often each team is visited, if that does not take too long.
  static let visits = 3
  /// How often those that contradict each other are visited once more.
  static let doubtfulVisits = 8
  /// Nanoseconds after which visits of either sort end; the first of each team is always made.
  static let patience: UInt64 = 2_000_000_000

  /// Of each team, how many cores its threads sit on; nil where that says nothing of what they should reach.
  let cores: [Int?]
  /// The present time in nanoseconds.
  var now: () -> UInt64 = monotonicNanoseconds
  /// Lets a disturbance pass.
  var pause: () -> Void = { usleep(200_000) }

  /// The ceilings of each team; those that were not visited before an interruption are left out.
  ///
  /// - Parameter visit: measures those of one team; nil if the run has been interrupted.
  func peaks(_ visit: (_ site: Int) throws -> Peaks?) rethrows -> [Peaks] {
    var found: [Peaks?] = Array(repeating: nil, count: cores.count)
    /// Whether there was no interruption.
    func look(_ sites: [Int]) throws -> Bool {
      for site in sites {
        guard let peaks = try visit(site) else { return false }
        found[site]?.keepBest(of: peaks)
        found[site] = found[site] ?? peaks
      }
      return true
    }
    var goesOn = true
    var start = now()
    for number in 0..<Self.visits where goesOn && (number == 0 || now() - start < Self.patience) {
      goesOn = try look(Array(cores.indices))
    }
    var doubts = Peaks.doubts(found, cores: cores)
    start = now()
    for _ in 0..<Self.doubtfulVisits where goesOn && !doubts.isEmpty && now() - start < Self.patience {
      pause()
      let teams = Set(doubts.keys.compactMap { found[$0]?.team })
      goesOn = try look(
        cores.indices.filter { site in
          // One thread alone may be what was disturbed.
          doubts[site] != nil || found[site].map { $0.threads == 1 && teams.contains($0.team) } ?? false
        })
      doubts = Peaks.doubts(found, cores: cores)
    }
    for (site, doubt) in doubts { found[site]?.doubt = doubt }
    return found.compactMap { $0 }
  }
}

extension PeakMeter {
  /// Measures every ceiling of each site, in several visits.
  ///
  /// - Throws: `TeamError` if a worker cannot be bound, `OutOfMemory`.
  public func measure(_ sites: [PeakSite]) throws -> [Peaks] {
    let teams = TeamPool(topology)
    return try measure(sites, { try teams.team($0.team, $0.placement) }, isInterrupted: { false })
  }

  /// Measures every ceiling of each site, in several visits, until the run is interrupted.
  func measure(
    _ sites: [PeakSite], _ team: (PeakSite) throws -> any Team, isInterrupted: () -> Bool
  ) throws -> [Peaks] {
    try PeakVisits(cores: sites.map { $0.placement.cores(on: topology.machine) }).peaks { site in
      isInterrupted() ? nil : try measure(try team(sites[site]), sites[site].placement)
    }
  }
}

extension Placement {
  /// How many cores the threads sit on; nil if they are not pinned, or the machine has cores of several kinds.
  func cores(on machine: Machine) -> Int? {
    let cpus = Set(assignments.compactMap(\.cpu))
    guard !cpus.isEmpty, Set(machine.eligiblePUs.map(\.coreKind)).count == 1 else { return nil }
    let pus = machine.pus.filter { cpus.contains($0.osIndex) }
    return Set(pus.compactMap(\.core)).count + pus.count { $0.core == nil }
  }
}

extension Peaks {
  /// Becomes the better of both in every ceiling: the higher rate, and the shorter fork-join.
  mutating func keepBest(of other: Peaks) {
    func higher(_ one: Quantity?, _ two: Quantity?) -> Quantity? {
      [one, two].compactMap { $0 }.max { $0.median < $1.median }
    }
    for (isa, quantity) in other.multiplyAdds { multiplyAdds[isa] = higher(multiplyAdds[isa], quantity) }
    for other in other.bandwidths {
      guard let index = bandwidths.firstIndex(where: { $0.level == other.level }) else {
        bandwidths.append(other)
        continue
      }
      bandwidths[index].read = higher(bandwidths[index].read, other.read)
      bandwidths[index].write = higher(bandwidths[index].write, other.write)
      bandwidths[index].triad = higher(bandwidths[index].triad, other.triad)
    }
    clock = higher(clock, other.clock)
    forkJoin = [forkJoin, other.forkJoin].compactMap { $0 }.min { $0.median < $1.median }
    rendezvousPercent = [rendezvousPercent, other.rendezvousPercent].compactMap { $0 }.max()
    timer = timer ?? other.timer
  }

  /// By how much multiply-adds of several threads may differ from those of as many cores that have one thread each.
  private static let tolerance = 0.1

  /// What contradicts itself among the ceilings of teams, by their place in `all`.
  ///
  /// Cores share no units for multiply-adds: n of them do n times what one does, less what their clocks are lower. Several
  /// threads that reach clearly less were disturbed, and one that reaches less than each of several was. A clock is measured
  /// as easily disturbed as they are: one below half excuses no more than half.
  ///
  /// - Parameter cores: how many cores the threads of each sit on; nothing is said of one where that is nil.
  static func doubts(_ all: [Peaks?], cores: [Int?]) -> [Int: String] {
    var doubts: [Int: String] = [:]
    for (site, peaks) in all.enumerated() {
      guard let peaks, peaks.threads > 1, let cores = cores[site] else { continue }
      let cpus = peaks.cpus.split(separator: " ")
      let singles = all.indices.filter { all[$0]?.threads == 1 && all[$0]?.team == peaks.team }
      guard let index = singles.first(where: { cpus.contains(all[$0]?.cpus[...] ?? "") }) ?? singles.first,
        let single = all[index]
      else { continue }
      var clock = 1.0
      if let one = single.clock?.median, let many = peaks.clock?.median { clock = min(1, max(0.5, many / one)) }
      for (isa, quantity) in peaks.multiplyAdds.sorted(by: { $0.key < $1.key }) {
        guard let one = single.multiplyAdds[isa]?.median, one > 0 else { continue }
        let part = quantity.median / (Double(cores) * one)
        let words =
          "\(isa) multiply-adds of \(peaks.threads) threads are \(Int((100 * part).rounded())) % of what their "
          + "\(cores == 1 ? "core" : "\(cores) cores") should reach by the ceiling of one thread"
        if part < (1 - tolerance) * clock { doubts[site] = doubts[site] ?? words }
        if part > 1 + tolerance { doubts[index] = doubts[index] ?? words }
      }
    }
    return doubts
  }
}
