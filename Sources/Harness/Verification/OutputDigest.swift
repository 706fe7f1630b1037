/// A number that an output shares with no other, but for chance: two outputs with the same digest hold the same bits.
///
/// A kernel that computes the same layer from the same data in the same order gives the same bits, whatever memory they
/// lie in. So an output that has once been compared with the reference stands for all others, and these are looked at in
/// the time that reading them takes.
struct OutputDigest: Hashable, Sendable {
  private let bits: UInt64

  /// The digest of `count` elements at `output`.
  ///
  /// Four sums of multiplied and shifted words run beside each other, for a multiplication takes longer to end than to
  /// begin. Every step can be undone, so a single element that differs always gives another digest.
  init(_ output: UnsafePointer<Float>, count: Int) {
    var lanes = SIMD4<UInt64>(
      0x9E37_79B9_7F4A_7C15, 0xBF58_476D_1CE4_E5B9, 0x94D0_49BB_1331_11EB, 0xD6E8_FEB8_6659_FD93)
    let multiplier = SIMD4<UInt64>(repeating: 0x2545_F491_4F6C_DD1D)
    var index = 0
    while index + 4 <= count {
      for lane in 0..<4 { lanes[lane] ^= UInt64(output[index &+ lane].bitPattern) }
      lanes = lanes &* multiplier
      lanes ^= lanes &>> 29
      index &+= 4
    }
    for rest in index..<count {
      lanes[0] = (lanes[0] ^ UInt64(output[rest].bitPattern)) &* multiplier[0]
      lanes[0] ^= lanes[0] &>> 29
    }
    bits = (0..<4).reduce(UInt64(count)) { ($0 ^ lanes[$1]) &* multiplier[0] ^ ($0 &>> 31) }
  }
}
