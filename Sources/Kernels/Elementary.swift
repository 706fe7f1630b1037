/// exp and what is made of it, on vectors: gelu, silu, tanh and sigmoid, within 4 units in the last place of the exact
/// functions on every ISA.
///
/// There is no selection: every lane of a vector takes the same path. An element's result does not depend on its
/// neighbours: where all of them decide about the path, both give the same bits. Arguments are clamped to where results
/// still change, powers of two are multiplied in last, so that a subnormal result is rounded once, and NaN stays NaN.
/// Nothing depends on a fused multiply-add: what has to be exact is exact without it. The errors given were found among
/// every 503rd float of all and every 7th from −208 to −2⁻¹⁵, those of gelu among every 7th of all and every one from −15
/// to −2⁻¹⁵, with and without fused multiply-adds. The coefficients are
/// least-squares fits, reweighted until their largest relative error was as small as it gets.
///
/// This did not help silu on AVX-512, in cycles a vector in the L1 cache of a Zen 5, tried with intrinsics in C: a
/// reciprocal of 14 bits and a Newton step instead of the division (8.2 instead of 6.5: divisions run beside the
/// multiply-adds there), and `vscalefps` for the power of two besides (9.0); no test for moderate arguments, but the way
/// for all of them (8.7 to 9.7 instead of 7.5); two or four vectors for each test (7.4: the CPU overlaps them anyway). Nor
/// did two vectors at a time in Swift, whose instructions the compiler leaves one after the other, or pairs of terms in
/// the polynomial of ``Exponential``.
@usableFromInline
enum Elementary<Target: VectorISA> {
  /// e raised to x, kept apart: `(1 + fraction) · 2^exponent`, with an integral exponent and |fraction| < 0.42.
  @frozen @usableFromInline
  struct Exponential {
    /// e^r − 1 for the reduced argument r, |r| ≤ ln 2 ÷ 2.
    @usableFromInline let fraction: Target.F32
    /// The exponent of the power of two + ``VectorISA/exponentBias``.
    @usableFromInline let biased: Target.F32

    /// e raised to x, where |x| < 2000.
    @inlinable @inline(__always)
    init(_ x: Target.F32) {
      self.init(x) { Target.multiplyAdd($0, $1, $2) }
    }

    /// e raised to x + correction, where |x| < 2000 and the correction is a small part of ln 2.
    @inlinable @inline(__always)
    init(_ x: Target.F32, correction: Target.F32) {
      // Small things first: they wait for less, and r is rounded once.
      self.init(x) { $0 + Target.multiplyAdd(correction, $1, $2) }
    }

    /// `reduce` adds the product of its last two arguments to the first. Not adding a zero to it saves an instruction,
    /// which the compiler may not.
    @inlinable @inline(__always)
    init(_ x: Target.F32, reduce: (Target.F32, Target.F32, Target.F32) -> Target.F32) {
      biased = Target.multiplyAdd(Target.exponentBias, x, Target.F32(repeating: 0x1.715476p0))  // 1 ÷ ln 2
      let exponent = biased - Target.exponentBias
      // ln 2 in two parts. The first has 15 bits, and so its product with an exponent of 8 bits is exact.
      let large = Target.multiplyAdd(x, exponent, Target.F32(repeating: -0x1.62e4p-1))
      let r = reduce(large, exponent, Target.F32(repeating: -0x1.7f7d1cp-20))
      // e^r − 1 = r + r²·p(r), within 1.4e-8 of itself.
      var p = Target.F32(repeating: 0x1.6bebdcp-10)
      p = Target.multiplyAdd(Target.F32(repeating: 0x1.122886p-7), p, r)
      p = Target.multiplyAdd(Target.F32(repeating: 0x1.555676p-5), p, r)
      p = Target.multiplyAdd(Target.F32(repeating: 0x1.5554aep-3), p, r)
      p = Target.multiplyAdd(Target.F32(repeating: 0x1.fffffep-2), p, r)
      fraction = Target.multiplyAdd(r, p, r * r)
    }
  }

  /// −x. From zero it would be a subtraction, which the compiler cannot make part of what follows.
  @inlinable @inline(__always)
  static func negated(_ x: Target.F32) -> Target.F32 { Target.F32(repeating: -0.0) - x }

  @inlinable @inline(__always)
  static func clamp(_ x: Target.F32, _ low: Float, _ high: Float) -> Target.F32 {
    Target.minimum(Target.maximum(x, Target.F32(repeating: low)), Target.F32(repeating: high))
  }

  /// (e²ˣ − 1) ÷ (e²ˣ + 1), within 2.5 units.
  @inlinable @inline(__always)
  static func tanh(_ x: Target.F32) -> Target.F32 {
    // From 9.02 on the result rounds to 1.
    let limited = clamp(x, -10, 10)
    let e = Exponential(limited + limited)
    let scale = Target.powerOfTwo(biased: e.biased)
    let expm1 = Target.multiplyAdd(scale - 1, e.fraction, scale)
    return expm1 / (expm1 + 2)
  }

  /// x·σ(x), or σ(x) alone, within 2.5 units.
  @inlinable @inline(__always)
  static func logistic(_ x: Target.F32, timesX: Bool) -> Target.F32 {
    if Target.isWithin(x, 80) {
      let e = Exponential(negated(x))
      return (timesX ? x : Target.F32(repeating: 1)) / onePlus(e.fraction, e.biased)
    }
    // As above to the last bit where nothing is subnormal. From 2¹⁰⁰ on, 1 + e⁻ˣ is e⁻ˣ, and the rest of its power of two
    // is divided by last: that alone can make the result subnormal, which so is rounded once.
    let limited = clamp(x, -120, timesX ? .infinity : 120)
    let e = Exponential(clamp(negated(limited), -80, 120))
    let low = Target.minimum(e.biased, Target.exponentBias + 100)
    let quotient = (timesX ? limited : Target.F32(repeating: 1)) / onePlus(e.fraction, low)
    return quotient * Target.powerOfTwo(biased: (low - e.biased) + Target.exponentBias)
  }

  /// 1 + (1 + fraction)·2ⁿ, for n + ``VectorISA/exponentBias``.
  @inlinable @inline(__always)
  static func onePlus(_ fraction: Target.F32, _ biased: Target.F32) -> Target.F32 {
    let power = Target.powerOfTwo(biased: biased)
    return Target.multiplyAdd(Target.F32(repeating: 1) + power, fraction, power)
  }

  /// a + b·x.
  @inlinable @inline(__always)
  static func linear(_ a: Float, _ b: Float, _ x: Target.F32) -> Target.F32 {
    Target.multiplyAdd(Target.F32(repeating: a), Target.F32(repeating: b), x)
  }

  /// x·Φ(x), with the normal distribution function, within 3.5 units: 3.25 of them, or 3.41 without fused multiply-adds.
  @inlinable @inline(__always)
  static func gelu(_ x: Target.F32) -> Target.F32 {
    // x·Φ(x) = max(x, 0) − t·Φ(−t), with t = |x|. Φ(−t) = e^(−t²÷2)·M(t), where M, Mills' ratio over √(2π), is smooth.
    let t = Target.minimum(Target.magnitude(x), Target.F32(repeating: 16))
    let square = halfSquare(t)
    let e = Exponential(square.negative, correction: square.rest)
    // t·M(t) = v + v²·q(v) with v = t ÷ (2 + 1.2·t), within 1.5e-8 of itself on 0...14.5. As a product of t ÷ (1 + t ÷ 2)
    // and a polynomial of twelve terms, it was off by 4.2 units without fused multiply-adds. With 1 for 1.2, as close a
    // polynomial has a term more; with a term less, and 1.06, gelu took 3 % less time and was off by 3.8 units. A quotient
    // of polynomials in t was as close, but rounding errors added up to 6 units; a polynomial in 1 ÷ (1 + t ÷ 4) came to 7
    // near 0.
    let v = t / Target.multiplyAdd(Target.F32(repeating: 2), t, Target.F32(repeating: 1.2))
    // In pairs of terms, which do not wait for each other: Horner's chain took 3 % more time, as more vectors have to overlap
    // than a CPU holds.
    let vv = v * v
    var q = linear(0x1.213a12p2, -0x1.021862p2, v)
    q = Target.multiplyAdd(q, Target.F32(repeating: 0x1.64aecp0), vv)
    q = Target.multiplyAdd(linear(0x1.42356p0, -0x1.72742ap1, v), q, vv)
    q = Target.multiplyAdd(linear(0x1.3518d4p-3, -0x1.d409d4p-4, v), q, vv)
    q = Target.multiplyAdd(linear(-0x1.8f143p-2, -0x1.8be21ap-4, v), q, vv)
    q = Target.multiplyAdd(Target.F32(repeating: -0x1.9544d2p-2), q, v)
    let mills = Target.multiplyAdd(v, vv, q)
    let tail = Target.multiplyAdd(mills, mills, e.fraction)
    // The exponent goes down to −185.
    return Target.maximum(x, Target.F32()) - Target.scaled(tail, byPowerOfTwo: e.biased - Target.exponentBias)
  }

  /// −t² ÷ 2 beyond a float's digits, as a sum of two, for |t| ≤ 16.
  @inlinable @inline(__always)
  static func halfSquare(_ t: Target.F32) -> (negative: Target.F32, rest: Target.F32) {
    let half = Target.F32(repeating: -0.5)
    if Target.isFused {
      let negative = half * t * t
      return (negative, Target.multiplyAdd(negated(negative), half * t, t))
    }
    // The head of t has 11 bits, so its square is exact.
    let rounding = Target.F32(repeating: 0x1.8p16)
    let head = (t + rounding) - rounding
    return (head * head * half, (t - head) * (t + head) * half)
  }
}
