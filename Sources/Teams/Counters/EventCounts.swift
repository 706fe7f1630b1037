/// What counters counted of a thread, or of several, between two moments.
public struct EventCounts: Sendable, Hashable, Codable {
  /// The events that were counted. One that was on no counter meanwhile is not there.
  public private(set) var values: [PerformanceEvent: Double] = [:]
  /// How long the threads whose cycles were counted ran, in nanoseconds; nil if cycles were not counted.
  public private(set) var nanosecondsOfCycles: Double?

  /// Words before the values in what the kernel gives of a group: nr, time enabled, time running.
  static let headerWords = 3

  /// Nothing counted.
  public init() {}

  /// Adds the events of a group, from what the kernel gave of it before and after (`read_format` of
  /// perf_event_open(2)).
  ///
  /// A group that shared the CPU's counters with others was counted in a part of the time only, time running ÷ time
  /// enabled, and is scaled up. If it never had them, nothing is known.
  mutating func add(_ events: [PerformanceEvent], before: [UInt64], after: [UInt64]) {
    let count = Self.headerWords + events.count
    guard before.count == count, after.count == count, before[0] == events.count, after[0] == events.count,
      after[1] > before[1], after[2] > before[2]
    else { return }
    let enabled = Double(after[1] - before[1])
    let running = Double(after[2] - before[2])
    for (index, event) in events.enumerated() {
      let (now, then) = (after[Self.headerWords + index], before[Self.headerWords + index])
      guard now >= then else { continue }
      // The two times are taken one after the other, and may differ by some nanoseconds where nothing was shared.
      values[event] = Double(now - then) * max(1, enabled / running)
      if event == .cycles { nanosecondsOfCycles = enabled }
    }
  }

  /// What several threads counted together: events that were counted of all of them.
  public static func sum(_ threads: [EventCounts]) -> EventCounts {
    guard var total = threads.first else { return EventCounts() }
    for thread in threads.dropFirst() {
      for (event, value) in total.values { total.values[event] = thread.values[event].map { $0 + value } }
      total.nanosecondsOfCycles = total.nanosecondsOfCycles.flatMap { sum in
        thread.nanosecondsOfCycles.map { sum + $0 }
      }
    }
    return total
  }

  /// Instructions that a cycle retired; nil if one of them was not counted, or no cycle was.
  public var instructionsPerCycle: Double? {
    guard let instructions = values[.instructions], let cycles = values[.cycles], cycles > 0 else { return nil }
    return instructions / cycles
  }

  /// The mean clock of the cores while the threads ran, in GHz; nil if cycles were not counted.
  ///
  /// The time is that of the threads on a CPU. What the kernel did meanwhile is in it, and its cycles are not: a thread that
  /// is interrupted often seems slower by as much.
  public var clockGHz: Double? {
    guard let cycles = values[.cycles], let time = nanosecondsOfCycles, cycles > 0, time > 0 else { return nil }
    return cycles / time
  }
}
