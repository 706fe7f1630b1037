/// Reader of explicit places in OpenMP's notation.
///
/// ```
/// places   := place (',' place)*
/// place    := '{' resource (',' resource)* '}' (':' count (':' stride)?)?
/// resource := first ('-' last | ':' count (':' stride)?)?
/// ```
///
/// Source: OpenMP API 5.2, section 21.1.6 (`OMP_PLACES`), without negative strides and exclusions, and with Linux's
/// `first-last`.
enum PlaceList {
  /// Reads the list; no place is empty.
  static func parse(_ text: String) throws(PlacementError) -> [CPUSet] {
    var reader = Reader(text: text, rest: text[...])
    var places: [CPUSet] = []
    repeat {
      try reader.expect("{")
      var cpus = CPUSet()
      repeat {
        let first = try reader.number()
        if reader.skip("-") {
          let last = try reader.number()
          guard last >= first else { throw reader.failure("the range \(first)-\(last) descends") }
          cpus.formUnion(CPUSet(first..<last + 1))
        } else {
          for offset in try reader.repetition() { cpus.insert(try reader.sum(first, offset)) }
        }
        try reader.check(cpus.count)
      } while reader.skip(",")
      try reader.expect("}")
      for offset in try reader.repetition() {
        var shifted = CPUSet()
        for cpu in cpus { shifted.insert(try reader.sum(cpu, offset)) }
        places.append(shifted)
        try reader.check(places.count * cpus.count)
      }
    } while reader.skip(",")
    guard reader.rest.isEmpty else { throw reader.failure("'\(reader.rest)' is left over") }
    return places
  }

  private struct Reader {
    let text: String
    var rest: Substring

    func failure(_ reason: String) -> PlacementError {
      .malformedPlaces(text, reason: reason)
    }

    mutating func skip(_ character: Character) -> Bool {
      guard rest.first == character else { return false }
      rest.removeFirst()
      return true
    }

    mutating func expect(_ character: Character) throws(PlacementError) {
      guard skip(character) else {
        throw failure("with \(rest.isEmpty ? "an end" : "'\(rest)'") where '\(character)' was expected")
      }
    }

    mutating func number() throws(PlacementError) -> Int {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      guard let value = Int(index: digits) else {
        throw failure("with \(rest.isEmpty ? "an end" : "'\(rest)'") where a number was expected")
      }
      rest = rest[digits.endIndex...]
      return value
    }

    /// Reads `:count:stride`, and returns the offsets that it stands for: 0 alone when it is not there.
    mutating func repetition() throws(PlacementError) -> [Int] {
      guard skip(":") else { return [0] }
      let count = try number()
      guard count > 0 else { throw failure("with a count of 0") }
      try check(count)
      let stride = skip(":") ? try number() : 1
      guard stride <= Int.max / count else { throw failure("with too large a stride") }
      return (0..<count).map { $0 * stride }
    }

    func sum(_ cpu: Int, _ offset: Int) throws(PlacementError) -> Int {
      let (sum, overflow) = cpu.addingReportingOverflow(offset)
      guard !overflow, sum < .max else { throw failure("with too large an index") }
      return sum
    }

    func check(_ count: Int) throws(PlacementError) {
      guard count <= PlacementPolicy.maximumThreads else {
        throw failure("with more than \(PlacementPolicy.maximumThreads) CPUs")
      }
    }
  }
}
