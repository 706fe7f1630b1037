import ArgumentParser
import Foundation
import Harness
import Topology

/// The flags that say where threads sit; shared by every command that runs or shows a team.
///
/// Options with a transform do not show their defaults, so the help texts do. All are nil where no flag says
/// them: a suite may, and else the policy has defaults.
struct PlacementOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What a place is: threads, cores, ll-caches (CPUs sharing a last-level cache), numa-domains, sockets, or a list of OS "
        + "CPUs. (default: OMP_PLACES, or cores)",
      discussion: """
        A list is '{0},{2},{4-5}' (quote the braces), OpenMP's '{0:4}:2:4', or 0,2,4-7 with a place for each CPU. cores(4) \
        are the first four cores. Several are tried side by side: words between commas, or anything between semicolons.
        """,
      valueName: "places"),
    transform: { text in try parsingWord { () throws(PlacementError) in try ListOption(places: text) } })
  var places: ListOption<PlacementPolicy.Places>?

  @Option(
    help: ArgumentHelp(
      "How threads are dealt to places: close, spread, compact, scatter or none. Several are tried side by side. "
        + "(default: OMP_PROC_BIND, or close)",
      discussion: """
        close: the first places. spread: places far apart. compact: one CPU after the other, SMT siblings adjacent. \
        scatter: round-robin over packages, NUMA nodes and caches. none: not pinned, as a control.
        """,
      valueName: "bind,…"),
    transform: { text in try parsingWord { () throws(PlacementError) in try ListOption(binds: text) } })
  var bind: ListOption<PlacementPolicy.Bind>?

  // Unconditional, so that -1 is a wrong value and not a missing one.
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How many CPUs (hardware threads) of a core take part at most. (default: 1, and all that a list names)",
      valueName: "n"),
    transform: { try NumberOption.integer($0, in: 1...PlacementPolicy.maximumThreads) })
  var smt: Int?

  @Option(
    help: ArgumentHelp(
      "Which kinds of cores take part: all, fastest, or the index of a kind such as '#0'. (default: all)",
      valueName: "kind"),
    transform: { text in try parsingWord { () throws(PlacementError) in try PlacementPolicy.CoreKinds(text) } })
  var coreKind: PlacementPolicy.CoreKinds?

  @Option(
    help: ArgumentHelp(
      "What to do with more threads than CPUs: error, or wrap (share CPUs, and mark the result). (default: error)",
      valueName: "word"),
    transform: { text in try parsingWord { () throws(PlacementError) in try PlacementPolicy.Oversubscription(text) } })
  var oversubscribe: PlacementPolicy.Oversubscription?

  /// The flags as policies, one for each kind of places and binding; the environment and the defaults stand in for what
  /// they do not say.
  func policies(_ environment: OpenMPVariables, on machine: Machine) -> [PlacementPolicy] {
    (places?.values ?? [environment.places ?? .cores]).flatMap { places in
      (bind?.values ?? [environment.bind ?? .close]).map { bind in
        var policy = commonPolicy
        policy.smt = policy.smt ?? environment.smt(on: machine)
        policy.places = places
        policy.bind = bind
        return policy
      }
    }
  }

  /// What all policies have in common: SMT, core kinds and oversubscription. Places and binding are the defaults.
  var commonPolicy: PlacementPolicy {
    PlacementPolicy(smt: smt, coreKinds: coreKind ?? .all, oversubscription: oversubscribe ?? .error)
  }

  /// OpenMP's variables, those left out that a flag overrides: they may hold anything.
  ///
  /// - Throws: the error that ends the process, after one sentence on standard error.
  func environment() throws -> OpenMPVariables {
    var variables = ProcessInfo.processInfo.environment
    if places != nil { variables[OpenMPVariables.placesName] = nil }
    if bind != nil { variables[OpenMPVariables.bindName] = nil }
    do throws(PlacementError) { return try OpenMPVariables(environment: variables) } catch {
      throw Exit.failure(error, Exit.usage)
    }
  }

  /// OpenMP's variables, as far as neither a flag nor every suite overrides them.
  ///
  /// - Throws: the error that ends the process, after one sentence on standard error.
  func environment(_ suites: [Suite]) throws -> OpenMPVariables {
    var counting = try environment().variables
    if !suites.contains(where: { $0.axes.places == nil }) { counting[OpenMPVariables.placesName] = nil }
    if !suites.contains(where: { $0.axes.bind == nil }) { counting[OpenMPVariables.bindName] = nil }
    do throws(PlacementError) { return try OpenMPVariables(environment: counting) } catch {
      throw Exit.failure(error, Exit.usage)
    }
  }

  /// OpenMP's variables as ``environment()`` has them, for commands without suites: says which of them count.
  func announcedEnvironment() throws -> OpenMPVariables {
    let environment = try environment()
    if let note = environment.note { printToStandardError(note) }
    return environment
  }

  /// The flags that are given.
  var given: [String] {
    [
      ("--places", places != nil), ("--bind", bind != nil), ("--smt", smt != nil), ("--core-kind", coreKind != nil),
      ("--oversubscribe", oversubscribe != nil),
    ].filter(\.1).map(\.0)
  }
}

extension OpenMPVariables {
  /// What to say where the variables count; nil if none is set.
  var note: String? {
    if variables.isEmpty { return nil }
    let settings = variables.sorted { $0.key < $1.key }.map { "\($0.key)='\($0.value)'" }
    return "Note: threads are placed as \(settings.joined(separator: " and ")) of the environment say"
  }
}

extension ListOption<PlacementPolicy.Bind> {
  /// Reads words between commas.
  init(binds text: String) throws(PlacementError) {
    var values: [PlacementPolicy.Bind] = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false) { values.append(try .init(String(word))) }
    self.init(values)
  }
}

extension ListOption<PlacementPolicy.Places> {
  /// Reads levels between commas, or one list of places; several of them between semicolons.
  init(places text: String) throws(PlacementError) {
    var values: [PlacementPolicy.Places] = []
    for part in text.split(separator: ";", omittingEmptySubsequences: false) {
      let first = part.first { !$0.isWhitespace }
      let isList = first == "{" || first?.isNumber == true
      let words = isList ? [part] : part.split(separator: ",", omittingEmptySubsequences: false)
      for word in words { values.append(try .init(String(word))) }
    }
    self.init(values)
  }
}

/// Parses an option's value whose errors name the flag and the value, which ArgumentParser does too: what is left to say
/// is what was expected.
func parsingWord<Value>(_ parse: () throws(PlacementError) -> Value) throws -> Value {
  do throws(PlacementError) { return try parse() } catch {
    switch error {
    case .unknownWord(_, _, let expected): throw ValidationError("expected \(expected)")
    case .malformedPlaces(_, let reason):
      throw ValidationError(
        "it is malformed, \(reason); expected places of CPUs such as '{0},{2},{4-5}' or '{0:4}:2:4', or a list such as "
          + "0,2,4-7 with a place for each CPU")
    default: throw ValidationError(error.description)
    }
  }
}
