import Layers
import Testing

@Suite struct SeededGeneratorTests {
  /// SplitMix64, computed with integers of unlimited size from the definition in the paper.
  private static let vectors: [(seed: UInt64, numbers: [UInt64])] = [
    (
      0, [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f, 0xf88b_b8a8_724c_81ec]
    ),
    (
      1_234_567,
      [0x599e_d017_fb08_fc85, 0x2c73_f084_5854_0fa5, 0x883e_bce5_a3f2_7c77, 0x3fbe_f740_e917_7b3f]
    ),
    (
      .max, [0xe4d9_7177_1b65_2c20, 0xe99f_f867_dbf6_82c9, 0x382f_f84c_b272_81e9, 0x6d1d_b36c_cba9_82d2]
    ),
  ]

  @Test func numbersAreThoseOfSplitMix64() {
    for (seed, numbers) in Self.vectors {
      var generator = SeededGenerator(seed: seed)
      #expect(numbers.map { _ in generator.next() } == numbers, "seed \(seed)")
    }
  }

  @Test(arguments: [0, 1, 42, UInt64.max])
  func randomAccessIsSequentialAccess(seed: UInt64) {
    var generator = SeededGenerator(seed: seed, stream: seed % 3)
    let start = generator
    let numbers = (0..<1000).map { _ in generator.next() }
    for (index, number) in numbers.enumerated() { #expect(start.number(at: index) == number, "seed \(seed)") }
    // An index counts from where the generator is.
    #expect(generator.number(at: 0) == start.number(at: 1000))
  }

  @Test func streamsAndSeedsDiffer() {
    var seen: Set<UInt64> = []
    var count = 0
    for seed in UInt64(0)..<20 {
      for stream in UInt64(0)..<20 {
        let generator = SeededGenerator(seed: seed, stream: stream)
        for index in 0..<50 {
          seen.insert(generator.number(at: index))
          count += 1
        }
      }
    }
    // 2·10⁴ numbers of 64 bits: two equal ones have a probability of 10⁻¹¹, and mean overlapping sequences.
    #expect(seen.count == count)
  }

  @Test func bitsAreBalanced() {
    let generator = SeededGenerator(seed: 9, stream: 1)
    let count = 10_000
    for bit in 0..<64 {
      let ones = (0..<count).filter { generator.number(at: $0) >> UInt64(bit) & 1 == 1 }.count
      // Five standard deviations of a binomial distribution.
      #expect(abs(ones - count / 2) < 250, "bit \(bit)")
    }
  }
}
