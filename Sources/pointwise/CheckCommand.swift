import ArgumentParser
import Foundation
import Harness
import Reports
import Results
import Teams
import Topology

/// `pointwise check`: what about the machine will hurt a measurement.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Look for what will disturb a measurement on this machine.",
    discussion: """
      Watches the system for a fifth of a second, and says what it found, why it hurts and what to do about it: build, \
      container quota, other programs on the CPUs of the placement and on their SMT siblings, hypervisor, governor, turbo, \
      memory, counters, isolation. What cannot be found out is listed as unknown. 'run' does the same before it measures. \
      The exit code does not depend on what is found.
      """)

  // Unconditional, so that -1 is a wrong value and not a missing one.
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Numbers of threads, such as 1,2,4, or all. Default: 1,all.", valueName: "n,…"),
    transform: { try ThreadCounts($0) })
  var threads = ThreadCounts.oneAndAll

  @OptionGroup(title: "Where threads sit")
  var placement: PlacementOptions

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let machine = try topologyOrExit(nil).machine
    var placements: [Placement] = []
    let policies = placement.policies(try placement.announcedEnvironment(), on: machine)
    do throws(PlacementError) {
      for policy in policies {
        let capacity = try policy.capacity(on: machine)
        for count in threads.counts(capacity: capacity) {
          placements.append(try policy.resolve(threads: count, on: machine))
        }
      }
    } catch {
      throw Exit.failure(error, Exit.usage)
    }
    var environment = Environment.capture()
    environment.counters = Environment.Counter.all(CounterProbe())
    let findings = MachineCheck.findings(
      .capture(
        environment: environment, machine: machine, threads: placements.map(\.threads).max(),
        cpus: placements.cpus(on: machine)))
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      try printToStandardOutput(String(decoding: try encoder.encode(findings), as: UTF8.self))
    } else {
      try printToStandardOutput(String(MachineCheckText.full(findings).dropLast()))
    }
  }
}

extension [Placement] {
  /// The CPUs that threads will use: all eligible ones where a thread is not pinned.
  func cpus(on machine: Machine) -> CPUSet {
    let seats = flatMap(\.assignments)
    return seats.allSatisfy { $0.cpu != nil } ? CPUSet(seats.compactMap(\.cpu)) : machine.eligible
  }
}

extension Environment.Counter {
  /// Every event that the lab asks for, and why it cannot be counted if so.
  static func all(_ probe: CounterProbe) -> [Environment.Counter] {
    PerformanceEvent.allCases.map { event in
      Environment.Counter(
        event: event.rawValue, unavailable: probe.failures.first { $0.event == event }?.reason)
    }
  }
}
