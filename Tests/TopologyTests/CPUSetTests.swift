import Foundation
import Testing

@testable import Topology

@Suite("CPU sets")
struct CPUSetTests {
  @Test(
    "The list form is canonical",
    arguments: [
      ("", ""), ("0", "0"), ("0,2,4-7", "0,2,4-7"), ("7,4-6,2,0", "0,2,4-7"), ("0-3,2-5\n", "0-5"), ("1,0", "0-1"),
      ("3,3,3", "3"), (" 5-5 ", "5"), ("1023,1024,1025", "1023-1025"), ("0-999999999999", "0-999999999999"),
    ])
  func parsesAndPrints(text: String, canonical: String) throws {
    let set = try CPUSet(list: text)
    #expect(set.description == canonical)
    #expect(try CPUSet(list: canonical) == set)
  }

  @Test(
    "What is not a list is refused, and the part named",
    arguments: [
      ("x", "x"), ("1,,2", ""), ("1,", ""), ("3-1", "3-1"), ("-1", "-1"), ("+1", "+1"), ("1-", "1-"),
      ("1-2-3", "1-2-3"),
      ("0x1", "0x1"), ("1 2", "1 2"), ("99999999999999999999", "99999999999999999999"),
    ])
  func refuses(text: String, part: String) {
    #expect(throws: CPUListError(list: text, part: part)) { try CPUSet(list: text) }
  }

  @Test("The algebra agrees with Set<Int>", arguments: 0..<UInt64(200))
  func agreesWithSet(seed: UInt64) {
    var random = SplitMix(seed: seed)
    // Dense and sparse, with runs, so that ranges touch, nest and cross.
    func numbers() -> Set<Int> {
      var result: Set<Int> = []
      for _ in 0..<Int.random(in: 0..<6, using: &random) {
        let first = Int.random(in: 0..<40, using: &random)
        result.formUnion(first..<first + Int.random(in: 1..<9, using: &random))
      }
      return result
    }
    let (a, b) = (numbers(), numbers())
    let (x, y) = (CPUSet(a), CPUSet(b))
    #expect(Array(x) == a.sorted(), "seed \(seed)")
    #expect(x.count == a.count && x.isEmpty == a.isEmpty && x.first == a.min(), "seed \(seed)")
    #expect(Array(x.union(y)) == a.union(b).sorted(), "seed \(seed)")
    #expect(Array(x.intersection(y)) == a.intersection(b).sorted(), "seed \(seed)")
    #expect(Array(x.subtracting(y)) == a.subtracting(b).sorted(), "seed \(seed)")
    #expect(Array(x.symmetricDifference(y)) == a.symmetricDifference(b).sorted(), "seed \(seed)")
    #expect(x.isSubset(of: y) == a.isSubset(of: b) && x.isDisjoint(with: y) == a.isDisjoint(with: b), "seed \(seed)")
    // Canonical: equal contents, however they came about, are equal values.
    #expect(x.union(y).subtracting(y).union(x.intersection(y)) == x, "seed \(seed)")
    var z = x
    for cpu in b.shuffled(using: &random) { z.insert(cpu) }
    #expect(z == x.union(y), "seed \(seed)")
    for cpu in b.shuffled(using: &random) { z.remove(cpu) }
    #expect(z == x.subtracting(y), "seed \(seed)")
  }

  @Test("Encoded as a string in list form")
  func codes() throws {
    let set: CPUSet = [0, 2, 4, 5, 6, 7]
    let data = try JSONEncoder().encode([set])
    #expect(String(decoding: data, as: UTF8.self) == #"["0,2,4-7"]"#)
    #expect(try JSONDecoder().decode([CPUSet].self, from: data) == [set])
    #expect(throws: DecodingError.self) { try JSONDecoder().decode([CPUSet].self, from: Data(#"["4-"]"#.utf8)) }
  }
}

/// A small seeded generator (SplitMix64; Steele, Lea and Flood, 2014).
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
