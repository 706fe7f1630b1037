/// Finds how often to repeat something so that it lasts long enough for the clock.
enum Calibration {
  /// Timings that must all be long enough.
  private static let tries = 3
  /// What lasts this many times as long as is asked for is not tried again: it is long enough, whatever disturbed it.
  private static let plenty = 20.0

  /// How often something is to be repeated to last `target` nanoseconds, and how long one repetition takes.
  ///
  /// A busy machine makes a timing longer, never shorter: a thread that waits some milliseconds for its CPU makes one
  /// execution of a microsecond look long enough, and its samples would then be of fork and join alone. So the shortest of
  /// some timings counts.
  ///
  /// - Parameters:
  ///   - target: nanoseconds, more than 0.
  ///   - first: the repetitions to begin with.
  ///   - limit: repetitions that are enough however short they are.
  ///   - time: repeats it as often as it is told, and gives the nanoseconds that this took.
  static func repetitions(
    lasting target: Double, from first: Int = 1, upTo limit: Int = 1 << 40,
    _ time: (_ repetitions: Int) throws -> UInt64
  ) rethrows -> (count: Int, each: Double) {
    var count = first
    while true {
      var shortest = Double.infinity
      var spent = 0.0
      for _ in 0..<tries where shortest >= target / 2 && spent < plenty * target {
        // What the clock cannot tell from nothing took less than one step of it.
        let nanoseconds = Double(max(1, try time(count)))
        shortest = min(shortest, nanoseconds)
        spent += nanoseconds
      }
      if shortest >= target / 2 || count >= limit {
        let each = shortest / Double(count)
        return (max(1, Int(min(Double(limit), (target / each).rounded(.up)))), each)
      }
      count = min(limit, count * max(2, min(100, Int(target / shortest))))
    }
  }
}
