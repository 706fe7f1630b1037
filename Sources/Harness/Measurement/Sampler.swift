import Layers
import Statistics
import Teams

/// What can be executed against the clock, with evidence beside it.
protocol Timed: AnyObject {
  /// The best burst rate of its CPUs in the run so far, in FLOP a nanosecond.
  var bestRate: Double { get }
  /// Executes, and takes the time.
  func run(warmUp: Int, iterations: Int) throws -> TeamTiming
  /// Executes with a burst before it, and gives the times and the evidence.
  func observe(warmUp: Int, iterations: Int) throws -> (TeamTiming, Evidence)
}

/// One contestant of interleaved rounds: what is executed, and what was sampled of it.
class Sampler {
  /// What is executed; nil between visits.
  private var timed: (any Timed)?
  /// The best burst rate of its CPUs when it was last let go.
  private var rateBefore = 0.0
  var series: SampleSeries
  /// Executions before the clock starts.
  var warmUp = 1
  /// For every sample, how much longer the slowest worker computed than the mean of all, in percent.
  var imbalances: [Double] = []

  /// A contestant that is measured in `visits`, the first of which executes `timed`.
  init(_ timed: any Timed, _ stopRule: StopRule, visits: Int = 1) {
    self.timed = timed
    series = SampleSeries(stopRule, visits: visits)
  }

  private var bestRate: Double { timed?.bestRate ?? rateBefore }

  /// What is executed.
  ///
  /// - Precondition: a visit is going on.
  private func present() -> any Timed {
    guard let timed else { preconditionFailure("a contestant is measured during a visit") }
    return timed
  }

  /// Lets go of what is executed, with all its memory: the visit is over.
  func endVisit() {
    rateBefore = bestRate
    timed = nil
  }

  /// Begins the next visit, which executes `timed`: once, against no clock, for pages that nobody has touched yet.
  func beginVisit(_ timed: any Timed) throws {
    self.timed = timed
    series.beginVisit()
    series.spend(seconds: Double(try timed.run(warmUp: 0, iterations: 1).total) * 1e-9)
  }

  /// Why to stop after the last sample; nil to go on.
  var reasonToStop: StopRule.Reason? { series.reasonToStop(bestRate: bestRate) }
  /// Whether the visit has enough after the last sample.
  var isVisitOver: Bool { series.isVisitOver(bestRate: bestRate) }

  /// Chooses how many executions a sample has, so that it lasts long enough for the clock, and how it warms up.
  ///
  /// - Parameter target: how long a sample is to last at least, in nanoseconds.
  func calibrate(target: Double) throws {
    let timed = present()
    let (iterations, each) = try Calibration.repetitions(lasting: target, upTo: 1 << 24) { iterations in
      let timing = try timed.run(warmUp: 1, iterations: iterations)
      series.spend(seconds: Double(timing.total) * 1e-9)
      return timing.total
    }
    series.iterations = iterations
    // An execution that long brings its caches into its own state in its first moments.
    warmUp = each > 20e6 ? 0 : 1
  }

  /// Takes the sample of a round.
  ///
  /// - Returns: how long the timed region took, and the warm-up before it, in nanoseconds.
  @discardableResult
  func sample(round: Int, position: Int) throws -> (timed: Double, warmUp: Double) {
    let (timing, evidence) = try present().observe(warmUp: warmUp, iterations: series.iterations)
    series.append(
      .init(round: round, position: position, nanoseconds: timing.perIteration, evidence: evidence, taints: []),
      seconds: (Double(timing.total) + Double(warmUp) * timing.perIteration) * 1e-9)
    if timing.busy.count > 1 {
      let busy = timing.busy.map { Double($0) }
      let mean = busy.reduce(0, +) / Double(busy.count)
      if mean > 0 { imbalances.append((busy.max()! / mean - 1) * 100) }
    }
    return (Double(timing.total), Double(warmUp) * timing.perIteration)
  }

  /// What the samples amount to, of which there is at least one.
  func measurement(_ reason: StopRule.Reason) -> Measurement {
    series.measurement(reason, imbalancePercent: SampleSummary(imbalances)?.median, bestRate: bestRate)
  }
}

extension Array where Element: Sampler {
  /// Adds to each last sample what the hypervisor took from its CPUs during the round.
  ///
  /// - Parameters:
  ///   - before: nanoseconds stolen from each CPU until the round began.
  ///   - now: the same after it.
  func noteSteal(from before: [Int: Int64], to now: [Int: Int64]) {
    if now.isEmpty { return }
    for sampler in self {
      let cpus = Set(sampler.series.samples.last?.evidence.cpus ?? [])
      // Where the workers' CPUs are not known, neither is what was taken from them.
      if cpus.isEmpty { continue }
      sampler.series.noteSteal(cpus.reduce(0) { $0 + (now[$1] ?? 0) - (before[$1] ?? 0) })
    }
  }
}

extension FloatBuffer {
  /// Overwrites some elements with the poison, so that a case that stopped writing shows. All of them would take longer
  /// than a sample of many a layer.
  func poisonSome(_ generator: inout SeededGenerator) {
    if count == 0 { return }
    for _ in 0..<min(64, count) {
      pointer[Int.random(in: 0..<count, using: &generator)] = Float(bitPattern: Self.poison)
    }
  }
}
