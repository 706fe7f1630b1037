/// Reader of explicit places in OpenMP's notation, and of lists of CPUs in Linux's.
///
/// ```
/// places   := item (',' item)*
/// item     := place (':' count (':' stride)?)? | '!' place
/// place    := '{' resource (',' resource)* '}'
/// resource := first ('-' last | ':' count (':' stride)?)? | '!' number
/// cpus     := first ('-' last (':' stride)?)? (',' …)*
/// ```
///
/// Strides of places and resources may be negative. `!` takes out what was there before it. White space may stand between
/// any two of these, but not inside a number.
///
/// Source: OpenMP API 5.2, section 21.1.6 (`OMP_PLACES`), with Linux's `first-last`; taskset(1) for `first-last:stride`.
enum PlaceList {
  /// Reads places; none is empty.
  static func parse(_ text: String) throws(PlacementError) -> [CPUSet] {
    var reader = Reader(text)
    var places: [CPUSet] = []
    repeat {
      let isExcluded = reader.skip("!")
      let cpus = try reader.place()
      if isExcluded {
        guard let index = places.firstIndex(of: cpus) else {
          throw reader.failure("for it excludes {\(cpus)}, which is no place before that")
        }
        places.remove(at: index)
        continue
      }
      for offset in try reader.repetition() {
        var shifted = CPUSet()
        for cpu in cpus { shifted.insert(try reader.sum(cpu, offset)) }
        places.append(shifted)
        try reader.check(places.count * cpus.count)
      }
    } while reader.skip(",")
    try reader.expectEnd()
    guard !places.isEmpty else { throw reader.failure("for it excludes every place") }
    return places
  }

  /// Reads CPUs, each a place, in the order in which they stand there.
  static func parseCPUs(_ text: String) throws(PlacementError) -> [CPUSet] {
    var reader = Reader(text)
    var places: [CPUSet] = []
    repeat {
      let first = try reader.number()
      guard reader.skip("-") else {
        places.append(CPUSet(cpu: first))
        continue
      }
      let last = try reader.last(after: first)
      let stride = reader.skip(":") ? try reader.number() : 1
      guard stride > 0 else { throw reader.failure("with a stride of 0") }
      try reader.check(places.count + (last - first) / stride + 1)
      for cpu in Swift.stride(from: first, through: last, by: stride) { places.append(CPUSet(cpu: cpu)) }
    } while reader.skip(",")
    try reader.expectEnd()
    return places
  }

  private struct Reader {
    let text: String
    private var rest: Substring

    init(_ text: String) {
      self.text = text
      rest = text[...]
    }

    func failure(_ reason: String) -> PlacementError {
      .malformedPlaces(text, reason: reason)
    }

    private mutating func skipSpace() {
      rest = rest.drop(while: \.isWhitespace)
    }

    mutating func skip(_ character: Character) -> Bool {
      skipSpace()
      guard rest.first == character else { return false }
      rest.removeFirst()
      return true
    }

    /// What stands where something else should.
    private var found: String {
      rest.isEmpty ? "an end" : "'\(rest)'"
    }

    mutating func expect(_ character: Character) throws(PlacementError) {
      guard skip(character) else { throw failure("with \(found) where '\(character)' was expected") }
    }

    mutating func expectEnd() throws(PlacementError) {
      skipSpace()
      guard rest.isEmpty else { throw failure("'\(rest)' is left over") }
    }

    mutating func number() throws(PlacementError) -> Int {
      skipSpace()
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      guard let value = Int(index: digits) else { throw failure("with \(found) where a number was expected") }
      rest = rest[digits.endIndex...]
      return value
    }

    /// The last CPU of a range that begins with `first`.
    mutating func last(after first: Int) throws(PlacementError) -> Int {
      let last = try number()
      guard last >= first else { throw failure("the range \(first)-\(last) descends") }
      return last
    }

    /// Reads one place in braces.
    mutating func place() throws(PlacementError) -> CPUSet {
      try expect("{")
      var cpus = CPUSet()
      repeat {
        if skip("!") {
          let cpu = try number()
          guard cpus.remove(cpu) != nil else {
            throw failure("for it excludes CPU \(cpu), which is not there before that")
          }
          continue
        }
        let first = try number()
        if skip("-") {
          cpus.formUnion(CPUSet(first..<(try last(after: first)) + 1))
        } else {
          for offset in try repetition() { cpus.insert(try sum(first, offset)) }
        }
        try check(cpus.count)
      } while skip(",")
      try expect("}")
      guard !cpus.isEmpty else { throw failure("for it excludes every CPU of a place") }
      return cpus
    }

    /// Reads `:count:stride`, and returns the offsets that it stands for: 0 alone when it is not there.
    mutating func repetition() throws(PlacementError) -> [Int] {
      guard skip(":") else { return [0] }
      let count = try number()
      guard count > 0 else { throw failure("with a count of 0") }
      try check(count)
      var stride = 1
      if skip(":") {
        let sign = skip("-") ? -1 : 1
        stride = sign * (try number())
      }
      guard abs(stride) <= Int.max / count else { throw failure("with too large a stride") }
      return (0..<count).map { $0 * stride }
    }

    func sum(_ cpu: Int, _ offset: Int) throws(PlacementError) -> Int {
      let (sum, overflow) = cpu.addingReportingOverflow(offset)
      guard !overflow, sum < .max else { throw failure("with too large an index") }
      guard sum >= 0 else { throw failure("with an index below 0") }
      return sum
    }

    func check(_ count: Int) throws(PlacementError) {
      guard count <= PlacementPolicy.maximumThreads else {
        throw failure("with more than \(PlacementPolicy.maximumThreads) CPUs")
      }
    }
  }
}
