import Teams

/// What the clock that all measurements use can tell apart, and what reading it costs.
public struct ClockCheck: Sendable, Hashable, Codable {
  /// The smallest step between two readings, in nanoseconds.
  public var resolution: UInt64
  /// The time of one reading, in nanoseconds.
  public var overhead: Double

  /// Reads the clock some ten thousand times.
  public static func measure() -> ClockCheck {
    let readings = 20_000
    var smallest = UInt64.max
    let start = monotonicNanoseconds()
    var last = start
    for _ in 0..<readings {
      let now = monotonicNanoseconds()
      if now > last { smallest = min(smallest, now - last) }
      last = now
    }
    return ClockCheck(resolution: smallest, overhead: Double(last - start) / Double(readings))
  }
}
