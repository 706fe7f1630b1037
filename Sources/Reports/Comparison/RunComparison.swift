import RealModule
public import Results
import Statistics

/// Compares two runs: the same cases, measured apart from one another.
///
/// Three things differ between two runs of one build, and no interval within a run knows of them. The clock of the day:
/// a row that computing limits is compared by time × rate of the bursts beside its samples, on CPUs of one kind. The
/// place of buffers in memory, which a process keeps: it may make any single row slower, but not most rows of a kernel.
/// So it is the rows of a kernel together that tell whether its code is slower; where they do, each row is judged by its
/// own interval, and a row that differs alone has to differ by more than single rows were seen to. And what limits rows
/// by bandwidth, for which few rows have such a witness: their floor is wider.
///
/// Tried on pairs of runs of one build: comparing raw times takes the noise of the naive kernel from 1.6 % to 5.7 %, for
/// 95 % of its rows; one floor for each row calls 5 % of the rows of two equal builds different, at any floor that still
/// finds a kernel that is 5 % slower.
public struct RunComparison {
  /// What decides how runs are compared.
  public struct Options: Sendable {
    /// The noise floor in percent; nil to measure it.
    public var thresholdPercent: Double?
    /// Whether the difference of the clocks is taken out.
    public var adjustsClock = true

    /// The defaults.
    public init() {}
  }

  /// What rows of one code, run in one way, share.
  private struct Key: Hashable {
    var kernel: String
    var isa: String
    var team: String
    /// nil for any.
    var threads: Int?
    var places: String
    var bind: String
    var cache: String
    var isCompute: Bool

    init(_ row: Row) {
      kernel = row.replica.kernel
      isa = row.isa
      team = row.team
      threads = row.threads
      places = row.places
      bind = row.bind
      cache = row.cache
      isCompute = !row.isBoundByBandwidth
    }

    /// The same on any number of threads.
    var onAnyThreads: Key {
      var key = self
      key.threads = nil
      return key
    }

    func name(_ others: [Key]) -> String {
      func varied(_ path: KeyPath<Key, String>) -> String? {
        Set(others.map { $0[keyPath: path] }).count > 1 ? self[keyPath: path] : nil
      }
      return [
        kernel, isa, varied(\.team), threads.map { Format.count($0, "thread") } ?? "any threads", varied(\.places),
        varied(\.bind), varied(\.cache),
        isCompute ? nil : "limited by bandwidth",
      ].compactMap { $0 }.joined(separator: ", ")
    }
  }

  /// The pairs of one key.
  private struct Group {
    var key: Key
    var pairs: [Pair]
    var median: RatioEstimate?
    var verdict: Verdict?

    init(_ key: Key, _ pairs: [Pair]) {
      self.key = key
      self.pairs = pairs
      median = medianRatio(pairs.compactMap { $0.ratio?.value })
    }
  }

  private struct Pair {
    var a: Row
    var b: Row
    var ratio: RatioEstimate?
    /// Why there is no ratio.
    var problem = ""
  }

  /// Compares `b` with the baseline `a`.
  ///
  /// - Parameter names: what to call the two.
  public static func compare(
    _ b: RunFolder.Contents, with a: RunFolder.Contents, names: (run: String, baseline: String), _ options: Options
  ) -> Comparison {
    let isSameCPU = RunDifference.haveSameCPU(a.manifest, b.manifest)
    let adjusts = options.adjustsClock && isSameCPU
    let others = Dictionary(b.rows.map { ($0.caseKey, $0) }) { first, _ in first }
    let keys = Set(a.rows.map(\.caseKey))
    let pairs = a.rows.compactMap { row in others[row.caseKey].map { pair(row, $0, adjusts) } }
    let judged = pairs.filter { $0.ratio != nil }
    var groups = judged.grouped { Key($0.a) }.map { Group(Key($0[0].a), $0) }
    let floor = floor(a, b, groups, options)
    // Those of a kernel on all numbers of threads: more rows, which tell smaller differences.
    groups += groups.grouped(by: \.key.onAnyThreads).filter { $0.count > 1 }
      .map { Group($0[0].key.onAnyThreads, $0.flatMap(\.pairs)) }
    judge(&groups, floor)
    let verdicts = Dictionary(uniqueKeysWithValues: groups.map { ($0.key, $0.verdict) })

    let rows = pairs.map { pair -> ComparedRow in
      var item = ComparedCase(pair.b, baseline: names.baseline, reason: pair.problem)
      item.baselineTime = pair.a.timeMedian
      if let a = pair.a.timeMedian, let b = pair.b.timeMedian, a > 0 { item.timeRatio = b / a }
      let key = Key(pair.a)
      let own = (key.isCompute ? floor.rowPercent : floor.bandwidthPercent) / 100
      let ofKernel = [verdicts[key] ?? nil, verdicts[key.onAnyThreads] ?? nil]
      let isWithOthers = pair.ratio.map { ofKernel.contains($0.value > 1 ? .slower : .faster) } ?? false
      if isWithOthers {
        return ComparedRow(item: item, ratio: pair.ratio, floor: min(own, floor.sharedPercent / 100))
      }
      return ComparedRow(
        item: item, ratio: pair.ratio, floor: own, margin: 1 + floor.alonePercent / 100,
        doubt: ofKernel.contains { $0 != nil }
          ? "differs alone: measure again" : "too few rows of its kernel to tell code from memory")
    }
    let means = pairs.compactMap(\.ratio)
    let only =
      a.rows.filter { others[$0.caseKey] == nil }.map { ComparedCase($0, baseline: names.baseline, side: .baseline) }
      + b.rows.filter { !keys.contains($0.caseKey) }.map { ComparedCase($0, baseline: names.baseline, side: .run) }
    return Comparison(
      kind: .runs, baseline: names.baseline, run: names.run, differences: RunDifference.list(a, b),
      notes: notes(options, isSameCPU, pairs, floor), noiseFloor: floor,
      geometricMean: geometricMean(ratios: means, noiseFloor: floor.sharedPercent / 100),
      groups: groups.map { group in
        Comparison.Group(
          name: group.key.name(groups.map(\.key)), rows: group.pairs.count,
          ratio: group.median?.allowing(noiseFloor: floor.sharedPercent / 100), verdict: group.verdict)
      }, cases: ComparedRow.judged(rows).worstFirst() + only)
  }

  /// The ratio of a case in two runs.
  private static func pair(_ a: Row, _ b: Row, _ adjusts: Bool) -> Pair {
    func median(_ row: Row, times factor: Double = 1) -> IndependentRatio.Median? {
      guard let median = row.timeMedian, let low = row.timeCILow, let high = row.timeCIHigh else { return nil }
      return IndependentRatio.Median(median * factor, lower: low * factor, upper: high * factor)
    }
    for (row, side) in [(a, "baseline"), (b, "run")] {
      if !row.isMeasured { return Pair(a: a, b: b, problem: "no time in the \(side): \(row.status.rawValue)") }
      if median(row) == nil { return Pair(a: a, b: b, problem: "no interval in the \(side)") }
      if let clean = row.cleanRounds, clean < 6 {
        return Pair(a: a, b: b, problem: "disturbed in the \(side): \(Format.count(clean, "clean round"))")
      }
    }
    var factor = 1.0
    if adjusts, !a.isBoundByBandwidth, let before = a.peakGFLOPS, let after = b.peakGFLOPS, before > 0, after > 0 {
      factor = after / before
    }
    guard let numerator = median(b, times: factor), let denominator = median(a) else {
      return Pair(a: a, b: b, problem: "no interval")
    }
    return Pair(a: a, b: b, ratio: IndependentRatio(numerator, over: denominator).estimate)
  }

  /// What the runs tell of the noise between them.
  private static func floor(
    _ a: RunFolder.Contents, _ b: RunFolder.Contents, _ groups: [Group], _ options: Options
  ) -> NoiseFloor {
    if let percent = options.thresholdPercent { return NoiseFloor(threshold: percent) }
    var residuals: [Double] = []
    var sampling: [Double] = []
    for group in groups where group.key.isCompute {
      guard let median = group.median else { continue }
      for ratio in group.pairs.compactMap(\.ratio) {
        residuals.append(Double.log(ratio.value / median.value))
        sampling.append(Double.log(ratio.upper / ratio.lower) / 2)
      }
    }
    let replicas = [a, b].flatMap { Replicas($0.rows, $0.samples).pairs.compactMap { $0.ratio?.estimate } }
    return NoiseFloor(
      betweenRuns: replicas, residuals: residuals, sampling: sampling,
      precisionPercent: max(a.manifest.settings.precisionPercent, b.manifest.settings.precisionPercent))
  }

  /// Says what the medians of kernels come to.
  private static func judge(_ groups: inout [Group], _ floor: NoiseFloor) {
    let estimates = groups.map { group in
      group.median?.allowing(
        noiseFloor: (group.key.isCompute ? floor.kernelPercent : floor.bandwidthPercent) / 100)
    }
    var adjusted = (FalseDiscoveries.adjusted(estimates.compactMap { $0?.pValue }) ?? []).makeIterator()
    for index in groups.indices {
      guard let median = groups[index].median, let estimate = estimates[index], let p = adjusted.next() else {
        continue
      }
      let bound = 1 + floor.rowPercent / 100
      groups[index].verdict =
        estimate.excludesOne && p <= 0.05
        ? (median.value > 1 ? .slower : .faster)
        : median.upper <= bound && median.lower >= 1 / bound ? .same : .undecided
    }
  }

  private static func notes(
    _ options: Options, _ isSameCPU: Bool, _ pairs: [Pair], _ floor: NoiseFloor
  ) -> [String] {
    let adjusted =
      if !options.adjustsClock {
        "Times are compared as they are, with whatever the clocks of the two runs differ by."
      } else if !isSameCPU {
        "The CPUs differ, so times are compared as they are: a verdict is one on the machines, too."
      } else {
        """
        Rows that computing limits are compared by time × rate of the bursts beside the samples, so that the clock of the \
        day is not in it; rows that bandwidth limits, and those without bursts, by time.
        """
      }
    return [adjusted, floor.sentence]
  }
}

extension Row {
  /// Whether the bandwidth of a cache or of the memory limits the row, by its roofline.
  fileprivate var isBoundByBandwidth: Bool { bound.map { $0 != "compute" } ?? false }
}
