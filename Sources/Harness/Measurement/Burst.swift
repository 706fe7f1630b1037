import Kernels
import Teams

/// A short run of multiply-adds, and of dependent additions, on one worker: what its core can do at this moment.
///
/// It is taken next to every sample, on the same workers, so that a percentage of the peak is a ratio of two things
/// measured side by side: a slow machine slows both.
struct Burst: Sendable {
  /// FLOP of the multiply-adds.
  let flops: Double
  /// Cycles of the dependent additions.
  let cycles: Double

  /// The loops of its ISA.
  let probes: ProbeSet
  private let rounds: Int
  private let chainRounds: Int

  /// How long the multiply-adds last, in nanoseconds: long enough for the clock, short next to a sample.
  private static let duration = 30e3
  /// Dependent additions: about 5 µs.
  private static let chainLength = 10_000

  /// What one worker's burst took, in nanoseconds.
  struct Timing: Sendable {
    var multiplyAdds: UInt64 = 0
    var chain: UInt64 = 0
  }

  /// A burst of an ISA's multiply-adds, of the right length for this machine.
  init(_ probes: ProbeSet) {
    self.probes = probes
    chainRounds = Self.chainLength
    cycles = 2 * Double(chainRounds)
    var sink: Float = 0
    rounds =
      Calibration.repetitions(lasting: Self.duration, from: 1000) { rounds in
        let start = monotonicNanoseconds()
        probes.multiplyAdds(rounds, &sink)
        return monotonicNanoseconds() - start
      }.count
    flops = Double(rounds * probes.flopsPerRound)
  }

  /// Runs it on the calling thread.
  func run() -> Timing {
    var sink: Float = 0
    let start = monotonicNanoseconds()
    probes.chain(chainRounds, &sink)
    let middle = monotonicNanoseconds()
    probes.multiplyAdds(rounds, &sink)
    return Timing(multiplyAdds: monotonicNanoseconds() - middle, chain: middle - start)
  }
}
