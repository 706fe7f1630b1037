import Layers
import Teams
import Topology

/// The ceilings of a run: those measured before it on every placement, and bandwidths measured anew beside the layers
/// that are limited by them.
final class Ceilings {
  fileprivate struct Key: Hashable {
    let team: TeamKind
    let cpus: String
    let threads: Int

    init(_ team: TeamKind, _ placement: Placement) {
      self.team = team.witness
      cpus = placement.cpuList
      threads = placement.threads
    }
  }

  private let meter: PeakMeter
  private let machine: Machine
  private var peaks: [Key: Peaks] = [:]

  /// Bandwidths that were measured beside one layer, in all its visits.
  struct Recent {
    /// The best read bandwidth of each.
    fileprivate var best: [Reading: Double] = [:]
    /// Those that were measured at this moment of the layer.
    fileprivate var measured: Set<Reading> = []

    /// Says that some time has passed: what is measured from now on is measured once more.
    mutating func expire() { measured = [] }
  }

  /// What a read bandwidth is of: a hot layer's buffers may lie in part in the caches before their level.
  fileprivate struct Reading: Hashable {
    let key: Key
    let level: MemoryLevel
    let isHot: Bool
  }

  init(_ meter: PeakMeter, _ machine: Machine) {
    self.meter = meter
    self.machine = machine
  }

  /// Measures the ceilings of the teams and placements of `cases`, until the run is interrupted.
  func measure(_ cases: [Case], _ teams: TeamPool, isInterrupted: () -> Bool) throws {
    var keys: Set<Key> = []
    let sites = cases.filter { keys.insert(Key($0.team, $0.placement)).inserted }.map {
      PeakSite($0.team, $0.placement)
    }
    let found = try meter.measure(
      sites, { try teams.team($0.team, $0.placement) }, isInterrupted: isInterrupted)
    for (site, peaks) in zip(sites, found) { self.peaks[Key(site.team, site.placement)] = peaks }
  }

  /// All that were measured before the run.
  var all: [Peaks] {
    peaks.values.sorted { ($0.team.rawValue, $0.threads, $0.cpus) < ($1.team.rawValue, $1.threads, $1.cpus) }
  }

  /// Measures the bandwidth that limits `layer` once more, so that the roofline is of this moment.
  ///
  /// A layer that cannot be limited by bandwidth needs no measurement, and cases of one team share theirs. The best one of a
  /// layer counts: bandwidth that is shared with neighbours comes and goes, and a ceiling is what can be reached.
  func refresh(_ layer: Layer, _ item: Case, on team: any Team, _ recent: inout Recent) throws(OutOfMemory) {
    let key = Key(item.team, item.placement)
    guard let known = peaks[key], let peak = known.multiplyAdds[item.contender.probeISA.rawValue]?.median,
      let roofline = roofline(layer, item, peak: peak, recent), roofline.bound != nil
    else { return }
    let reading = Reading(key: key, level: roofline.level, isHot: item.cache == .hot)
    let sets = WorkingSets(item.placement, machine)
    let bytes =
      reading.isHot
      ? sets.bytesPerWorker(roofline.level, hot: layer.leastBytes) : sets.bytesPerWorker(roofline.level)
    guard recent.measured.insert(reading).inserted, let bytes,
      let rate = try meter.readBandwidth(team, bytesPerWorker: bytes)
    else { return }
    recent.best[reading] = max(rate, recent.best[reading] ?? 0)
  }

  /// The roofline of a case under the `peak` of the bursts beside it; nil if its bandwidth is not known.
  ///
  /// - Parameter paired: what its weights gave beside its samples, in GB/s, which then counts in place of a ceiling; nil if
  ///   they were not read.
  func roofline(
    _ layer: Layer, _ item: Case, peak: Double, paired: Double? = nil, _ recent: Recent
  ) -> Roofline? {
    let key = Key(item.team, item.placement)
    return Roofline(layer, item.cache, peak: peak, sets: WorkingSets(item.placement, machine)) { level in
      if let paired { return paired }
      // The better of the two: both are ceilings that were reached.
      let reading = Reading(key: key, level: level, isHot: item.cache == .hot)
      return [peaks[key]?.readBandwidth(level), recent.best[reading]].compactMap { $0 }.max()
    }
  }
}
