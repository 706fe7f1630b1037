/// The counters of one thread.
///
/// Hardware events form one group, which is on the CPU's counters as a whole or not at all, so that a ratio of two of them
/// is one of the same moments. An event that does not fit the group, because the CPU has too few counters, leads one of
/// its own. Counters run from the beginning; `begin()` and `end()` read them.
///
/// `@unchecked Sendable`: its thread makes, begins and ends it, and others read it only while that thread rests.
public final class ThreadCounters: @unchecked Sendable {
  /// Events that are read in one call.
  private struct Group {
    var descriptors: [CInt]
    var events: [PerformanceEvent]
    /// The words of the last `begin()` and `end()`; empty if reading failed.
    var before: [UInt64] = []
    var after: [UInt64] = []
  }

  /// The events that could not be opened.
  public private(set) var failures: [CounterFailure] = []

  private let system: CounterSystem
  private var groups: [Group] = []

  /// Opens counters of the calling thread. What cannot be opened is listed in ``failures``.
  public init(_ events: [PerformanceEvent] = PerformanceEvent.allCases, system: CounterSystem = .current) {
    self.system = system
    for event in events { open(event) }
  }

  deinit {
    // Members first: without its leader, a member would lead itself and count on for nobody.
    for descriptor in groups.flatMap(\.descriptors).reversed() { system.close(descriptor) }
  }

  private func open(_ event: PerformanceEvent) {
    let home = groups.firstIndex { $0.events[0].isHardware == event.isHardware }
    if let home {
      let descriptor = system.open(event, groups[home].descriptors[0])
      if descriptor >= 0 {
        groups[home].descriptors.append(descriptor)
        groups[home].events.append(event)
        return
      }
    }
    let descriptor = system.open(event, nil)
    if descriptor >= 0 {
      groups.append(Group(descriptors: [descriptor], events: [event]))
    } else {
      failures.append(CounterFailure(event: event, code: -descriptor, paranoid: system.paranoid()))
    }
  }

  /// Reads the counters at the beginning of what is observed. Takes about a microsecond: keep it out of timed regions.
  public func begin() {
    for index in groups.indices { read(groups[index].descriptors, into: &groups[index].before) }
  }

  /// Reads the counters at its end.
  public func end() {
    for index in groups.indices { read(groups[index].descriptors, into: &groups[index].after) }
  }

  private func read(_ descriptors: [CInt], into words: inout [UInt64]) {
    // Allocated once: the words keep their memory.
    let count = EventCounts.headerWords + descriptors.count
    if words.count != count { words = [UInt64](repeating: 0, count: count) }
    let length = words.withUnsafeMutableBufferPointer { system.read(descriptors[0], $0) }
    if length != count { words = [] }
  }

  /// What was counted between `begin()` and `end()`.
  public var counts: EventCounts {
    var counts = EventCounts()
    for group in groups { counts.add(group.events, before: group.before, after: group.after) }
    return counts
  }
}
