import Testing

@testable import Harness

@Suite struct VisitScheduleTests {
  /// The visits in their order, if every visit takes `seconds`.
  private func visits(_ layers: Int, _ visits: Int, seconds: Double) -> [[Int]] {
    var schedule = VisitSchedule(layers: layers, visits: visits)
    var all: [[Int]] = []
    while let next = schedule.next(seconds: 100 + seconds * Double(all.count)) { all.append([next.layer, next.visit]) }
    #expect(schedule.next(seconds: 0) == nil, "what has ended stays so")
    return all
  }

  @Test func aShortRunIsOneBlock() {
    #expect(visits(3, 3, seconds: 1) == (0..<3).flatMap { visit in (0..<3).map { [$0, visit] } })
    #expect(visits(0, 3, seconds: 1) == [])
  }

  @Test func oneVisitTakesLayersInTurn() {
    #expect(visits(4, 1, seconds: 30) == (0..<4).map { [$0, 0] })
  }

  /// Two layers of 30 s fill 45 s.
  @Test func aLongRunHasBlocks() {
    #expect(
      visits(5, 2, seconds: 30)
        == [[0, 0], [1, 0], [0, 1], [1, 1], [2, 0], [3, 0], [2, 1], [3, 1], [4, 0], [4, 1]])
  }

  @Test(arguments: [1, 2, 5], [0.1, 3, 50, 1000])
  func everyLayerIsVisitedAsOftenAsItIsToBe(count: Int, seconds: Double) {
    for layers in [1, 7, 40] {
      let all = visits(layers, count, seconds: seconds)
      #expect(all.count == layers * count && Set(all).count == all.count)
      for layer in 0..<layers { #expect(all.filter { $0[0] == layer }.map { $0[1] } == Array(0..<count)) }
    }
  }
}
