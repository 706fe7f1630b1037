import Layers
import RealModule

@testable import Harness

/// Times that one execution might take on a machine that is made of random numbers, round by round.
///
/// The scale is the noise's; the undisturbed median is known exactly.
struct SimulatedTimes {
  enum Kind: String, CaseIterable {
    /// Gaussian.
    case normal
    /// A sharp lower end and a long upper one.
    case skewed
    /// Six of ten rounds in a fast mode, four in one that is two scales slower.
    case bimodal
    /// Pareto with α = 1.5 above the fastest time: no variance.
    case heavy
    /// Gaussian with rounds of Cauchy's distribution among them: no mean.
    case wild
    /// An autoregressive Gaussian series of order one, φ = 0.2.
    case correlated
  }

  let kind: Kind
  let scale: Double
  let phi: Double
  private var state: Double
  var generator: SeededGenerator

  init(_ kind: Kind, scale: Double, phi: Double = 0.2, seed: UInt64, stream: UInt64) {
    self.kind = kind
    self.scale = scale
    self.phi = phi
    generator = SeededGenerator(seed: seed, stream: stream)
    state = generator.normal()
  }

  /// The median of the times.
  var median: Double {
    switch kind {
    case .normal, .wild, .correlated: 1
    case .skewed: 1 + scale * Double.log(2)
    // The fast mode's quantile of 5/6: z = 0.967 422.
    case .bimodal: 1 + 0.2 * scale * 0.967_422
    case .heavy: 1 + scale * (Double.pow(2, 1 / 1.5) - 1)
    }
  }

  /// The time of the next round.
  mutating func next() -> Double {
    switch kind {
    case .normal: return 1 + scale * generator.normal()
    case .skewed: return 1 - scale * Double.log(generator.uniform())
    case .bimodal:
      let mode = generator.uniform() < 0.6 ? 0.0 : 2
      return 1 + scale * (mode + 0.2 * generator.normal())
    case .heavy: return 1 + scale * (Double.pow(generator.uniform(), -1 / 1.5) - 1)
    case .wild:
      let isWild = generator.uniform() < 0.2
      let noise = isWild ? Double.tan(.pi * (generator.uniform() - 0.5)) : generator.normal()
      // A time is positive, however wild.
      return max(0.01, 1 + scale * noise)
    case .correlated:
      defer { state = phi * state + (1 - phi * phi).squareRoot() * generator.normal() }
      return 1 + scale * state
    }
  }
}

extension SeededGenerator {
  /// Uniform in (0, 1).
  mutating func uniform() -> Double { (Double(next() >> 11) + 0.5) * 0x1p-53 }

  /// Standard normal, by Box and Muller.
  mutating func normal() -> Double {
    (-2 * Double.log(uniform())).squareRoot() * Double.cos(2 * .pi * uniform())
  }
}

/// A session's rounds on a simulated clock: the real series, stop rule and taints, and no thread.
struct SimulatedSession {
  /// A sample takes a millisecond.
  static let sample = 1e6

  private(set) var series: [SampleSeries]
  private(set) var stopped: [StopRule.Reason?]
  private var best = BestRate()

  init(variants: Int, _ rule: StopRule) {
    series = Array(repeating: SampleSeries(rule), count: variants)
    stopped = Array(repeating: nil, count: variants)
  }

  /// Measures until every variant's rule is satisfied. `round` gives each variant's time, where 1 is a millisecond, and
  /// what is seen beside it.
  mutating func run(_ round: (_ round: Int, _ variant: Int) -> (time: Double, evidence: Evidence)) {
    var number = 0
    while stopped.contains(nil) {
      for variant in series.indices {
        let (time, evidence) = round(number, variant)
        if stopped[variant] != nil { continue }
        best.add(evidence.peak)
        series[variant].append(
          .init(round: number, position: variant, nanoseconds: time * Self.sample, evidence: evidence, taints: []),
          seconds: time * Self.sample * 1e-9)
      }
      for variant in series.indices where stopped[variant] == nil {
        stopped[variant] = series[variant].reasonToStop(bestRate: best.value)
        if stopped[variant] == nil { series[variant].endRound() }
      }
      number += 1
    }
  }

  /// What a variant's samples amount to.
  func measurement(_ variant: Int) -> Measurement {
    series[variant].measurement(stopped[variant] ?? .time, imbalancePercent: nil, bestRate: best.value)
  }
}

extension Evidence {
  /// A quiet machine.
  static let quiet = Evidence(
    peak: 100, burstNanoseconds: 3e4, clockGHz: 4, runDelay: 0, involuntarySwitches: 0, migrations: 0, cpus: [0],
    steal: 0, cacheRate: 50)
}
