import ArgumentParser
import Topology

/// The flags that say where threads sit; shared by every command that runs or shows a team.
///
/// Options with a transform do not show their defaults, so the help texts do. Places and binding are nil where no flag
/// says them: a suite may.
struct PlacementOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What a place is: threads, cores, ll-caches (CPUs sharing an L3), numa-domains, sockets, or a list of OS CPUs. "
        + "(default: cores)",
      discussion: """
        A list is '{0},{2},{4-5}' (quote the braces), OpenMP's '{0:4}:2:4', or 0,2,4-7 with a place for each CPU.
        """,
      valueName: "places"),
    transform: { try PlacementPolicy.Places($0) })
  var places: PlacementPolicy.Places?

  @Option(
    help: ArgumentHelp(
      "How threads are dealt to places: close, spread, compact, scatter or none. (default: close)",
      discussion: """
        close: the first places. spread: places far apart. compact: one CPU after the other, SMT siblings adjacent. \
        scatter: round-robin over packages, NUMA nodes and L3 caches. none: not pinned, as a control.
        """,
      valueName: "bind"),
    transform: { try PlacementPolicy.Bind($0) })
  var bind: PlacementPolicy.Bind?

  // Unconditional, so that -1 is a wrong value and not a missing one.
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How many CPUs (hardware threads) of a core take part at most. (default: 1)", valueName: "n"),
    transform: { text in
      guard let smt = Int(text), 1...PlacementPolicy.maximumThreads ~= smt else {
        throw PlacementError.unknownWord(
          flag: "--smt", value: text, expected: "a number from 1 to \(PlacementPolicy.maximumThreads)")
      }
      return smt
    })
  var smt = 1

  @Option(
    help: ArgumentHelp(
      "Which kinds of cores take part: all, fastest, or the index of a kind such as '#0'. (default: all)",
      valueName: "kind"),
    transform: { try PlacementPolicy.CoreKinds($0) })
  var coreKind = PlacementPolicy.CoreKinds.all

  @Option(
    help: ArgumentHelp(
      "What to do with more threads than CPUs: error, or wrap (share CPUs, and mark the result). (default: error)",
      valueName: "word"),
    transform: { try PlacementPolicy.Oversubscription($0) })
  var oversubscribe = PlacementPolicy.Oversubscription.error

  /// The flags as a policy, defaults in place of what they do not say.
  var policy: PlacementPolicy {
    PlacementPolicy(
      places: places ?? .cores, bind: bind ?? .close, smt: smt, coreKinds: coreKind, oversubscription: oversubscribe)
  }
}
