/// Which of many differences to believe.
///
/// Of a hundred comparisons of equal things, five 95 % intervals exclude 1. The false discovery rate is the expected part
/// of wrong ones among the differences that are reported.
public enum FalseDiscoveries {
  /// What is known of how the comparisons depend on one another.
  public enum Dependence: Sendable, Hashable, CaseIterable {
    /// They are independent, or depend on one another positively, as variants that are compared with one baseline do:
    /// Y. Benjamini and Y. Hochberg, Journal of the Royal Statistical Society B 57 (1995).
    case positive
    /// Nothing is known. Stricter by 1 + 1/2 + … + 1/m: Y. Benjamini and D. Yekutieli, Annals of Statistics 29 (2001).
    case arbitrary
  }

  /// The p-values adjusted for their number, in their order: reporting those of at most q has a false discovery rate of at
  /// most q.
  ///
  /// With the p-values in ascending order, it is the smallest of p₍ⱼ₎·m·c/j over j ≥ i, at most 1, where c is 1 or the
  /// harmonic sum. R calls it `p.adjust` with the methods BH and BY.
  ///
  /// - Returns: nil if one of them is not a number from 0 to 1.
  /// - Complexity: O(*m* log *m*)
  public static func adjusted(_ pValues: [Double], dependence: Dependence = .positive) -> [Double]? {
    guard pValues.allSatisfy({ $0 >= 0 && $0 <= 1 }) else { return nil }
    let count = Double(pValues.count)
    let penalty = dependence == .positive ? 1 : pValues.indices.reduce(0) { $0 + 1 / Double($1 + 1) }
    var adjusted = pValues
    var smallest = 1.0
    for (rank, index) in pValues.indices.sorted(by: { pValues[$0] < pValues[$1] }).enumerated().reversed() {
      smallest = min(smallest, pValues[index] * count * penalty / Double(rank + 1))
      adjusted[index] = smallest
    }
    return adjusted
  }
}
