/// exp and what is made of it, on vectors: gelu, silu, tanh and sigmoid, within 4 units in the last place of the exact
/// functions over all floats.
///
/// There is no selection: every lane of a vector takes the same path. An element's result does not depend on its
/// neighbours: where all of them decide about the path, both give the same bits. Arguments are clamped to where results
/// still change, powers of two are multiplied in last, so that a subnormal result is rounded once, and NaN stays NaN.
/// Nothing depends on a fused multiply-add: what has to be exact is exact without it. The errors given were found among
/// every 503rd float, with and without fused multiply-adds. The coefficients are least-squares fits, reweighted until
/// their largest relative error was as small as it gets.
@usableFromInline
enum Elementary<Target: VectorISA> {
  /// e raised to x, kept apart: `(1 + fraction) · 2^exponent`, with an integral exponent and |fraction| < 0.42.
  @frozen @usableFromInline
  struct Exponential {
    /// e^r − 1 for the reduced argument r, |r| ≤ ln 2 ÷ 2.
    @usableFromInline let fraction: Target.F32
    /// The power of two.
    @usableFromInline let exponent: Target.F32

    /// e raised to x + correction, where |x| < 2000 and the correction is a small part of ln 2.
    @inlinable @inline(__always)
    init(_ x: Target.F32, correction: Target.F32 = Target.F32()) {
      // Adding 1.5 · 2^23 rounds to an integer, for that is the spacing of floats there.
      let rounding = Target.F32(repeating: 0x1.8p23)
      exponent =
        Target.multiplyAdd(rounding, x, Target.F32(repeating: 0x1.715476p0)) - rounding  // 1 ÷ ln 2
      // ln 2 in two parts. The first has 15 bits, and so its product with an exponent of 8 bits is exact.
      var r = Target.multiplyAdd(x, exponent, Target.F32(repeating: -0x1.62e4p-1))
      r = Target.multiplyAdd(r, exponent, Target.F32(repeating: -0x1.7f7d1cp-20)) + correction
      // e^r − 1 = r + r²·p(r), within 1.4e-8 of itself.
      var p = Target.F32(repeating: 0x1.6bebdcp-10)
      p = Target.multiplyAdd(Target.F32(repeating: 0x1.122886p-7), p, r)
      p = Target.multiplyAdd(Target.F32(repeating: 0x1.555676p-5), p, r)
      p = Target.multiplyAdd(Target.F32(repeating: 0x1.5554aep-3), p, r)
      p = Target.multiplyAdd(Target.F32(repeating: 0x1.fffffep-2), p, r)
      fraction = Target.multiplyAdd(r, p, r * r)
    }
  }

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
    let scale = Target.powerOfTwo(e.exponent)
    let expm1 = Target.multiplyAdd(scale - 1, e.fraction, scale)
    return expm1 / (expm1 + 2)
  }

  /// x·σ(x), within 2.1 units, or σ(x) alone, within 2.4.
  @inlinable @inline(__always)
  static func logistic(_ x: Target.F32, timesX: Bool) -> Target.F32 {
    if Target.isWithin(x, 80) {
      // As below with s = 0, and the same to the last bit: powers of two cancel where nothing is subnormal.
      let e = Exponential(-x)
      let power = Target.powerOfTwo(e.exponent)
      let denominator = Target.multiplyAdd(Target.F32(repeating: 1) + power, e.fraction, power)
      return (timesX ? x : Target.F32(repeating: 1)) / denominator
    }
    // σ(x) = 1 ÷ (1 + e⁻ˣ) = 2⁻ˢ ÷ (2⁻ˢ + e⁻ˣ·2⁻ˢ), with s the exponent of e⁻ˣ as far as 2⁻ˢ is a normal number. The
    // result is subnormal only by the division, and is rounded once.
    let limited = clamp(x, -120, timesX ? .infinity : 120)
    let e = Exponential(clamp(-limited, -80, 120))
    let shift = clamp(e.exponent, 0, 126)
    let scale = Target.powerOfTwo(-shift)
    let rest = Target.powerOfTwo(e.exponent - shift)
    let denominator = Target.multiplyAdd(scale + rest, e.fraction, rest)
    return (timesX ? limited * scale : scale) / denominator
  }

  /// x·Φ(x), with the normal distribution function, within 3.0 units, or 3.6 without fused multiply-adds.
  @inlinable @inline(__always)
  static func gelu(_ x: Target.F32) -> Target.F32 {
    // x·Φ(x) = max(x, 0) − t·Φ(−t), with t = |x|. Φ(−t) = e^(−t²÷2)·M(t), where M, Mills' ratio over √(2π), is smooth.
    let t = Target.minimum(Target.maximum(x, -x), Target.F32(repeating: 16))
    // −t² ÷ 2 has to be known beyond a float's digits. The head of t has 11 bits, so its square is exact.
    let rounding = Target.F32(repeating: 0x1.8p16)
    let head = (t + rounding) - rounding
    let half = Target.F32(repeating: -0.5)
    let e = Exponential(head * head * half, correction: (t - head) * (t + head) * half)
    // t·M(t) = v·p(v) with v = t ÷ (1 + t ÷ 2), within 2.9e-9 of itself on 0...14.5. A quotient of polynomials in t
    // was as close, but rounding errors added up to 6 units; a polynomial in 1 ÷ (1 + t ÷ 4) came to 7 near 0.
    let v = t / Target.multiplyAdd(Target.F32(repeating: 1), t, Target.F32(repeating: 0.5))
    var p = Target.F32(repeating: -0x1.153064p-15)
    p = Target.multiplyAdd(Target.F32(repeating: 0x1.2f069ep-12), p, v)
    p = Target.multiplyAdd(Target.F32(repeating: -0x1.077e04p-10), p, v)
    p = Target.multiplyAdd(Target.F32(repeating: 0x1.f54608p-10), p, v)
    p = Target.multiplyAdd(Target.F32(repeating: -0x1.448068p-9), p, v)
    p = Target.multiplyAdd(Target.F32(repeating: 0x1.ddf9c2p-10), p, v)
    p = Target.multiplyAdd(Target.F32(repeating: -0x1.45a60ap-12), p, v)
    p = Target.multiplyAdd(Target.F32(repeating: 0x1.dbbf6ep-9), p, v)
    p = Target.multiplyAdd(Target.F32(repeating: 0x1.58477cp-8), p, v)
    p = Target.multiplyAdd(Target.F32(repeating: -0x1.882cdap-6), p, v)
    p = Target.multiplyAdd(Target.F32(repeating: -0x1.3108c4p-3), p, v)
    p = Target.multiplyAdd(Target.F32(repeating: 0x1.000000p-1), p, v)
    let mills = v * p
    let tail = Target.multiplyAdd(mills, mills, e.fraction)
    // The exponent goes down to −185: two powers of two, of which the last alone can make the result subnormal.
    let low = clamp(e.exponent, -126, 0)
    return Target.maximum(x, Target.F32()) - tail * Target.powerOfTwo(e.exponent - low) * Target.powerOfTwo(low)
  }
}
