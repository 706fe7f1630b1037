import Kernels
import Layers
import Synchronization
public import Teams
public import Topology

/// What a team's CPUs can do at most, measured on them.
public struct Peaks: Sendable, Hashable, Codable {
  /// The number of threads.
  public var threads: Int
  /// The kind of team.
  public var team: TeamKind
  /// The CPUs in the order of the threads, separated by spaces; empty if they are not pinned.
  public var cpus: String
  /// Multiply-adds in registers, by ISA.
  public var multiplyAdds: [String: Quantity]
  /// Bandwidths with the widest ISA, level by level.
  public var bandwidths: [Bandwidth]
  /// The time of a team's run with nothing to do, from the release to the last worker's end.
  public var forkJoin: Quantity?
  /// The part of those runs in which every worker took part at the same time, in percent.
  public var rendezvousPercent: Double?
  /// The clock of the cores, from a chain of dependent additions.
  public var clock: Quantity?
  /// What the clock that measured all this can tell apart; nil if it was not looked at.
  public var timer: ClockCheck?
  /// What makes these ceilings doubtful, as the middle of a sentence; nil if they agree with those of other teams.
  public var doubt: String?

  /// The bandwidth of one level, all workers together.
  public struct Bandwidth: Sendable, Hashable, Codable {
    /// The level.
    public var level: MemoryLevel
    /// Bytes of each worker's buffers.
    public var bytesPerWorker: Int
    /// Adding up a buffer, as one stream or as four at once, whichever is faster.
    public var read: Quantity?
    /// Filling a buffer with ordinary stores; what the caches read to do so is not counted.
    public var write: Quantity?
    /// STREAM's triad, three arrays of a third each; counted as STREAM does: two reads and a write an element.
    public var triad: Quantity?
  }

  /// The read bandwidth of a level, in GB/s.
  public func readBandwidth(_ level: MemoryLevel) -> Double? {
    bandwidths.first { $0.level == level }?.read?.median
  }
}

/// Measures ``Peaks``.
public struct PeakMeter {
  let topology: HwlocTopology
  private let probes: [ProbeSet]
  private let samples: Int

  /// A meter for the machine of `topology`, which must be this system, with the probes of all ISAs that it executes.
  ///
  /// - Parameter samples: of each ceiling, at least six for an interval.
  public init(_ topology: HwlocTopology, _ catalog: Catalog, samples: Int = 15) {
    self.topology = topology
    probes = catalog.probes
    self.samples = samples
  }

  /// How long each sample lasts at least, in nanoseconds.
  private static let sampleDuration = 3e5
  /// How often rounds are counted anew if samples turn out to be too short.
  private static let calibrations = 3

  /// Measures every ceiling of a team on a placement.
  ///
  /// - Throws: `TeamError` if a worker cannot be bound, `OutOfMemory`.
  public func measure(_ kind: TeamKind, _ placement: Placement) throws -> Peaks {
    try measure(try TeamPool(topology).team(kind, placement), placement)
  }

  /// Measures every ceiling of `team`, which sits on `placement`.
  func measure(_ team: any Team, _ placement: Placement) throws(OutOfMemory) -> Peaks {
    var peaks = Peaks(
      threads: team.threads, team: type(of: team).kind, cpus: placement.cpuList, multiplyAdds: [:], bandwidths: [])
    let sinks = try Sinks(team.threads)
    for probe in probes {
      let flops = Double(team.threads * probe.flopsPerRound)
      peaks.multiplyAdds[probe.isa.rawValue] = quantity(team, unit: "GFLOP/s", perRound: flops) { worker, rounds in
        probe.multiplyAdds(rounds, sinks.pointer(worker))
      }
    }
    if let probe = probes.last {
      peaks.clock = quantity(team, unit: "GHz", perRound: 2) { worker, rounds in
        probe.chain(rounds, sinks.pointer(worker))
      }
      let sets = WorkingSets(placement, topology.machine)
      for level in MemoryLevel.allCases {
        guard let bytes = sets.bytesPerWorker(level) else { continue }
        peaks.bandwidths.append(try bandwidth(team, probe, level, bytes, sinks))
      }
    }
    (peaks.forkJoin, peaks.rendezvousPercent) = forkJoin(team)
    peaks.timer = ClockCheck.measure()
    return peaks
  }

  /// The read bandwidth alone, of buffers of some size, in GB/s, from a few short samples.
  func readBandwidth(_ team: any Team, bytesPerWorker bytes: Int) throws(OutOfMemory) -> Double? {
    guard let probe = probes.last else { return nil }
    let sinks = try Sinks(team.threads)
    let buffers = try Buffers(team, floats: wholeFloats(bytes, parts: 1))
    return read(team, probe, buffers, sinks, samples: 5)?.median
  }

  // MARK: Samples

  /// Measures what `body` does, `perRound` units a round, all workers together, per nanosecond.
  private func quantity(
    _ team: any Team, unit: String, perRound: Double, samples: Int? = nil,
    _ body: @escaping @Sendable (_ worker: Int, _ rounds: Int) -> Void
  ) -> Quantity? {
    func time(_ rounds: Int) -> UInt64 { team.run(warmUp: 0, iterations: 1) { body($0, rounds) }.total }
    var values: [Double] = []
    for _ in 0..<Self.calibrations {
      let (rounds, _) = Calibration.repetitions(lasting: Self.sampleDuration, time)
      let times = (0..<(samples ?? self.samples)).map { _ in Double(max(1, time(rounds))) }
      values = times.map { perRound * Double(rounds) / $0 }
      // A thread that lost its CPU for milliseconds meanwhile makes too few rounds look like enough, and samples are of
      // fork and join alone: 0.3 GFLOP/s were seen where there are 120.
      if times.min() ?? 0 >= Self.sampleDuration / 4 { break }
    }
    return Quantity(values, unit: unit)
  }

  private func bandwidth(
    _ team: any Team, _ probe: ProbeSet, _ level: MemoryLevel, _ bytes: Int, _ sinks: Sinks
  ) throws(OutOfMemory) -> Peaks.Bandwidth {
    let floats = wholeFloats(bytes, parts: 3)
    let buffers = try Buffers(team, floats: floats)
    let third = floats / 3
    var result = Peaks.Bandwidth(level: level, bytesPerWorker: floats * 4)
    result.read = read(team, probe, buffers, sinks, samples: samples)
    result.write = quantity(team, unit: "GB/s", perRound: Double(team.threads * floats * 4)) { worker, rounds in
      for _ in 0..<rounds { probe.write(buffers.pointer(worker), floats) }
    }
    result.triad = quantity(team, unit: "GB/s", perRound: Double(team.threads * third * 12)) { worker, rounds in
      let a = buffers.pointer(worker)
      for _ in 0..<rounds { probe.triad(a, a + third, a + 2 * third, third) }
    }
    return result
  }

  private func read(
    _ team: any Team, _ probe: ProbeSet, _ buffers: Buffers, _ sinks: Sinks, samples: Int
  ) -> Quantity? {
    let floats = buffers.floats
    // The ceiling is that of the better pattern.
    return [false, true].compactMap { inFourStreams in
      quantity(team, unit: "GB/s", perRound: Double(team.threads * floats * 4), samples: samples) { worker, rounds in
        probe.read(buffers.pointer(worker), floats, rounds, inFourStreams, sinks.pointer(worker))
      }
    }.max { $0.median < $1.median }
  }

  /// Floats in `bytes`, a multiple of what every probe's loop takes at a time in each of `parts` arrays.
  private func wholeFloats(_ bytes: Int, parts: Int) -> Int {
    let step = ProbeSet.readStep * parts
    return max(step, bytes / 4 / step * step)
  }

  /// The time of a run with nothing to do, and how often all workers met in it.
  ///
  /// In every run a worker waits until all have come, for a limited time: a team that lets one thread do several
  /// workers' parts one after the other cannot meet, and must not wait for ever.
  private func forkJoin(_ team: any Team) -> (Quantity?, Double?) {
    let empty = (0..<samples).map { _ in team.run(warmUp: 10, iterations: 200) { _ in }.perIteration }
    let meeting = Meeting(threads: team.threads)
    let runs = 200
    for _ in 0..<runs {
      meeting.begin()
      _ = team.run(warmUp: 0, iterations: 1) { _ in meeting.attend() }
    }
    return (Quantity(empty, unit: "ns"), 100 * Double(meeting.complete) / Double(runs))
  }
}

/// Counts how often all workers of a team were inside the same step at once.
private final class Meeting: Sendable {
  private let threads: Int
  private let present = Atomic<Int>(0)
  private let met = Atomic<Int>(0)
  private let meetings = Atomic<Int>(0)

  init(threads: Int) { self.threads = threads }

  /// Meetings in which nobody was missing.
  var complete: Int { meetings.load(ordering: .acquiring) }

  func begin() {
    present.store(0, ordering: .releasing)
    met.store(0, ordering: .releasing)
  }

  /// Waits for the others, but no longer than 200 µs.
  func attend() {
    present.add(1, ordering: .acquiringAndReleasing)
    let deadline = monotonicNanoseconds() + 200_000
    while present.load(ordering: .acquiring) < threads {
      if monotonicNanoseconds() > deadline { return }
    }
    if met.add(1, ordering: .acquiringAndReleasing).newValue == threads {
      meetings.add(1, ordering: .acquiringAndReleasing)
    }
  }
}

/// A buffer for each worker, first touched by it.
///
/// `@unchecked Sendable`: every worker uses its own buffer.
private final class Buffers: @unchecked Sendable {
  let floats: Int
  private var holders: [SharedBuffer] = []

  init(_ team: any Team, floats: Int) throws(OutOfMemory) {
    self.floats = floats
    for _ in 0..<team.threads { holders.append(try SharedBuffer(count: floats)) }
    let pointers = holders.map { UInt(bitPattern: $0.buffer.pointer) }
    _ = team.run(warmUp: 0, iterations: 1) { worker in
      // Ones, so that reading and triad see ordinary numbers.
      UnsafeMutablePointer<Float>(bitPattern: pointers[worker])?.update(repeating: 1, count: floats)
    }
  }

  func pointer(_ worker: Int) -> UnsafeMutablePointer<Float> { holders[worker].buffer.pointer }
}

/// Where each worker's probes leave their results, a cache line apart.
///
/// `@unchecked Sendable`: every worker writes its own line.
private final class Sinks: @unchecked Sendable {
  private let buffer: FloatBuffer
  init(_ threads: Int) throws(OutOfMemory) { buffer = try FloatBuffer(count: threads * 32) }
  func pointer(_ worker: Int) -> UnsafeMutablePointer<Float> { buffer.pointer + worker * 32 }
}
