import RealModule

/// How far a median is uncertain because its values were taken in several visits that do not agree.
///
/// The values of one visit share what lasts longer than the visit: a neighbour on the machine, or the pages in which
/// buffers lie. More of them say more about that visit, and nothing about the next one. So where the visits' medians differ
/// by more than their values explain, the visits count, and not the values: with weights wᵥ, the visits' parts of all
/// values, and medians mᵥ,
///
///     s² = V ÷ (V − 1) · Σ wᵥ²·(mᵥ − Σ wᵥ·mᵥ)²
///
/// is the variance of the weighted mean of the medians, and the interval reaches t·s to either side, Student's t with V − 1
/// degrees of freedom. It is what the variance between clusters is in sampling.
///
/// Whether visits differ is asked by Mood's test of medians: with Sᵥ the sum of the signs of a visit's nᵥ values about the
/// median of all, Σ Sᵥ² ÷ nᵥ is about χ² with V − 1 degrees of freedom if they do not. They count as different from a
/// p-value of 0.4 down: a small difference that is not seen costs coverage, one that is seen by mistake costs width. In
/// simulations of five visits of four Gaussian values, 95 % intervals that ignore visits cover 90, 84 and 70 % where the
/// visits' standard deviation is half of the values', equal to it, and three times as large; at 0.4 they cover 94 % each,
/// and are 12 % wider where visits agree. At 0.05 the worst is 89 %. Three visits of seven values cover as much, but are
/// 60 % wider where visits agree and twice as wide where they do not: two degrees of freedom are few. No number of visits
/// helps where most of them met a rare phase.
///
/// W. G. Cochran, "Sampling Techniques", Wiley 1977, on clusters; A. M. Mood, "Introduction to the Theory of Statistics",
/// McGraw-Hill 1950; T. Kalibera and R. Jones, "Rigorous benchmarking in reasonable time", ISMM 2013, on repetition at each
/// level that varies.
public struct VisitSpread: Sendable, Hashable {
  /// How far the 95 % interval reaches to either side of the median, in the unit of the values.
  public let halfWidth: Double
  /// The standard error of the median.
  public let standardError: Double
  /// The number of visits less one.
  public let degreesOfFreedom: Int
  /// By how much each visit's median lies above that of all values, by visit.
  private let offsets: [Int: Double]

  /// The p-value of agreement below which visits count as different.
  private static let agreement = 0.4

  /// The spread of `values`, each of the visit of the same place in `visits`.
  ///
  /// - Returns: nil if the visits agree, if there is only one, or if a value is not finite.
  /// - Precondition: there are as many visits as values.
  /// - Complexity: O(*n* log *n*)
  public init?(_ values: [Double], visits: [Int]) {
    precondition(values.count == visits.count, "every value is of a visit")
    guard let all = OrderedSample(values) else { return nil }
    let groups = Dictionary(grouping: zip(values, visits)) { $0.1 }.mapValues { $0.map(\.0) }
      .sorted { $0.key < $1.key }
    guard groups.count > 1 else { return nil }
    let median = all.median
    var disagreement = 0.0
    var medians: [(visit: Int, weight: Double, value: Double)] = []
    for (visit, group) in groups {
      let signs = group.reduce(0.0) { $0 + ($1 > median ? 1 : $1 < median ? -1 : 0) }
      disagreement += signs * signs / Double(group.count)
      guard let sample = OrderedSample(group) else { return nil }
      medians.append((visit, Double(group.count) / Double(values.count), sample.median))
    }
    let degrees = groups.count - 1
    if TailProbability.chiSquare(disagreement, degrees: degrees) > Self.agreement { return nil }
    let mean = medians.reduce(0) { $0 + $1.weight * $1.value }
    let squares = medians.reduce(0) { $0 + $1.weight * $1.weight * ($1.value - mean) * ($1.value - mean) }
    standardError = (squares * Double(groups.count) / Double(degrees)).squareRoot()
    degreesOfFreedom = degrees
    halfWidth = TailProbability.studentQuantile95(degrees: degrees) * standardError
    offsets = Dictionary(uniqueKeysWithValues: medians.map { ($0.visit, $0.value - median) })
  }

  /// The spread of the logarithms of positive `times`: parts of the median, in either direction.
  ///
  /// - Returns: nil if the visits agree, if there is only one, or if a time is not finite and positive.
  /// - Precondition: there are as many visits as times.
  public init?(ofTimes times: [Double], visits: [Int]) {
    guard times.allSatisfy({ $0 > 0 }) else { return nil }
    self.init(times.map { .log($0) }, visits: visits)
  }

  /// ``halfWidth`` of logarithms as a part of the median: 0.02 is 2 %.
  public var relativeHalfWidth: Double { .expMinusOne(halfWidth) }

  /// The two-sided p-value of the hypothesis that the true median is `distance` away from that of the values.
  public func pValue(distance: Double) -> Double {
    if standardError == 0 { return distance == 0 ? 1 : 0 }
    return TailProbability.student(abs(distance) / standardError, degrees: degreesOfFreedom)
  }

  /// `values` of `visits` without what visits differ by: each visit's median becomes that of all. It tells what more values
  /// of the same visits could narrow.
  ///
  /// - Requires: they are the values and visits that the spread is of.
  public func withoutDifferences(_ values: [Double], visits: [Int]) -> [Double] {
    zip(values, visits).map { $0 - (offsets[$1] ?? 0) }
  }
}
