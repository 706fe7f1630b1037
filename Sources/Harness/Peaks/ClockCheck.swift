import Teams

/// What the clock that all measurements use can tell apart, and what reading it costs.
public struct ClockCheck: Sendable, Hashable, Codable {
  /// The smallest step between two readings, in nanoseconds; nil if the clock stood still.
  public var resolution: UInt64?
  /// The time of one reading, in nanoseconds.
  public var overhead: Double

  /// Reads the clock some ten thousand times.
  public static func measure() -> ClockCheck { measure(monotonicNanoseconds) }

  /// Reads the clock `now`.
  static func measure(_ now: () -> UInt64) -> ClockCheck {
    let readings = 20_000
    var smallest: UInt64?
    let start = now()
    var last = start
    for _ in 0..<readings {
      let reading = now()
      if reading > last { smallest = min(smallest ?? .max, reading - last) }
      last = reading
    }
    return ClockCheck(resolution: smallest, overhead: Double(last - start) / Double(readings))
  }
}
