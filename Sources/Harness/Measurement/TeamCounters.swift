import Teams

/// The counters of a team's workers, for as long as the team lives.
///
/// `@unchecked Sendable`: every worker makes and reads its own, in steps of the team that are ordered with the caller's
/// reading.
final class TeamCounters: @unchecked Sendable {
  private let threads: UnsafeMutableBufferPointer<ThreadCounters?>

  /// Lets every worker of `team` open counters of itself.
  ///
  /// - Requires: a worker of the team is always the same thread.
  init(_ team: any Team, _ events: [PerformanceEvent], system: CounterSystem = .current) {
    threads = .allocate(capacity: team.threads)
    threads.initialize(repeating: nil)
    _ = team.run(warmUp: 0, iterations: 1) { [threads = SendablePointer(threads)] worker in
      threads.pointer[worker] = ThreadCounters(events, system: system)
    }
  }

  deinit {
    threads.deinitialize()
    threads.deallocate()
  }

  /// Reads the counters of the calling worker at the beginning of what is observed.
  func begin(_ worker: Int) { threads[worker]?.begin() }

  /// Reads the counters of the calling worker at its end.
  func end(_ worker: Int) { threads[worker]?.end() }

  /// What was counted of all workers between the last `begin` and `end` of each.
  var counts: EventCounts { EventCounts.sum(threads.map { $0?.counts ?? EventCounts() }) }

  /// Why events are not counted, each event and reason once.
  var failures: [CounterFailure] {
    var all: [CounterFailure] = []
    for failure in threads.flatMap({ $0?.failures ?? [] }) where !all.contains(failure) { all.append(failure) }
    return all
  }
}

/// `@unchecked Sendable`: each worker touches the element that is its own.
private struct SendablePointer: @unchecked Sendable {
  let pointer: UnsafeMutableBufferPointer<ThreadCounters?>

  init(_ pointer: UnsafeMutableBufferPointer<ThreadCounters?>) { self.pointer = pointer }
}
