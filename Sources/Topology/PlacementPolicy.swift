/// Which CPUs threads may sit on, and in which order they take them.
///
/// The vocabulary is OpenMP's (OpenMP API 5.2, `OMP_PLACES` and `OMP_PROC_BIND`), extended by what it does not say:
/// how many SMT siblings of a core take part, which core kinds, and whether CPUs may be shared.
public struct PlacementPolicy: Hashable, Sendable, Codable {
  /// What a place is: the CPUs that one thread, or some neighbouring threads, are put on.
  public enum Places: Hashable, Sendable {
    /// Each processing unit.
    case threads
    /// Each core.
    case cores
    /// The CPUs that share a last-level cache: L3, or L2 where there is no other.
    case llCaches
    /// The CPUs of a NUMA node.
    case numaDomains
    /// The CPUs of a package.
    case sockets
    /// These sets of OS CPUs, in this order.
    case list([CPUSet])
    /// So many of the places of a level, the first ones in logical order: OpenMP's `cores(4)`.
    indirect case first(Int, Places)
  }

  /// How threads are dealt to the places.
  public enum Bind: String, Hashable, Sendable, Codable, CaseIterable {
    /// Thread i on place i: neighbouring threads are close to each other.
    case close
    /// Thread i on place ⌊i·P/T⌋ of P places: threads are far from each other, also within a place.
    case spread
    /// One processing unit after the other, SMT siblings adjacent.
    case compact
    /// Round-robin from the outermost level inwards, the first processing unit of every core before any sibling.
    case scatter
    /// Not pinned.
    case none
  }

  /// Which kinds of cores take part.
  public enum CoreKinds: Hashable, Sendable {
    /// All of them.
    case all
    /// The kind that hwloc ranks highest among those with eligible CPUs. All cores, if the machine has one kind or
    /// does not tell.
    case fastest
    /// The kind of that index.
    case index(Int)
  }

  /// What to do with more threads than CPUs.
  public enum Oversubscription: String, Hashable, Sendable, Codable, CaseIterable {
    /// Refuse.
    case error
    /// Start again from the first CPU, and mark the placement.
    case wrap
  }

  /// What a place is.
  public var places: Places
  /// How threads are dealt to the places.
  public var bind: Bind
  /// How many eligible processing units of a core take part at most, at least 1; nil for one, but as many of a list as it
  /// names.
  public var smt: Int?
  /// Which kinds of cores take part.
  public var coreKinds: CoreKinds
  /// What to do with more threads than CPUs.
  public var oversubscription: Oversubscription

  /// The most threads that a placement may have.
  public static let maximumThreads = 65_536

  /// A policy; by default one thread a core, neighbouring threads on neighbouring cores.
  ///
  /// - Precondition: `smt >= 1`, if given.
  public init(
    places: Places = .cores, bind: Bind = .close, smt: Int? = nil, coreKinds: CoreKinds = .all,
    oversubscription: Oversubscription = .error
  ) {
    precondition(smt ?? 1 >= 1, "a core takes part with at least one processing unit")
    self.places = places
    self.bind = bind
    self.smt = smt
    self.coreKinds = coreKinds
    self.oversubscription = oversubscription
  }
}

extension PlacementPolicy: CustomStringConvertible {
  /// The policy as the command line spells it, without the oversubscription.
  public var description: String {
    var words = "--places \(places) --bind \(bind)"
    if let smt { words += " --smt \(smt)" } else if !places.isList { words += " --smt 1" }
    return "\(words) --core-kind \(coreKinds)"
  }
}

// MARK: - Words of the command line

extension PlacementPolicy.Places: CustomStringConvertible {
  /// The word that the command line uses; a list as `{0},{2},{4-5}`.
  public var description: String {
    switch self {
    case .threads: "threads"
    case .cores: "cores"
    case .llCaches: "ll-caches"
    case .numaDomains: "numa-domains"
    case .sockets: "sockets"
    case .list(let places): places.map { "{\($0)}" }.joined(separator: ",")
    case .first(let count, let level): "\(level)(\(count))"
    }
  }

  /// Whether CPUs are named one by one.
  var isList: Bool {
    if case .list = self { return true }
    return false
  }

  /// The levels that have a word of their own.
  public static let levels: [Self] = [.threads, .cores, .llCaches, .numaDomains, .sockets]

  /// Reads a word, a word with a number of places such as `cores(4)`, or a list of places. Space around words, numbers and
  /// signs does not matter.
  ///
  /// A list is either `{…},{…}`, each place holding OS CPUs as `4`, `4-7`, or OpenMP's `first:count` and
  /// `first:count:stride`, and repeated by OpenMP's `{…}:count` and `{…}:count:stride`, where `!` before a CPU or a place
  /// takes it out again; or `0,2,4-7`, where each CPU is a place.
  ///
  /// - Throws: ``PlacementError/unknownWord(flag:value:expected:)`` or ``PlacementError/malformedPlaces(_:reason:)``.
  public init(_ text: String) throws(PlacementError) {
    let body = text.filter { !$0.isWhitespace }
    if let level = Self(level: body) {
      self = level
    } else if body.first == "{" {
      self = .list(try PlaceList.parse(text))
    } else if body.first?.isNumber == true {
      self = .list(try PlaceList.parseCPUs(text))
    } else {
      let words = Self.levels.map(\.description).joined(separator: ", ")
      throw .unknownWord(
        flag: "--places", value: text,
        expected: "\(words), one of them with a number such as cores(4), or a list such as '{0},{2},{4-5}'")
    }
  }

  /// The level that `text` spells with or without a number of places; nil if it spells none.
  init?(level text: String) {
    let parts = text.split(separator: "(", maxSplits: 1, omittingEmptySubsequences: false)
    guard let level = Self.levels.first(where: { $0.description == parts[0] }) else { return nil }
    if parts.count == 1 {
      self = level
      return
    }
    guard parts[1].last == ")", let count = Int(index: parts[1].dropLast()), 1...PlacementPolicy.maximumThreads ~= count
    else { return nil }
    self = .first(count, level)
  }
}

extension PlacementPolicy.CoreKinds: CustomStringConvertible {
  /// The word that the command line uses: `all`, `fastest` or `#1`.
  public var description: String {
    switch self {
    case .all: "all"
    case .fastest: "fastest"
    case .index(let kind): "#\(kind)"
    }
  }

  /// Reads `all`, `fastest`, or a kind's index as `#1`.
  ///
  /// - Throws: ``PlacementError/unknownWord(flag:value:expected:)``.
  public init(_ text: String) throws(PlacementError) {
    switch text {
    case "all": self = .all
    case "fastest": self = .fastest
    default:
      guard text.first == "#", let kind = Int(index: text.dropFirst()) else {
        throw .unknownWord(
          flag: "--core-kind", value: text, expected: "all, fastest, or # and the index of a kind, such as '#0'")
      }
      self = .index(kind)
    }
  }
}

extension PlacementPolicy.Bind {
  /// Reads a word.
  ///
  /// - Throws: ``PlacementError/unknownWord(flag:value:expected:)``.
  public init(_ text: String) throws(PlacementError) {
    guard let value = Self(rawValue: text) else {
      let words = Self.allCases.map(\.rawValue).joined(separator: ", ")
      throw .unknownWord(flag: "--bind", value: text, expected: "one of \(words)")
    }
    self = value
  }
}

extension PlacementPolicy.Oversubscription {
  /// Reads a word.
  ///
  /// - Throws: ``PlacementError/unknownWord(flag:value:expected:)``.
  public init(_ text: String) throws(PlacementError) {
    guard let value = Self(rawValue: text) else {
      let words = Self.allCases.map(\.rawValue).joined(separator: " or ")
      throw .unknownWord(flag: "--oversubscribe", value: text, expected: words)
    }
    self = value
  }
}

// MARK: - Coding

extension PlacementPolicy.Places: Codable {
  /// Decodes the word or list.
  public init(from decoder: any Decoder) throws {
    self = try Self(String(from: decoder))
  }

  /// Encodes the word or list.
  public func encode(to encoder: any Encoder) throws {
    try description.encode(to: encoder)
  }
}

extension PlacementPolicy.CoreKinds: Codable {
  /// Decodes the word.
  public init(from decoder: any Decoder) throws {
    self = try Self(String(from: decoder))
  }

  /// Encodes the word.
  public func encode(to encoder: any Encoder) throws {
    try description.encode(to: encoder)
  }
}
