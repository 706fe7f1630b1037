import Foundation
import Harness
import Teams
import Topology

/// What commands need of the system besides memory: threads, and open files. They are asked for at the start, where a
/// refusal is a sentence. Later it would be a process that hangs in Dispatch, or crashes in what starts gnuplot.
enum Supplies {
  /// Threads beside those of teams and those that Dispatch has for each CPU: for signals, timers, reports and gnuplot.
  private static let otherThreads = 16
  /// Files beside counters: those of a run, and the pipes of gnuplot.
  private static let files = 32

  /// Asks for what is needed.
  ///
  /// - Parameters:
  ///   - workers: of all teams that live at the same time.
  ///   - counters: files that the workers' counters are.
  /// - Throws: the error that ends the process with 65, after one sentence on standard error.
  static func require(workers: Int = 0, counters: Int = 0) throws {
    do throws(ThreadSupply.Shortage) {
      try ThreadSupply.require(workers + ProcessInfo.processInfo.activeProcessorCount + otherThreads)
    } catch {
      throw Exit.failure(error, Exit.data)
    }
    do throws(DescriptorSupply.Shortage) { try DescriptorSupply.require(counters + files) } catch {
      throw Exit.failure(error, Exit.data)
    }
  }

  /// Asks for what the teams of cases need, all of which a run keeps until its end.
  static func require(_ cases: [Case], events: Int = 0) throws {
    struct Team: Hashable {
      let kind: TeamKind
      let cpus: [Int?]
    }
    let teams = Set(
      cases.map { Team(kind: $0.team.witness, cpus: $0.placement.assignments.map(\.cpu)) })
    let workers = teams.reduce(0) { $0 + $1.cpus.count }
    try require(workers: workers, counters: workers * events)
  }
}
