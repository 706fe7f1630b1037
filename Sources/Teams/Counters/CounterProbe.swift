/// Which events can be counted on this machine, by this user.
public struct CounterProbe: Sendable, Hashable {
  /// Those that can.
  public let available: [PerformanceEvent]
  /// Why the others cannot.
  public let failures: [CounterFailure]

  /// Tries to open every event on the calling thread, and closes it again.
  public init(system: CounterSystem = .current) {
    let counters = ThreadCounters(system: system)
    failures = counters.failures
    available = PerformanceEvent.allCases.filter { event in !counters.failures.contains { $0.event == event } }
  }
}
