/// What a model of the machine says of a row's time, from its topology and its ceilings alone.
public struct PredictedTime: Sendable, Hashable, Codable {
  /// The row, as ``Row/caseKey``.
  public var caseKey: String
  /// The time of one execution with the ceilings that were measured before the layers, in ns.
  public var nanoseconds: Double
  /// The same with the multiply-adds that the bursts beside the row's samples reached, in ns; nil if they are unknown. A
  /// clock that was another one beside the samples than before does not count as an error there.
  public var besideSamples: Double?
  /// Bytes of input that a thread reads, of the thread that reads most.
  public var inputBytes: Double
  /// Bytes of weights that a thread reads at most.
  public var weightBytes: Double
  /// Bytes of output that a thread writes at most.
  public var outputBytes: Double
  /// How much longer than the mean of all the slowest thread should take, in percent: what division to whole tiles of the
  /// kernel comes to.
  public var imbalancePercent: Double

  /// A prediction.
  public init(
    caseKey: String, nanoseconds: Double, besideSamples: Double? = nil, inputBytes: Double, weightBytes: Double,
    outputBytes: Double, imbalancePercent: Double
  ) {
    self.caseKey = caseKey
    self.nanoseconds = nanoseconds
    self.besideSamples = besideSamples
    self.inputBytes = inputBytes
    self.weightBytes = weightBytes
    self.outputBytes = outputBytes
    self.imbalancePercent = imbalancePercent
  }
}
