import Statistics

/// The samples of one case while it is measured, and whether they are enough.
///
/// It knows neither the clock nor the threads: times and evidence are handed to it, by a session that measures them or by
/// a test that simulates them.
struct SampleSeries {
  var stopRule: StopRule
  /// Executions of the layer in one sample.
  var iterations = 1
  private(set) var samples: [Measurement.Sample] = []
  /// The time that was spent on the case.
  private(set) var seconds = 0.0
  /// The number of samples at which the interval is looked at next.
  private var nextLook: Int

  init(_ stopRule: StopRule) {
    self.stopRule = stopRule
    nextLook = stopRule.firstLook
  }

  /// Adds time that was spent on the case without a sample.
  mutating func spend(seconds: Double) { self.seconds += seconds }

  /// Adds the sample of a round, which took `seconds` with its warm-up.
  mutating func append(_ sample: Measurement.Sample, seconds: Double) {
    samples.append(sample)
    self.seconds += seconds
  }

  /// Notes what the hypervisor took during the round of the last sample, in nanoseconds.
  ///
  /// - Precondition: there is a sample.
  mutating func noteSteal(_ nanoseconds: Int64) { samples[samples.count - 1].evidence.steal = nanoseconds }

  /// Why to stop after the last sample; nil to go on. The answer stays the same until the next sample, unless the sample's
  /// evidence changes.
  ///
  /// - Parameter bestRate: the run's best burst rate on the case's CPUs.
  func reasonToStop(bestRate: Double) -> StopRule.Reason? {
    let isTimeSpent = seconds >= stopRule.maxTime
    guard samples.count >= nextLook || isTimeSpent else { return nil }
    let measurement = measurement(.precision, imbalancePercent: nil, bestRate: bestRate)
    let reason = stopRule.reasonToStop(measurement.summary, seconds: seconds)
    // Rounds that were disturbed do not make a case precise: then it has its time.
    guard reason == .precision && measurement.clean == nil else { return reason }
    return isTimeSpent ? .time : nil
  }

  /// Ends a round after which the case goes on.
  mutating func endRound() {
    if samples.count >= nextLook { nextLook = stopRule.look(after: samples.count) }
  }

  /// What the samples amount to at this moment; there is at least one.
  func measurement(
    _ stop: StopRule.Reason, imbalancePercent: Double?, bestRate: Double
  ) -> Measurement {
    var samples = samples
    for index in samples.indices {
      samples[index].taints = Taint.of(
        samples[index].evidence, nanoseconds: samples[index].nanoseconds * Double(iterations), best: bestRate)
    }
    return Measurement(
      samples, iterations: iterations, stop: stop, imbalancePercent: imbalancePercent,
      minimumClean: stopRule.minimumRounds)
  }
}
