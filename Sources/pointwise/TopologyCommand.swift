import ArgumentParser
import Foundation
import Reports
import Topology

/// `pointwise topology`: the machine, and where the threads of a placement would sit on it.
struct TopologyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "topology",
    abstract: "Show the machine, and where threads are placed on it.",
    discussion: """
      CPUs are named by the operating system's index; cores, caches, NUMA nodes and packages by hwloc's logical index. \
      With --topology another machine is shown: nothing can run on it, but placements can be tried.
      """)

  // Unconditional, so that -1 is a wrong value and not a missing one.
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Numbers of threads to place, such as 1,2,4, or all. (default: all)", valueName: "n,…"),
    transform: { text in try parsingWord { () throws(PlacementError) in try ThreadCounts(text) } })
  var threads = ThreadCounts.all

  @OptionGroup(title: "Placement")
  var placement: PlacementOptions

  @Option(
    help: ArgumentHelp(
      "Another machine: a file in hwloc's XML format, or a synthetic description such as 'package:2 core:4 pu:2'.",
      valueName: "file|description"))
  var topology: String?

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let machine = try topologyOrExit(topology).machine
    var report = TopologyReport(machine: machine, features: machine.isThisSystem ? .current() : nil)
    do {
      for policy in placement.policies(try placement.announcedEnvironment(), on: machine) {
        let capacity = try policy.capacity(on: machine)
        report.placements += try threads.counts(capacity: capacity).map { try policy.resolve(threads: $0, on: machine) }
      }
    } catch let error as PlacementError {
      // Flags that this machine cannot satisfy: a usage error, exit code 64.
      throw ValidationError(error.description)
    }
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      try printToStandardOutput(String(decoding: try encoder.encode(report), as: UTF8.self))
    } else {
      try printToStandardOutput(report.machineText)
      for placement in report.placements {
        try printToStandardOutput("\n" + TopologyReport.text(of: placement))
      }
    }
  }
}

/// Loads what `--topology` names, or this system when it names nothing. What cannot be loaded is one sentence on
/// standard error and exit code 65, bad input data; hwloc failing on this system is exit code 74, as for I/O.
func topologyOrExit(_ argument: String?) throws -> HwlocTopology {
  do {
    return try HwlocTopology(argument.map(Machine.Source.init(argument:)) ?? .thisSystem)
  } catch {
    // What the user named, by a flag or a variable, or the system.
    if case .callFailed = error, argument == nil { throw Exit.failure(error, Exit.io) }
    throw Exit.failure(error, Exit.data)
  }
}

/// What `pointwise list places` prints: for each word of `--places`, how many of them the machine has and how many
/// threads fit, with one CPU of a core and with all of them.
func placesText(on machine: Machine) -> String {
  var rows = [["places", "count", "threads", "with SMT", "what"]]
  let meanings = ["CPUs", "cores", "last-level caches", "NUMA nodes", "packages"]
  for (level, meaning) in zip(PlacementPolicy.Places.levels, meanings) {
    let single = PlacementPolicy(places: level)
    let full = PlacementPolicy(places: level, smt: PlacementPolicy.maximumThreads)
    if let places = try? full.places(on: machine), let threads = try? single.capacity(on: machine) {
      let all = places.reduce(0) { $0 + $1.pus.count }
      rows.append([level.description, String(places.count), String(threads), String(all), meaning])
    } else {
      rows.append([level.description, "none", "", "", meaning])
    }
  }
  rows.append(["{list}", "", "", "", "OS CPUs, such as '{0},{2},{4-5}'; eligible are \(machine.eligible)"])
  return TextColumns.lines(rows).joined(separator: "\n")
}
