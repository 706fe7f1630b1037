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
  /// Time of the FMA burst of this round on the same workers, in ns.
  public var burst: Double?
  /// What disturbed the round; nil if nothing did, or if it was not watched.
  public var taint: String?

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
  ]

  /// A sample for the reader to fill.
  public static var blank: Sample { Sample(caseKey: "", round: 0, position: 0, iterations: 0, time: 0) }
}
