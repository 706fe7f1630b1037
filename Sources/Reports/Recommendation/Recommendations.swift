public import Results
import Statistics

/// Which variant to use for each layer of a run, and how sure that is.
///
/// On each layer the fastest variant is compared with every other one, round by round. Those that are as fast within the
/// noise floor are a tie, of which the simplest is taken: fewer threads, then no packing of weights ahead of time, then
/// the shorter time. Replicas are measured to know the noise, and are not chosen from.
public struct Recommendations: Sendable, Encodable {
  /// The version of the JSON that this code writes.
  public static let schemaVersion = 1

  /// The version of the JSON: ``schemaVersion``.
  public let schema = Self.schemaVersion
  /// The run.
  public var run: String
  /// The name of its CPU.
  public var cpu: String?
  /// The noise floor.
  public var noiseFloor: NoiseFloor
  /// Those over all numbers of threads first, then those for each; layers in the order of the run.
  public var recommendations: [Recommendation]

  /// The recommendations of a run.
  public init(_ contents: RunFolder.Contents) {
    run = contents.manifest.run
    cpu = contents.manifest.environment.cpuModel
    noiseFloor = NoiseFloor(
      withinRun: Replicas(contents.rows, contents.samples).pairs.compactMap { $0.ratio?.estimate })
    let rows = contents.rows.filter { $0.isMeasured && $0.replica.number == 1 }
    let times = PairedSamples(contents.samples)
    let floor = noiseFloor.rowPercent / 100
    let layers = rows.grouped(by: LayerCell.init)
    let settings = rows.grouped(by: VariantComparison.Cell.init)
    let choices =
      layers.map { Choice($0, .layer, times) }
      + (Set(rows.map(\.threads)).count > 1 ? settings.map { Choice($0, .threads, times) } : [])
    // All comparisons of a scope are looked at together.
    let adjusted =
      FalseDiscoveries.adjusted(
        choices.flatMap { $0.ratios.compactMap { $0?.allowing(noiseFloor: floor)?.pValue } }) ?? []
    var next = adjusted.makeIterator()
    recommendations = choices.map { choice in
      choice.recommendation(
        floor, choice.ratios.map { $0?.allowing(noiseFloor: floor) == nil ? nil : next.next() })
    }
  }

  /// The recommendations as JSON: indented, keys in alphabetical order, a line end at the end.
  public func json() throws -> String { try ReportJSON.text(self) }

  /// A layer in a layout and a cache state, on any threads.
  private struct LayerCell: Hashable {
    var layer: LayerKey
    var layout: String
    var cache: String

    init(_ row: Row) {
      layer = row.layerKey
      layout = row.layout.rawValue
      cache = row.cache
    }
  }

  /// The rows to choose from, fastest first, and the ratios of the others to the first.
  private struct Choice {
    var rows: [Row]
    var scope: Recommendation.Scope
    /// Of each row but the first; nil where there are too few rounds in common.
    var ratios: [RatioEstimate?]
    var times: PairedSamples

    /// - Precondition: `rows` is not empty.
    init(_ rows: [Row], _ scope: Recommendation.Scope, _ times: PairedSamples) {
      let sorted = rows.sorted {
        ($0.timeMedian ?? .infinity, $0.threads, $0.variant) < ($1.timeMedian ?? .infinity, $1.threads, $1.variant)
      }
      self.rows = sorted
      self.scope = scope
      self.times = times
      ratios = sorted.dropFirst().map { times.ratio($0.caseKey, over: sorted[0].caseKey)?.estimate }
    }

    func recommendation(_ floor: Double, _ pValues: [Double?]) -> Recommendation {
      let others = zip(zip(rows.dropFirst(), ratios), pValues).map { (row: $0.0.0, ratio: $0.0.1, p: $0.1) }
      let ties = others.filter { other in
        other.ratio.map { $0.upper <= 1 + floor && $0.lower >= 1 / (1 + floor) } ?? false
      }
      let isClear = others.allSatisfy { other in
        guard let ratio = other.ratio?.allowing(noiseFloor: floor), let p = other.p else { return false }
        return ratio.lower > 1 && p <= 0.05
      }
      let chosen = ([rows[0]] + ties.map(\.row)).min { Self.simplicity($0) < Self.simplicity($1) } ?? rows[0]
      let certainty: Recommendation.Certainty =
        others.isEmpty ? .only : !ties.isEmpty ? .tie : isClear ? .clear : .unsure
      var result = Recommendation(
        chosen, time: chosen.timeMedian ?? .nan, scope: scope, certainty: certainty,
        reason: Self.reason(certainty, chosen, rows[0], ties.count))
      if let second = rows.first(where: { $0.caseKey != chosen.caseKey }) {
        result.runnerUp = second.variant
        result.runnerUpThreads = second.threads
        let ratio = times.ratio(second.caseKey, over: chosen.caseKey)?.estimate.allowing(noiseFloor: floor)
        result.ratio = ratio?.value
        result.ratioLow = ratio?.lower
        result.ratioHigh = ratio?.upper
      }
      return result
    }

    /// Fewer threads leave CPUs for others; packed weights take memory and time before the first execution.
    private static func simplicity(_ row: Row) -> (Int, Int, Double, String) {
      (row.threads, row.prepare == nil ? 0 : 1, row.timeMedian ?? .infinity, row.variant)
    }

    private static func reason(
      _ certainty: Recommendation.Certainty, _ chosen: Row, _ fastest: Row, _ ties: Int
    ) -> String {
      switch certainty {
      case .only: return "nothing else was measured"
      case .clear: return "faster than all others beyond the noise floor"
      case .unsure: return "the fastest, but the interval to another one reaches 1"
      case .tie:
        let tie = "as fast as \(Format.count(ties, "other")) within the noise floor"
        if chosen.caseKey == fastest.caseKey { return "\(tie); the simplest and fastest of them" }
        if chosen.threads < fastest.threads { return "\(tie); fewer threads" }
        return (chosen.prepare == nil) != (fastest.prepare == nil) ? "\(tie); packs no weights" : "\(tie); the simplest"
      }
    }
  }
}
