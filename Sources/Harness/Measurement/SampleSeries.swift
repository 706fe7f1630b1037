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
  /// In how many visits the samples are taken.
  let visits: Int
  /// The present visit, from 0.
  private(set) var visit = 0

  init(_ stopRule: StopRule, visits: Int = 1) {
    self.stopRule = stopRule
    self.visits = visits
    nextLook = stopRule.part(0, of: visits).firstLook
  }

  /// Whether no visit follows the present one.
  var isLastVisit: Bool { visit == visits - 1 }

  /// Begins the next visit.
  ///
  /// - Precondition: the present one is not the last.
  mutating func beginVisit() {
    precondition(!isLastVisit, "more visits than there are to be")
    visit += 1
    // No fewer rounds than the visits before had on average: each is to have its say.
    nextLook = max(
      stopRule.part(visit, of: visits).firstLook, (samples.count * (visit + 1) + visit - 1) / visit)
  }

  /// Adds time that was spent on the case without a sample.
  mutating func spend(seconds: Double) { self.seconds += seconds }

  /// Adds the sample of a round, which took `seconds` with its warm-up.
  mutating func append(_ sample: Measurement.Sample, seconds: Double) {
    samples.append(sample)
    samples[samples.count - 1].visit = visit
    self.seconds += seconds
  }

  /// Notes what the hypervisor took during the round of the last sample, in nanoseconds.
  ///
  /// - Precondition: there is a sample.
  mutating func noteSteal(_ nanoseconds: Int64) { samples[samples.count - 1].evidence.steal = nanoseconds }

  /// Whether the present visit has enough after the last sample: the last one ends with the case, any other when the samples
  /// so far would do if the visits to come were like them.
  func isVisitOver(bestRate: Double) -> Bool {
    if isLastVisit { return reasonToStop(bestRate: bestRate) != nil }
    let rule = stopRule.part(visit, of: visits)
    if samples.count < rule.minimumRounds { return false }
    if seconds >= rule.maxTime { return true }
    if samples.count < nextLook { return false }
    // Fewer rounds have no interval yet. Disturbed ones are left to other visits: more of the same would not be better.
    if samples.count < stopRule.minimumRounds { return true }
    return rule.isPrecise(measurement(.precision, imbalancePercent: nil, bestRate: bestRate).within)
  }

  /// Why to stop after the last sample; nil to go on. The answer stays the same until the next sample, unless the sample's
  /// evidence changes.
  ///
  /// - Parameter bestRate: the run's best burst rate on the case's CPUs.
  func reasonToStop(bestRate: Double) -> StopRule.Reason? {
    let isTimeSpent = seconds >= stopRule.maxTime
    guard samples.count >= nextLook || isTimeSpent else { return nil }
    let measurement = measurement(.precision, imbalancePercent: nil, bestRate: bestRate)
    let reason = stopRule.reasonToStop(measurement.summary, within: measurement.within, seconds: seconds)
    // Rounds that were disturbed do not make a case precise: then it has its time.
    guard reason == .precision || reason == .visits, measurement.clean == nil else { return reason }
    return isTimeSpent ? .time : nil
  }

  /// Ends a round after which the case goes on.
  mutating func endRound() {
    if samples.count >= nextLook { nextLook = stopRule.part(visit, of: visits).look(after: samples.count) }
  }

  /// What the samples amount to at this moment; there is at least one.
  func measurement(
    _ stop: StopRule.Reason, imbalancePercent: Double?, bestRate: Double
  ) -> Measurement {
    var samples = samples
    let bestCache = OrderedSample(samples.compactMap(\.evidence.cacheRate))?.quantile(0.9) ?? 0
    for index in samples.indices {
      samples[index].taints = Taint.of(
        samples[index].evidence, nanoseconds: samples[index].nanoseconds * Double(iterations), best: bestRate,
        bestCache: bestCache)
    }
    return Measurement(
      samples, iterations: iterations, stop: stop, imbalancePercent: imbalancePercent,
      minimumClean: stopRule.minimumRounds)
  }
}
