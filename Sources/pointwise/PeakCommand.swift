import ArgumentParser
import Foundation
import Harness
import Kernels
import Reports
import Teams
import Topology

/// `pointwise peak`: the machine's ceilings.
struct PeakCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peak",
    abstract: "Measure the machine's ceilings on the CPUs of a placement.",
    discussion: """
      Multiply-adds in registers for each ISA, read, write and triad bandwidth of each level of the memory hierarchy, \
      the time of a fork and join, the cores' clock, and the timer that measures them. Medians with 95 % intervals. Nothing \
      else should run meanwhile.
      """)

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Numbers of threads, such as 1,2,4, or all. Default: 1,all.", valueName: "n,…"),
    transform: { try ThreadCounts($0) })
  var threads = ThreadCounts.oneAndAll

  @Option(
    help: ArgumentHelp("Teams: dispatch, pinned, dispatch-apply. Default: dispatch.", valueName: "team,…"),
    transform: { try ListOption.parse($0, known: TeamKind.ofKernels) })
  var team: ListOption<TeamKind>?

  @OptionGroup(title: "Where threads sit")
  var placement: PlacementOptions

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    try Supplies.require()
    let topology = try topologyOrExit(nil)
    let policies = placement.policies(try placement.announcedEnvironment(), on: topology.machine)
    let meter = PeakMeter(topology, Catalog.current())
    var sites: [PeakSite] = []
    let all: [Peaks]
    do {
      for policy in policies {
        let capacity = try policy.capacity(on: topology.machine)
        for kind in team?.values ?? [.dispatch] {
          for count in threads.counts(capacity: capacity) {
            sites.append(PeakSite(kind, try policy.resolve(threads: count, on: topology.machine)))
          }
        }
      }
      try Supplies.require(workers: sites.reduce(0) { $0 + $1.placement.threads })
      all = try meter.measure(sites)
    } catch let code as ExitCode {
      throw code
    } catch let error as PlacementError {
      throw Exit.failure(error, Exit.usage)
    } catch {
      throw Exit.failure("\(error)", Exit.data)
    }
    for peaks in all {
      if let doubt = peaks.doubt { printToStandardError("Note: the ceilings are in doubt, for \(doubt)") }
    }
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      try printToStandardOutput(String(decoding: try encoder.encode(all), as: UTF8.self))
      return
    }
    try printToStandardOutput(all.map(Self.text).joined(separator: "\n").dropLast().description)
  }

  private static func text(_ peaks: Peaks) -> String {
    var rows = [["ceiling", "median", "unit", "95 % interval"]]
    func add(_ name: String, _ quantity: Quantity?) {
      guard let quantity else { return rows.append([name, "unknown"]) }
      let interval = quantity.low.flatMap { low in quantity.high.map { "\(number(low)) … \(number($0))" } } ?? ""
      rows.append([name, number(quantity.median), quantity.unit, interval])
    }
    for isa in ISA.allCases {
      if let quantity = peaks.multiplyAdds[isa.rawValue] { add("multiply-adds, \(isa.rawValue)", quantity) }
    }
    for bandwidth in peaks.bandwidths {
      let size = "\(bandwidth.level.rawValue), \(bandwidth.bytesPerWorker >> 10) KiB a thread"
      add("read \(size)", bandwidth.read)
      add("write \(size)", bandwidth.write)
      add("triad \(size)", bandwidth.triad)
    }
    add("fork and join", peaks.forkJoin)
    add("clock", peaks.clock)
    if let timer = peaks.timer {
      rows.append(["timer, smallest step", timer.resolution.map { String($0) } ?? "unknown", "ns"])
      rows.append(["timer, one reading", number(timer.overhead), "ns"])
    }
    let cpus = peaks.cpus.isEmpty ? "not pinned" : "CPUs \(peaks.cpus)"
    let met = peaks.rendezvousPercent.map { ", all workers met in \(Int($0.rounded())) % of the runs" } ?? ""
    return "\(peaks.threads) \(peaks.threads == 1 ? "thread" : "threads"), \(peaks.team.rawValue), \(cpus)\(met)\n"
      + TextColumns.lines(rows, indent: 2).joined(separator: "\n") + "\n"
  }

  private static func number(_ value: Double) -> String {
    String(format: value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.2f", value)
  }
}
