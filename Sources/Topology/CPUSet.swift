/// A set of CPUs by the operating system's index.
///
/// Held as ranges, so that neither a large index nor a large set costs memory: hwloc's sets may even be unbounded.
/// Printed, parsed and encoded in Linux's list form, `0,2,4-7`, the empty set as the empty string.
public struct CPUSet: Hashable, Sendable {
  /// Disjoint, ascending, none empty, and none adjacent to the next: equal sets have equal ranges.
  private var ranges: [Range<Int>]

  /// The empty set.
  public init() {
    ranges = []
  }

  /// The CPUs from the range's lower bound up to, but not including, its upper bound.
  ///
  /// - Precondition: no index is negative.
  public init(_ range: Range<Int>) {
    precondition(range.lowerBound >= 0, "a CPU index is not negative")
    ranges = range.isEmpty ? [] : [range]
  }

  /// The set that holds one CPU.
  ///
  /// - Precondition: `0 <= cpu < Int.max`.
  public init(cpu: Int) {
    precondition(cpu >= 0 && cpu < Int.max, "a CPU index is not negative, and has a successor")
    ranges = [cpu..<cpu + 1]
  }

  /// The CPUs of a sequence, in any order, repeated or not.
  ///
  /// - Complexity: O(n log n), where inserting one by one would be quadratic.
  /// - Precondition: `0 <= cpu < Int.max` for each.
  public init(_ cpus: some Sequence<Int>) {
    ranges = []
    for cpu in cpus.sorted() {
      precondition(cpu >= 0 && cpu < Int.max, "a CPU index is not negative, and has a successor")
      if let last = ranges.last, cpu <= last.upperBound {
        ranges[ranges.count - 1] = last.lowerBound..<Swift.max(last.upperBound, cpu + 1)
      } else {
        ranges.append(cpu..<cpu + 1)
      }
    }
  }

  /// The number of CPUs in the set.
  ///
  /// - Complexity: linear in the number of ranges.
  public var count: Int {
    ranges.reduce(0) { $0 + $1.count }
  }

  /// Whether the set holds no CPU.
  public var isEmpty: Bool {
    ranges.isEmpty
  }

  /// The lowest CPU of the set, or nil when it is empty.
  public var first: Int? {
    ranges.first?.lowerBound
  }

  /// The indices for which `keep` holds, given whether an index is in this set and whether it is in the other.
  ///
  /// Walks the ends of both sets' ranges in ascending order. `keep(false, false)` must be false.
  private func combined(with other: CPUSet, where keep: (Bool, Bool) -> Bool) -> CPUSet {
    var result = CPUSet()
    var (i, j) = (0, 0)
    var start: Int? = nil
    while true {
      // An even edge begins a range and an odd one ends it: after i edges, "inside" means that i is odd.
      let mine = ranges.edge(i)
      let theirs = other.ranges.edge(j)
      guard let position = mine.map({ Swift.min($0, theirs ?? $0) }) ?? theirs else { return result }
      if mine == position { i += 1 }
      if theirs == position { j += 1 }
      if keep(i % 2 == 1, j % 2 == 1) {
        start = start ?? position
      } else if let lower = start {
        result.ranges.append(lower..<position)
        start = nil
      }
    }
  }
}

extension [Range<Int>] {
  /// The i-th end of the ranges: lower bound, upper bound, lower bound …; nil after the last.
  fileprivate func edge(_ i: Int) -> Int? {
    guard i / 2 < count else { return nil }
    return i % 2 == 0 ? self[i / 2].lowerBound : self[i / 2].upperBound
  }
}

extension CPUSet: SetAlgebra {
  /// Whether the CPU is in the set.
  ///
  /// - Complexity: linear in the number of ranges.
  public func contains(_ cpu: Int) -> Bool {
    ranges.contains { $0.contains(cpu) }
  }

  /// The CPUs that are in either set.
  public func union(_ other: CPUSet) -> CPUSet {
    combined(with: other) { $0 || $1 }
  }

  /// The CPUs that are in both sets.
  public func intersection(_ other: CPUSet) -> CPUSet {
    combined(with: other) { $0 && $1 }
  }

  /// The CPUs that are in exactly one of the sets.
  public func symmetricDifference(_ other: CPUSet) -> CPUSet {
    combined(with: other) { $0 != $1 }
  }

  /// The CPUs of this set that are not in the other.
  public func subtracting(_ other: CPUSet) -> CPUSet {
    combined(with: other) { $0 && !$1 }
  }

  /// Adds the CPUs of the other set.
  public mutating func formUnion(_ other: CPUSet) {
    self = union(other)
  }

  /// Removes the CPUs that are not in the other set.
  public mutating func formIntersection(_ other: CPUSet) {
    self = intersection(other)
  }

  /// Removes the CPUs that are in both sets, and adds those that are only in the other.
  public mutating func formSymmetricDifference(_ other: CPUSet) {
    self = symmetricDifference(other)
  }

  /// Adds one CPU.
  ///
  /// - Precondition: `0 <= cpu < Int.max`.
  @discardableResult
  public mutating func insert(_ cpu: Int) -> (inserted: Bool, memberAfterInsert: Int) {
    let inserted = !contains(cpu)
    formUnion(CPUSet(cpu: cpu))
    return (inserted, cpu)
  }

  /// Removes one CPU, and returns it if it was there.
  @discardableResult
  public mutating func remove(_ cpu: Int) -> Int? {
    guard contains(cpu) else { return nil }
    self = subtracting(CPUSet(cpu: cpu))
    return cpu
  }

  /// Adds one CPU, and returns it if it was there before.
  ///
  /// - Precondition: `0 <= cpu < Int.max`.
  @discardableResult
  public mutating func update(with cpu: Int) -> Int? {
    insert(cpu).inserted ? nil : cpu
  }
}

extension CPUSet: Sequence {
  /// Iterates over the CPUs in ascending order.
  public func makeIterator() -> FlattenSequence<[Range<Int>]>.Iterator {
    ranges.joined().makeIterator()
  }
}

extension CPUSet: CustomStringConvertible {
  /// The set in Linux's list form, `0,2,4-7`; empty for the empty set.
  public var description: String {
    ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound - 1)" }
      .joined(separator: ",")
  }

  /// Parses Linux's list form: numbers and ranges between commas, in any order; overlaps are merged. Space around the
  /// whole (the newline of a file under /proc or /sys) is ignored, and nothing at all is the empty set.
  ///
  /// - Throws: ``CPUListError`` with the part that is neither a number nor a range.
  public init(list text: some StringProtocol) throws(CPUListError) {
    self.init()
    var body = text[...]
    while let last = body.last, last.isWhitespace { body.removeLast() }
    while let first = body.first, first.isWhitespace { body.removeFirst() }
    guard !body.isEmpty else { return }
    for part in body.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
      guard let lower = Int(index: ends[0]), let upper = ends.count == 1 ? lower : Int(index: ends[1]), lower <= upper
      else {
        throw CPUListError(list: String(text), part: String(part))
      }
      formUnion(CPUSet(lower..<upper + 1))
    }
  }
}

extension Int {
  /// A CPU index: decimal digits only, without a sign, and small enough to have a successor.
  init?(index text: some StringProtocol) {
    guard text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }), let value = Int(text), value < .max
    else { return nil }
    self = value
  }
}

extension CPUSet: Codable {
  /// Decodes a string in list form.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    do {
      self = try CPUSet(list: text)
    } catch {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: error.description)
    }
  }

  /// Encodes the set as a string in list form.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// A list of CPUs that is not in Linux's list form.
public struct CPUListError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The whole list.
  public let list: String
  /// The part between two commas that could not be read.
  public let part: String

  /// One sentence with the list, the part and what was expected.
  public var description: String {
    "CPU list '\(list)': '\(part)' is neither an index nor an ascending range; expected a list such as 0,2,4-7."
  }
}
