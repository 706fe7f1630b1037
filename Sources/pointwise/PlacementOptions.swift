import ArgumentParser
import Topology

/// The flags that say where threads sit; shared by every command that runs or shows a team.
///
/// Options with a transform do not show their defaults, so the help texts do. All are nil where no flag says
/// them: a suite may, and else the policy has defaults.
struct PlacementOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What a place is: threads, cores, ll-caches (CPUs sharing an L3), numa-domains, sockets, or a list of OS CPUs. "
        + "(default: cores)",
      discussion: """
        A list is '{0},{2},{4-5}' (quote the braces), OpenMP's '{0:4}:2:4', or 0,2,4-7 with a place for each CPU.
        """,
      valueName: "places"),
    transform: { text in try parsingWord { () throws(PlacementError) in try PlacementPolicy.Places(text) } })
  var places: PlacementPolicy.Places?

  @Option(
    help: ArgumentHelp(
      "How threads are dealt to places: close, spread, compact, scatter or none. (default: close)",
      discussion: """
        close: the first places. spread: places far apart. compact: one CPU after the other, SMT siblings adjacent. \
        scatter: round-robin over packages, NUMA nodes and L3 caches. none: not pinned, as a control.
        """,
      valueName: "bind"),
    transform: { text in try parsingWord { () throws(PlacementError) in try PlacementPolicy.Bind(text) } })
  var bind: PlacementPolicy.Bind?

  // Unconditional, so that -1 is a wrong value and not a missing one.
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How many CPUs (hardware threads) of a core take part at most. (default: 1)", valueName: "n"),
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

  /// The flags as a policy, defaults in place of what they do not say.
  var policy: PlacementPolicy {
    PlacementPolicy(
      places: places ?? .cores, bind: bind ?? .close, smt: smt ?? 1, coreKinds: coreKind ?? .all,
      oversubscription: oversubscribe ?? .error)
  }

  /// The flags that are given.
  var given: [String] {
    [
      ("--places", places != nil), ("--bind", bind != nil), ("--smt", smt != nil), ("--core-kind", coreKind != nil),
      ("--oversubscribe", oversubscribe != nil),
    ].filter(\.1).map(\.0)
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
