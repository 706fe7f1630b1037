import Harness
import Layers
import Results
import Statistics
import Teams

/// Turns results into rows, and appends them to the run folder as soon as they are complete.
///
/// A row carries the speedup over one thread. So it is held back until the one-thread cases of its kernel have ended, a
/// few seconds at most: they are measured in the same rounds.
final class RowWriter {
  /// The rows that are in the folder, in their order.
  private(set) var rows: [Row]

  private let folder: RunFolder
  private let run: String
  private let precisionPercent: Double
  private var held: [(row: Row, samples: [Results.Sample])] = []
  /// One-thread cases that have not ended, by layer, kernel, ISA and cache state.
  private var awaited: [[String]: Int] = [:]
  /// Layers that have begun; each begins once for every visit.
  private var begun: Set<[String]> = []

  /// A writer to a folder in which `rows` are already; they are baselines of the rows to come.
  init(_ folder: RunFolder, run: String, precisionPercent: Double, rows: [Row] = []) {
    self.folder = folder
    self.run = run
    self.precisionPercent = precisionPercent
    self.rows = rows
  }

  /// Prepares for the cases of a layer, before each of its visits.
  func begin(_ group: CaseGroup) {
    guard let first = group.cases.first, begun.insert(Self.layer(Row(group, first, run: run))).inserted else { return }
    for item in group.cases where item.threads == 1 {
      awaited[Self.key(Row(group, item, run: run)), default: 0] += 1
    }
  }

  /// Takes the result of a case.
  func add(_ result: CaseResult) throws(ResultsError) {
    let row = Row(result, run: run, precisionPercent: precisionPercent)
    if row.threads == 1 { awaited[Self.key(row), default: 1] -= 1 }
    held.append((row, Results.Sample.all(of: result, caseKey: row.caseKey)))
    try write { self.awaited[Self.key($0), default: 0] == 0 }
  }

  /// Appends what is held back, whatever it waits for.
  func flush() throws(ResultsError) { try write { _ in true } }

  /// Appends rows of an earlier part of the run, with their samples, whose cases this part has not measured.
  func restore(_ earlier: [(row: Row, samples: [Results.Sample])]) throws(ResultsError) {
    let measured = Set(rows.map(\.caseKey))
    for (row, samples) in earlier where !measured.contains(row.caseKey) {
      try folder.append(samples)
      try folder.append(row)
      rows.append(row)
    }
  }

  /// Computes speedups again, and replaces the rows if one has changed: the baseline of a row of an earlier part of the run
  /// may have been cut short then, and measured again now.
  func renewSpeedups() throws(ResultsError) {
    let baselines = Baselines(rows)
    let renewed = rows.map { row in
      var row = row
      row.setSpeedup(baselines)
      return row
    }
    if renewed == rows { return }
    try folder.replaceRows(renewed)
    rows = renewed
  }

  private func write(_ isComplete: (Row) -> Bool) throws(ResultsError) {
    guard held.contains(where: { isComplete($0.row) }) else { return }
    let baselines = Baselines(rows + held.map(\.row))
    while let index = held.firstIndex(where: { isComplete($0.row) }) {
      var (row, samples) = held[index]
      row.setSpeedup(baselines)
      // It leaves the queue first: what fails once is not tried again, and cannot be written twice.
      held.remove(at: index)
      try folder.append(samples)
      try folder.append(row)
      rows.append(row)
    }
  }

  private static func key(_ row: Row) -> [String] { layer(row) + [row.kernel, row.isa, row.cache] }

  private static func layer(_ row: Row) -> [String] {
    [
      row.suite, row.network, row.layer, row.layout.rawValue, row.dtype.rawValue, "\(row.bias)",
      row.activation.rawValue,
    ]
  }
}

extension Row {
  /// Sets what compares the row with one thread.
  fileprivate mutating func setSpeedup(_ baselines: Baselines) {
    speedup = baselines.speedupOverOneThread(self)
    efficiencyPercent = speedup.map { 100 * $0 / Double(threads) }
  }

  /// The row of a case that has not been run: what identifies it, and nothing else.
  init(_ group: CaseGroup, _ item: Case, run: String) {
    let layer = group.layer
    let policy = item.placement.policy
    self.init(
      run: run, suite: group.suite, network: group.entry.network, layer: layer.descriptor, op: layer.op,
      layout: layer.layout, dtype: layer.dtype, mb: layer.shape.mb, ic: layer.shape.ic, oc: layer.shape.oc,
      ih: layer.shape.ih, iw: layer.shape.iw, oh: layer.shape.oh, ow: layer.shape.ow, sh: layer.shape.sh,
      sw: layer.shape.sw, m: layer.m, n: layer.n, k: layer.k, count: group.entry.count, bias: layer.bias,
      activation: layer.activation, variant: item.variant.description, kernel: item.variant.kernelName,
      isa: item.contender.isa, split: item.split.rawValue, team: item.team.rawValue, threads: item.threads,
      places: "\(policy.places)", bind: policy.bind.rawValue,
      cpus: item.placement.cpuList,
      cache: item.cache.rawValue, status: .ok)
  }

  /// The row of a result. Speedup and efficiency need other rows, and are set later.
  init(_ result: CaseResult, run: String, precisionPercent: Double) {
    self.init(result.group, result.item, run: run)
    maxError = result.verification?.error
    errorBound = result.verification?.bound
    prepare = result.prepareNanoseconds.map { Double($0) }
    if let stray = result.strayCPUs { cpus = stray.map(String.init).joined(separator: " ") }
    defer { notes = (result.remarks + [notes].compactMap { $0 }).joined(separator: "; ").nilIfEmpty }
    switch result.outcome {
    case .measured(let measurement): set(measurement, result.group.layer, result.item, precisionPercent)
    case .incorrect:
      status = .incorrect
      notes = result.verification?.failure
    case .skipped(let reason):
      status = .skipped
      notes = reason
    case .failed(let reason):
      status = .failed
      notes = reason
    }
    if result.item.split == .auto, let division = result.division {
      let chooser = result.item.tuned == nil ? "auto" : "tuning"
      let threads = result.item.threads
      let part = division.threads < threads ? ": \(Row.remark(computing: division.threads, of: threads))" : ""
      notes = ["\(chooser) took \(division)\(part)", notes].compactMap { $0 }.joined(separator: "; ")
    }
    if let pages = result.pages { notes = [notes, "\(pages)"].compactMap { $0 }.joined(separator: "; ") }
  }

  private mutating func set(
    _ measurement: Measurement, _ layer: Layer, _ item: Case, _ precisionPercent: Double
  ) {
    let summary = measurement.summary
    rounds = measurement.samples.count
    cleanRounds = measurement.cleanCount
    peakGFLOPS = measurement.peak
    clockGHz = measurement.clockGHz
    iterations = measurement.iterations
    timeMin = summary.min
    timeMedian = summary.median
    timeMean = summary.mean
    timeP90 = summary.p90
    timeMAD = summary.mad
    timeCV = summary.cvPercent
    timeCILow = summary.ciLow
    timeCIHigh = summary.ciHigh
    gflops = layer.flops / summary.median
    gbytesPerSecond = layer.leastBytes / summary.median
    arithmeticIntensity = layer.arithmeticIntensity
    imbalancePercent = measurement.imbalancePercent
    peakPercent = gflops.map { 100 * $0 / measurement.peak }
    if let roofline = measurement.roofline {
      peakGbytesPerSecond = roofline.bandwidth
      bound = roofline.boundName
      rooflinePercent = gflops.map { 100 * $0 / roofline.gflops }
    }

    let assessment = Assessment(measurement, item, precisionPercent: precisionPercent)
    quality = assessment.quality
    notes = assessment.notes
  }
}

extension String {
  /// The text, or nil if there is none.
  fileprivate var nilIfEmpty: String? { isEmpty ? nil : self }
}

extension Results.Sample {
  /// Takes over what was counted during `executions` of the layer. Switches and migrations, which are few, are those of the
  /// sample; what the CPU counts is that of one execution.
  mutating func set(_ counts: EventCounts, executions: Int) {
    func whole(_ event: PerformanceEvent) -> Int? { counts.values[event].flatMap { Int(exactly: $0.rounded()) } }
    func each(_ event: PerformanceEvent) -> Double? { counts.values[event].map { $0 / Double(executions) } }
    contextSwitches = whole(.contextSwitches)
    cpuMigrations = whole(.cpuMigrations)
    cycles = each(.cycles)
    instructions = each(.instructions)
    cacheMisses = each(.cacheMisses)
    lastLevelLoadMisses = each(.lastLevelLoadMisses)
    countedClockGHz = counts.clockGHz
  }

  /// The samples of a result, as rows of samples.csv; none if the case was not measured.
  static func all(of result: CaseResult, caseKey: String) -> [Results.Sample] {
    guard case .measured(let measurement) = result.outcome else { return [] }
    return measurement.samples.map { taken in
      let evidence = taken.evidence
      var sample = Results.Sample(
        caseKey: caseKey, round: taken.round, position: taken.position, iterations: measurement.iterations,
        time: taken.nanoseconds, burst: evidence.burstNanoseconds)
      let taints = Taint.allCases.filter(taken.taints.contains).map(\.rawValue)
      sample.taint = taints.isEmpty ? nil : taints.joined(separator: " ")
      sample.peakGFLOPS = evidence.peak
      sample.clockGHz = evidence.clockGHz
      sample.runDelay = evidence.runDelay.map { Int($0) }
      sample.involuntarySwitches = evidence.involuntarySwitches.map { Int($0) }
      sample.migrations = evidence.migrations.map { Int($0) }
      sample.steal = evidence.steal.map { Int($0) }
      sample.pageFaults = evidence.pageFaults.map { Int($0) }
      sample.set(evidence.counts, executions: evidence.executions)
      sample.visit = taken.visit
      sample.cacheGbytesPerSecond = evidence.cacheRate
      return sample
    }
  }
}
