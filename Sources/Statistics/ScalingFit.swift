import RealModule

/// Speed-ups over numbers of threads, from which a law of scaling is fitted.
public struct ScalingPoint: Sendable, Hashable {
  /// The number of threads.
  public let threads: Int
  /// The speed-up over one thread; for weak scaling, of work by time.
  public let speedup: Double
  /// Its relative uncertainty: half of its 95 % interval ÷ the speed-up; nil if it is not known.
  public let halfWidth: Double?

  /// A point.
  ///
  /// - Returns: nil unless `threads` is positive, `speedup` is positive and finite, and `halfWidth`, if given, is not negative and finite.
  public init?(threads: Int, speedup: Double, halfWidth: Double? = nil) {
    guard threads > 0, speedup > 0, speedup.isFinite, halfWidth.map({ $0 >= 0 && $0.isFinite }) ?? true else {
      return nil
    }
    self.threads = threads
    self.speedup = speedup
    self.halfWidth = halfWidth
  }
}

/// A parameter of a fit with its 95 % interval.
public struct FittedParameter: Sendable, Hashable {
  /// The estimate, at least 0.
  public let value: Double
  /// The lower bound, at least 0.
  public let lower: Double
  /// The upper bound.
  public let upper: Double
}

/// The law of scaling that a number of threads follows, by least squares: Gunther's Universal Scalability Law, or
/// Amdahl's, which is the same without coherence.
///
///     S(n) = n ÷ (1 + σ·(n − 1) + κ·n·(n − 1))
///
/// σ is contention, the part that runs serially; κ is coherence, the cost of every pair of threads. With κ > 0 the
/// speed-up has a maximum, at n = √((1 − σ) ÷ κ).
///
/// In n ÷ S − 1 = σ·(n − 1) + κ·n·(n − 1) the law is linear, so the fit is closed and has no start values. Errors of
/// speed-ups are relative, so a point weighs (S ÷ n)²: that of n ÷ S is as wide as n ÷ S. Both parameters are at least 0, and
/// σ at most 1, for no more than everything is serial: where the free minimum is outside, it is taken on the border. A point of one thread is 1 by definition and does not count.
///
/// The intervals are Student's, from the residuals; the degrees of freedom are points less parameters, the free ones,
/// whether or not a border holds one; they are widened to the estimate if a border has moved it out. If the residuals are less than the points' own intervals explain (few points may lie
/// well by chance), those count.
///
/// G. M. Amdahl, "Validity of the single processor approach to achieving large scale computing capabilities", AFIPS 1967;
/// N. J. Gunther, "Guerrilla Capacity Planning", Springer 2007.
public struct ScalingFit: Sendable, Hashable {
  /// Which law is fitted.
  public enum Law: Sendable, Hashable, CaseIterable {
    /// Amdahl's: σ alone.
    case amdahl
    /// Gunther's: σ and κ.
    case universal

    var parameters: Int { self == .amdahl ? 1 : 2 }
    /// Thread counts above one that a fit needs: more than parameters, or nothing says how well it fits.
    public var leastPoints: Int { parameters + 1 }
  }

  /// The law.
  public let law: Law
  /// The serial part σ.
  public let contention: FittedParameter
  /// κ; nil for Amdahl's law.
  public let coherence: FittedParameter?
  /// The root of the mean square of the relative residuals, per degree of freedom.
  public let residual: Double

  /// Fits `law` to `points`.
  ///
  /// - Returns: nil with too few different numbers of threads above one: fewer than ``Law/leastPoints``.
  public init?(_ law: Law, to points: [ScalingPoint]) {
    let used = points.filter { $0.threads > 1 }
    guard Set(used.map(\.threads)).count >= law.leastPoints else { return nil }
    self.law = law
    // Rows of the linear problem, each times its weight: a·σ + b·κ = y.
    let rows = used.map { point -> (a: Double, b: Double, y: Double) in
      let n = Double(point.threads)
      let weight = point.speedup / n
      return ((n - 1) * weight, law == .amdahl ? 0 : n * (n - 1) * weight, 1 - weight)
    }
    let aa = rows.reduce(0) { $0 + $1.a * $1.a }
    let ab = rows.reduce(0) { $0 + $1.a * $1.b }
    let bb = rows.reduce(0) { $0 + $1.b * $1.b }
    let ay = rows.reduce(0) { $0 + $1.a * $1.y }
    let by = rows.reduce(0) { $0 + $1.b * $1.y }
    func squares(_ sigma: Double, _ kappa: Double) -> Double {
      rows.reduce(0) {
        let rest = $1.y - $1.a * sigma - $1.b * kappa
        return $0 + rest * rest
      }
    }
    let determinant = aa * bb - ab * ab
    let free = law == .amdahl ? (ay / aa, 0) : ((ay * bb - by * ab) / determinant, (by * aa - ay * ab) / determinant)
    var best = free
    if !(0...1).contains(free.0) || free.1 < 0 {
      var borders = [(min(1, max(0, ay / aa)), 0.0)]
      if law == .universal { borders += [0.0, 1].map { ($0, max(0, (by - ab * $0) / bb)) } }
      best = borders.min { squares($0.0, $0.1) < squares($1.0, $1.1) } ?? (0, 0)
    }
    let freedom = rows.count - law.parameters
    let variance = squares(free.0, free.1) / Double(freedom)
    // What the points' own intervals say: 1.96 standard deviations each, at least of the mean of those that are known.
    let known = used.compactMap(\.halfWidth)
    let stated = known.isEmpty ? 0 : known.reduce(0) { $0 + $1 * $1 } / Double(known.count)
    let ownVariance = stated / (StandardNormal.z95 * StandardNormal.z95)
    let quantile = variance >= ownVariance ? StudentT.quantile95(freedom: freedom) : StandardNormal.z95
    let spread = max(variance, ownVariance).squareRoot() * quantile
    residual = variance.squareRoot()
    func parameter(_ value: Double, _ free: Double, _ curvature: Double, atMost limit: Double) -> FittedParameter {
      let half = spread * curvature.squareRoot()
      return FittedParameter(
        value: value, lower: min(value, max(0, free - half)), upper: max(value, min(limit, free + half)))
    }
    contention = parameter(best.0, free.0, law == .amdahl ? 1 / aa : bb / determinant, atMost: 1)
    coherence = law == .amdahl ? nil : parameter(best.1, free.1, aa / determinant, atMost: .infinity)
  }

  /// The speed-up that the law gives `threads` threads.
  public func speedup(threads: Int) -> Double {
    let n = Double(threads)
    return n / (1 + contention.value * (n - 1) + (coherence?.value ?? 0) * n * (n - 1))
  }

  /// The number of threads of the greatest speed-up; nil if more threads are always faster.
  public var maximum: Double? {
    guard let kappa = coherence?.value, kappa > 0 else { return nil }
    return max(1, (max(0, 1 - contention.value) / kappa).squareRoot())
  }

  /// The measured number of threads beyond which more threads give less than `limit` of a thread each: where
  /// S(n) − limit·n is greatest. Nil if more threads are always worth it, or if no point beyond lies lower by more than the
  /// intervals of both explain.
  ///
  /// The first pair of neighbours with a slope under the limit would be the same on a smooth curve. With noise of one
  /// percent on every number of threads up to 64, it found a knee in every straight line.
  public static func knee(_ points: [ScalingPoint], limit: Double = 0.5) -> Int? {
    func gain(_ point: ScalingPoint) -> Double { point.speedup - limit * Double(point.threads) }
    let sorted = points.sorted { $0.threads < $1.threads }
    // One thread is 1 by definition, and `max` takes the first of equal ones.
    guard let best = sorted.max(by: { gain($0) < gain($1) }) else { return nil }
    func error(_ point: ScalingPoint) -> Double {
      point.threads == 1 ? 0 : point.speedup * (point.halfWidth ?? 0)
    }
    let isWorse = sorted.contains { point in
      let (one, two) = (error(best), error(point))
      return point.threads > best.threads && gain(best) - gain(point) > (one * one + two * two).squareRoot()
    }
    return isWorse ? best.threads : nil
  }
}

/// Student's distribution, as intervals of fits need it.
enum StudentT {
  /// The t with P(|T| ≤ t) = 0.95 for `freedom` degrees of freedom: exact for one and two, and within 0.1 % beyond.
  ///
  /// By the expansion of Cornish and Fisher about the normal quantile: M. Abramowitz and I. A. Stegun, "Handbook of
  /// Mathematical Functions", 26.7.5; its terms are too few below three degrees, which have closed forms.
  ///
  /// - Precondition: `freedom` is positive.
  static func quantile95(freedom: Int) -> Double {
    precondition(freedom > 0, "a fit without degrees of freedom has no interval")
    if freedom == 1 { return Double.tan(0.475 * .pi) }
    // P = t ÷ √(2 + t²)
    if freedom == 2 { return 0.95 * (2 / (1 - 0.95 * 0.95)).squareRoot() }
    let z = StandardNormal.z95
    let (z3, z5, z7, z9) = (z * z * z, Double.pow(z, 5), Double.pow(z, 7), Double.pow(z, 9))
    let n = Double(freedom)
    let g1 = (z3 + z) / 4
    let g2 = (5 * z5 + 16 * z3 + 3 * z) / 96
    let g3 = (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / 384
    let g4 = (79 * z9 + 776 * z7 + 1482 * z5 - 1920 * z3 - 945 * z) / 92160
    return z + g1 / n + g2 / (n * n) + g3 / (n * n * n) + g4 / (n * n * n * n)
  }
}
