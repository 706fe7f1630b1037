/// What the environment says of placement in OpenMP's variables: `OMP_PLACES` and `OMP_PROC_BIND`.
///
/// They hold where nothing more specific says otherwise, so that a user who has set them for other programs gets the
/// same CPUs here. An OpenMP thread may run on all CPUs of its place; the lab's sits on one of them.
///
/// Source: OpenMP API 5.2, sections 21.1.6 (`OMP_PLACES`) and 21.1.7 (`OMP_PROC_BIND`).
public struct OpenMPVariables: Hashable, Sendable {
  /// What a place is; nil if `OMP_PLACES` is not set. Levels are spelt `ll_caches`, `cores(4)` and so on, lists as OpenMP
  /// has them.
  public let places: PlacementPolicy.Places?
  /// How threads are dealt to places; nil if `OMP_PROC_BIND` is not set.
  ///
  /// Of `true`, OpenMP leaves the policy open: `close`. Of a list, one policy for each level of nested parallelism, the
  /// first counts.
  public let bind: PlacementPolicy.Bind?
  /// The variables that are set, as they stand.
  public let variables: [String: String]

  /// The name of the variable of places.
  public static let placesName = "OMP_PLACES"
  /// The name of the variable of the binding policy.
  public static let bindName = "OMP_PROC_BIND"

  /// Reads the variables. Case and surrounding space do not matter; an empty variable is not set.
  ///
  /// - Throws: ``PlacementError/variable(name:value:expected:)`` for a value that OpenMP does not have, or that the lab
  ///   cannot honour: all threads on the place of the first (`primary`, or `master`).
  public init(environment: [String: String]) throws(PlacementError) {
    variables = environment.filter {
      ($0.key == Self.placesName || $0.key == Self.bindName) && !$0.value.allSatisfy(\.isWhitespace)
    }
    places = try variables[Self.placesName].map { value throws(PlacementError) in try Self.places(value) }
    bind = try variables[Self.bindName].map { value throws(PlacementError) in try Self.bind(value) }
  }

  /// How many processing units of a core take part, where no flag says so: all of them if ``places`` are hardware threads,
  /// each of which is a place for OpenMP; nil leaves it to the policy.
  public func smt(on machine: Machine) -> Int? {
    switch places {
    case .threads, .first(_, .threads): machine.cores.map(\.cpus.count).max()
    default: nil
    }
  }

  private static func places(_ value: String) throws(PlacementError) -> PlacementPolicy.Places {
    let text = value.filter { !$0.isWhitespace }.lowercased()
    // OpenMP's levels have no hyphens.
    if !text.contains("-"), let level = PlacementPolicy.Places(level: String(text.map { $0 == "_" ? "-" : $0 })) {
      return level
    }
    do throws(PlacementError) {
      if text.first == "{" { return try PlacementPolicy.Places(value) }
    } catch {
      guard case .malformedPlaces(_, let reason) = error else { throw error }
      throw .variable(
        name: placesName, value: value, expected: "places of CPUs such as {0},{2},{4:2}, but it is malformed, \(reason)"
      )
    }
    let words = PlacementPolicy.Places.levels.map { String($0.description.map { $0 == "-" ? "_" : $0 }) }
      .joined(separator: ", ")
    throw .variable(
      name: placesName, value: value,
      expected: "\(words), one of them with a number such as cores(4), or a list such as {0},{2},{4:2}")
  }

  private static func bind(_ value: String) throws(PlacementError) -> PlacementPolicy.Bind {
    let words = value.lowercased().split(separator: ",", omittingEmptySubsequences: false)
      .map { $0.filter { !$0.isWhitespace } }
    let isList = words.dropFirst().allSatisfy(["primary", "master", "close", "spread"].contains)
    switch words[0] {
    case "true" where words.count == 1: return .close
    case "false" where words.count == 1: return .none
    case "close" where isList: return .close
    case "spread" where isList: return .spread
    default:
      throw .variable(
        name: bindName, value: value,
        expected: "true, false, close or spread, or a list that begins with one of the latter two")
    }
  }
}
