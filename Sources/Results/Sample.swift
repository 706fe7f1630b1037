/// One timing of a case: one line of samples.csv. Every sample that was taken is kept.
public struct Sample: Sendable, Hashable {
  /// The case, as `Row.caseKey`.
  public var caseKey: String
  /// The interleaved round, counted from 0.
  public var round: Int
  /// The place of the case in the round's shuffled order, counted from 0.
  public var position: Int
  /// Executions of the layer in this sample.
  public var iterations: Int
  /// Time of one execution: the sample's time ÷ ``iterations``, in ns.
  public var time: Double
  /// Time of the slowest worker's burst of multiply-adds before the sample, in ns.
  public var burst: Double?
  /// What disturbed the round, in words between spaces; nil if nothing did.
  public var taint: String?
  /// Rate of the bursts, all workers together, in GFLOP/s.
  public var peakGFLOPS: Double?
  /// Mean clock of the workers' cores before the sample, in GHz.
  public var clockGHz: Double?
  /// Time that workers waited for a CPU during the sample, all together, in ns; nil if it is not known.
  public var runDelay: Int?
  /// How often a worker lost its CPU during the sample; nil if it is not known.
  public var involuntarySwitches: Int?
  /// Workers that ended the sample on another CPU; nil if it is not known.
  public var migrations: Int?
  /// Time that the hypervisor took from the workers' CPUs during the round, in ns; nil if it is not known.
  public var steal: Int?
  /// Pages that workers touched and that were not mapped, all together; nil if it is not known.
  public var pageFaults: Int?
  /// Switches of the workers' contexts, by choice or not, all together; nil if they were not counted.
  public var contextSwitches: Int?
  /// How often workers moved to another CPU, all together; nil if it was not counted.
  public var cpuMigrations: Int?
  /// Cycles of one execution in user space, all workers together; nil if they were not counted.
  public var cycles: Double?
  /// Instructions of one execution in user space, all workers together; nil if they were not counted.
  public var instructions: Double?
  /// Cache misses of one execution in user space, all workers together; nil if they were not counted.
  public var cacheMisses: Double?
  /// Loads of one execution in user space that missed the last-level cache, all workers together; nil if they were not
  /// counted.
  public var lastLevelLoadMisses: Double?
  /// Clock by the cycles that were counted during the sample, mean over the workers, in GHz; nil if they were not counted.
  public var countedClockGHz: Double?
  /// The visit of the layer that the round belongs to, from 0; nil in folders that are older than visits.
  public var visit: Int?
  /// Rate at which the slowest worker read a small buffer after the sample, or, if the layer streams its weights, all
  /// workers together read these, in GB/s; nil if it was not looked at.
  public var cacheGbytesPerSecond: Double?

  /// A sample.
  public init(
    caseKey: String, round: Int, position: Int, iterations: Int, time: Double, burst: Double? = nil,
    taint: String? = nil
  ) {
    self.caseKey = caseKey
    self.round = round
    self.position = position
    self.iterations = iterations
    self.time = time
    self.burst = burst
    self.taint = taint
  }
}

extension Sample: CSVRecord {
  /// The columns of samples.csv, in their order.
  public static let columns: [CSVColumn<Sample>] = [
    CSVColumn("case", \.caseKey),
    CSVColumn("round", \.round),
    CSVColumn("position", \.position),
    CSVColumn("iterations", \.iterations),
    CSVColumn("time_ns", \.time),
    CSVColumn("burst_ns", \.burst),
    CSVColumn("taint", \.taint),
    CSVColumn("peak_gflops", \.peakGFLOPS),
    CSVColumn("clock_ghz", \.clockGHz),
    CSVColumn("run_delay_ns", \.runDelay),
    CSVColumn("involuntary_switches", \.involuntarySwitches),
    CSVColumn("migrations", \.migrations),
    CSVColumn("steal_ns", \.steal),
    CSVColumn("page_faults", \.pageFaults),
    CSVColumn("context_switches", \.contextSwitches),
    CSVColumn("cpu_migrations", \.cpuMigrations),
    CSVColumn("cycles", \.cycles),
    CSVColumn("instructions", \.instructions),
    CSVColumn("cache_misses", \.cacheMisses),
    CSVColumn("llc_load_misses", \.lastLevelLoadMisses),
    CSVColumn("counted_clock_ghz", \.countedClockGHz),
    CSVColumn("visit", \.visit),
    CSVColumn("cache_gbytes_per_s", \.cacheGbytesPerSecond),
  ]

  /// Version 2 ended with `counted_clock_ghz`.
  public static var leastColumns: Int { 21 }

  /// The samples of a case follow each other, and have its name in common, which is most of a sample's size.
  public mutating func shareText(with other: Sample) {
    if caseKey == other.caseKey { caseKey = other.caseKey }
    if taint == other.taint { taint = other.taint }
  }

  /// A sample for the reader to fill.
  public static var blank: Sample { Sample(caseKey: "", round: 0, position: 0, iterations: 0, time: 0) }
}
