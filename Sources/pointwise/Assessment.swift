import Harness
import Reports
import Results

/// How far a measurement can be trusted, and why: the columns `quality` and `notes`.
///
/// The first rule that applies decides:
/// 1. `oversubscribed`: threads share CPUs.
/// 2. `noisy`: fewer than six rounds are clean, so that all rounds count; or the interval is wider than the precision
///    that was asked for, or than ±5 % where every visit is precise, but visits differ; or in a quarter of the rounds or
///    more a worker was descheduled, migrated or lost time to the hypervisor; or in half of them or more it had slow
///    caches.
/// 3. `throttled`: in a quarter of the rounds or more the burst was slow.
/// 4. `valid`.
struct Assessment {
  let quality: Quality
  let notes: String

  /// The part of all rounds from which on taints decide.
  private static let tolerated = 0.25
  /// The same for slow caches. Such rounds are not clean, but many are as fast as others: the reading beside a sample is
  /// short, and a neighbour may leave the sample alone. In ten runs of `quick` on a noisy machine, 39 % of them were slower
  /// than their case's median by 4 %, and 15 % of the others.
  private static let toleratedContention = 0.5

  /// How far visits that are precise may differ, as the half width of the interval in percent. The clock of a shared
  /// machine is another every few seconds; `peak_pct`, whose bursts follow it, was within 4 points of itself on 95 % of the
  /// rows of ten runs.
  private static let toleratedDifference = 5.0

  init(_ measurement: Measurement, _ item: Case, precisionPercent: Double) {
    let samples = measurement.samples
    var remarks = ["stopped by \(measurement.stop.rawValue)"]
    var isNoisy = false
    if measurement.clean != nil && measurement.cleanCount < samples.count {
      remarks.append("median of all \(samples.count) rounds \(measurement.all.median) ns")
    }
    if measurement.clean == nil {
      isNoisy = true
      remarks.append("\(measurement.cleanCount) clean of \(samples.count) rounds are too few, all count")
    }
    if let width = measurement.summary.relativeHalfWidth {
      let limit = measurement.stop == .visits ? max(precisionPercent, Self.toleratedDifference) : precisionPercent
      if width * 100 > limit {
        isNoisy = true
        remarks.append("the interval is wider than ±\(limit) %")
      }
    } else {
      isNoisy = true
      remarks.append("\(measurement.summary.count) rounds are too few for a 95 % interval")
    }
    if let spread = measurement.visitSpread {
      remarks.append(
        "\(spread.degreesOfFreedom + 1) visits differ: ±\(Format.number(100 * spread.relativeHalfWidth)) %")
    }
    for taint in Taint.allCases {
      let count = samples.count { $0.taints.contains(taint) }
      if count > 0 { remarks.append("\(count) of \(samples.count) rounds \(taint.rawValue)") }
    }
    let delay = samples.reduce(0) { $0 + ($1.evidence.runDelay ?? 0) }
    if delay > 0 { remarks.append("run delay \(delay / 1000) µs") }

    let faults = samples.reduce(0) { $0 + ($1.evidence.pageFaults ?? 0) }
    if faults > 0 { remarks.append("\(faults) page faults") }
    remarks += Self.counters(measurement)

    let disturbed = samples.count { !$0.taints.isDisjoint(with: [.descheduled, .migrated, .stolen]) }
    let contended = samples.count { $0.taints.contains(.contended) }
    let slow = samples.count { $0.taints.contains(.slow) }
    let limit = Double(samples.count) * Self.tolerated
    if item.placement.oversubscribed {
      quality = .oversubscribed
      remarks.append("more threads than CPUs")
    } else if isNoisy || Double(disturbed) >= limit {
      quality = .noisy
      if !isNoisy { remarks.append("a quarter of the rounds or more were disturbed") }
    } else if Double(contended) >= Double(samples.count) * Self.toleratedContention {
      quality = .noisy
      remarks.append("in half of the rounds or more caches were slow")
    } else if Double(slow) >= limit {
      quality = .throttled
      remarks.append("in a quarter of the rounds or more the burst was slow")
    } else {
      quality = .valid
    }
    notes = remarks.joined(separator: "; ")
  }

  /// What hardware counters say of the samples, and why some say nothing although the machine has them.
  private static func counters(_ measurement: Measurement) -> [String] {
    var remarks: [String] = []
    if let rate = measurement.instructionsPerCycle {
      remarks.append("\(Format.number(rate)) instructions a cycle")
    }
    if let clock = measurement.countedClockGHz {
      remarks.append("\(Format.number(clock)) GHz by the cycle counter")
    }
    return remarks + measurement.counterFailures.map(\.description)
  }
}
