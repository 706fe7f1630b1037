import Testing

@testable import Harness

@Suite struct CalibrationTests {
  /// Work whose repetitions take `each` nanoseconds, and the runs of `delays`, by their number, so much longer.
  private func calibrate(
    each: Double, target: Double = 1e6, upTo limit: Int = 1 << 24, delays: [Int: Double] = [:]
  ) -> (count: Int, each: Double, runs: [Int]) {
    var runs: [Int] = []
    let (count, found) = Calibration.repetitions(lasting: target, upTo: limit) { repetitions in
      defer { runs.append(repetitions) }
      return UInt64(Double(repetitions) * each + delays[runs.count, default: 0])
    }
    return (count, found, runs)
  }

  @Test(arguments: [0.3, 20, 1000, 33_000, 400_000, 999_999])
  func shortWorkIsRepeatedUntilItLastsLongEnough(each: Double) {
    let (count, found, _) = calibrate(each: each)
    #expect(abs(Double(count) * each / 1e6 - 1) < 1e-3 + each / 1e6)
    #expect(abs(found / each - 1) < 0.01)
  }

  /// A thread that waits for its CPU makes a microsecond look like milliseconds, once or twice.
  @Test(arguments: [[0], [1], [2], [0, 1], [1, 2], [2, 3]])
  func aTimingThatWasDisturbedDoesNotCount(delayed: [Int]) {
    let delays = Dictionary(uniqueKeysWithValues: delayed.map { ($0, 3e6) })
    #expect(calibrate(each: 1000, delays: delays).count == 1000)
  }

  @Test func longWorkIsNotRepeated() {
    let (count, each, runs) = calibrate(each: 30e6)
    #expect(count == 1 && each == 30e6 && runs == [1])
    #expect(calibrate(each: 2e6).runs == [1, 1, 1])
  }

  /// On a team whose every run takes milliseconds to wake, nothing is short, and the search ends.
  @Test func theSearchEnds() {
    #expect(calibrate(each: 1, delays: Dictionary(uniqueKeysWithValues: (0..<100).map { ($0, 3e6) })).count == 1)
    let (count, _, runs) = calibrate(each: 0, upTo: 1 << 10)
    #expect(count == 1 << 10 && runs.last == 1 << 10, "a clock that stands still")
  }
}
