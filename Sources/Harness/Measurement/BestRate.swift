import Statistics

/// The best burst rate of a team in the run so far: the 90th percentile. The highest one is an outlier, a boost of the
/// clock or of the clock's reading, that no sample can be held to.
struct BestRate {
  /// The rate, in the unit of those that were added; 0 before the first.
  private(set) var value = 0.0
  private var rates: [Double] = []
  private var nextUpdate = 1

  /// Adds the rate of a burst. The percentile follows each of the first ten rates, and then every tenth part more.
  mutating func add(_ rate: Double) {
    rates.append(rate)
    guard rates.count >= nextUpdate, let sample = OrderedSample(rates) else { return }
    value = sample.quantile(0.9)
    nextUpdate = rates.count * 11 / 10 + 1
  }
}
