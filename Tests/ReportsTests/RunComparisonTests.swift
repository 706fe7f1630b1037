import Foundation
import Layers
import Results
import Statistics
import Testing

@testable import Reports

/// Whether comparisons of runs decide right, on simulated runs of which the truth is known.
@Suite struct RunComparisonTests {
  static let seeds: ClosedRange<UInt64> = 1...24

  private static func compare(
    _ b: RunFolder.Contents, _ a: RunFolder.Contents, _ options: RunComparison.Options = .init()
  ) -> Comparison {
    RunComparison.compare(b, with: a, names: (run: "B", baseline: "A"), options)
  }

  /// One build, twice.
  @Test(arguments: seeds) func equalBuildsAreNotCalledDifferent(seed: UInt64) {
    var runs = SimulatedRuns(seed: seed)
    let a = runs.run("a")
    let comparison = Self.compare(runs.run("b"), a)
    #expect(comparison.cases.count == 128)
    let called = comparison.count(.slower) + comparison.count(.faster)
    #expect(Double(called) <= 0.02 * 128, "seed \(seed): \(called)")
    #expect(comparison.slower(byMoreThan: 3) == [], "seed \(seed)")
    #expect(comparison.count(.same) > 40, "seed \(seed): \(comparison.count(.same))")
    #expect(comparison.groups.allSatisfy { $0.verdict != .slower && $0.verdict != .faster }, "seed \(seed)")
  }

  /// A packed kernel that takes 5 % longer.
  @Test(arguments: seeds) func aSlowerKernelIsFound(seed: UInt64) {
    var runs = SimulatedRuns(seed: seed)
    let a = runs.run("a")
    runs.packedFactor = 1.05
    let comparison = Self.compare(runs.run("b"), a)
    let packed = comparison.cases.filter { $0.variant.hasPrefix("packed") }
    let slower = packed.count { $0.verdict == .slower }
    #expect(packed.count == 64 && slower > 40, "seed \(seed): \(slower)")
    let others = comparison.cases.count {
      !$0.variant.hasPrefix("packed") && ($0.verdict == .slower || $0.verdict == .faster)
    }
    #expect(others <= 2, "seed \(seed): \(others)")
    #expect(comparison.slower(byMoreThan: 3).contains { $0.hasPrefix("packed") }, "seed \(seed)")
    #expect(comparison.slower(byMoreThan: 30).isEmpty, "seed \(seed)")
    // The worst come first.
    #expect(comparison.cases.first?.verdict == .slower)
  }

  /// The clock falls by a tenth: times tell of a slower program, and bursts of a slower clock.
  @Test func theClockIsNotTheProgram() {
    var runs = SimulatedRuns(seed: 7)
    let a = runs.run("a")
    var b = runs.run("b")
    for index in b.rows.indices {
      b.rows[index].scaleTimes(1.1)
      b.rows[index].peakGFLOPS = b.rows[index].peakGFLOPS.map { $0 / 1.1 }
    }
    #expect(Self.compare(b, a).count(.slower) == 0)
    var options = RunComparison.Options()
    options.adjustsClock = false
    #expect(Self.compare(b, a, options).count(.slower) > 100)
    // Another CPU has another clock: that is a difference, and said.
    b.manifest.environment.cpuModel = "Other CPU"
    let other = Self.compare(b, a)
    #expect(other.count(.slower) > 100)
    #expect(other.differences == [RunDifference(what: "CPU", baseline: "Example CPU", run: "Other CPU")])
    #expect(other.notes[0].contains("The CPUs differ"))
  }

  /// A single layer that is 40 % slower may be where its memory lies; one that is three times slower is not.
  @Test(arguments: [(1.4, Verdict.undecided), (3, .slower), (0.3, .faster)])
  func aRowThatDiffersAlone(factor: Double, verdict: Verdict) throws {
    var runs = SimulatedRuns(seed: 11)
    runs.outliers = 0
    let a = runs.run("a")
    var b = runs.run("b")
    b.rows[5].scaleTimes(factor)
    let comparison = Self.compare(b, a)
    let item = try #require(comparison.cases.first { $0.matches(b.rows[5]) })
    #expect(item.verdict == verdict, "\(item)")
    if verdict == .undecided { #expect(item.reason == "differs alone: measure again") }
    #expect(comparison.slower(byMoreThan: 3).isEmpty == (verdict != .slower))
    // A threshold that is given has the last word.
    var options = RunComparison.Options()
    options.thresholdPercent = 5
    let decided = try #require(Self.compare(b, a, options).cases.first { $0.matches(b.rows[5]) })
    #expect(decided.verdict == (factor > 1 ? .slower : .faster))
    #expect(decided.noiseFloorPercent == 5)
  }

  @Test func exchangingTheRunsInvertsTheRatios() throws {
    var runs = SimulatedRuns(seed: 3)
    let (a, b) = (runs.run("a"), runs.run("b"))
    let (one, other) = (Self.compare(b, a), Self.compare(a, b))
    for item in one.cases {
      let inverse = try #require(other.cases.first { $0.key == item.key })
      let ratio = try #require(item.ratio)
      let inverted = try #require(inverse.ratio)
      #expect(abs(ratio * inverted - 1) < 1e-12)
      #expect(item.verdict == inverse.verdict, "nothing is slower or faster here")
    }
  }

  @Test func whatOneSideLacksIsListed() throws {
    var runs = SimulatedRuns(seed: 5)
    var (a, b) = (runs.run("a"), runs.run("b"))
    let (removedFromA, removedFromB) = (a.rows.remove(at: 3), b.rows.remove(at: 9))
    b.rows[0] = ExampleRun.unmeasured(b.rows[0], .incorrect, "wrong")
    b.rows[1].cleanRounds = 2
    b.rows[2].timeCILow = nil
    let comparison = Self.compare(b, a)
    #expect(comparison.cases.filter { $0.side == .run }.map(\.key) == [removedFromA.comparedKey])
    #expect(comparison.cases.filter { $0.side == .baseline }.map(\.key) == [removedFromB.comparedKey])
    for (row, words) in zip(b.rows, ["no time in the run: incorrect", "2 clean rounds", "no interval in the run"]) {
      let item = try #require(comparison.cases.first { $0.matches(row) })
      #expect(item.verdict == .undecided && item.ratio == nil && item.reason.contains(words), "\(item)")
    }
    let text = ComparisonReport.render(comparison, as: .text)
    #expect(text.contains("On one side only") && text.contains("only in"))
  }

  @Test func differencesComeFirst() throws {
    var runs = SimulatedRuns(seed: 5)
    let a = runs.run("a")
    var b = runs.run("b")
    b.manifest.environment.build = .debug
    b.manifest.environment.commit = "abc"
    b.manifest.settings.maxTimeSeconds = 3
    b.manifest.seed = 7
    let comparison = Self.compare(b, a)
    #expect(comparison.differences.map(\.what) == ["build", "commit", "longest time for a case", "seed"])
    #expect(comparison.differences[1] == RunDifference(what: "commit", baseline: nil, run: "abc"))
    for format in DocumentFormat.allCases {
      let text = ComparisonReport.render(comparison, as: format)
      let first = try #require(text.range(of: "What differs between the runs"))
      let cases = try #require(text.range(of: "differs alone", range: first.upperBound..<text.endIndex))
      #expect(first.lowerBound < cases.lowerBound)
    }
    let same = ComparisonReport.render(Self.compare(runs.run("b"), a), as: .text)
    #expect(same.contains("Nothing that is known."))
  }

  @Test func csvAndJSONHoldEverything() throws {
    var runs = SimulatedRuns(seed: 2)
    var a = runs.run("a")
    let b = runs.run("b")
    a.rows.removeLast()
    let comparison = Self.compare(b, a)
    let table = try ComparedCase.read(csv: Array(comparison.csv.utf8), file: "c.csv")
    #expect(table.records == comparison.cases)
    struct Document: Decodable {
      var schema: Int
      var kind: String
      var cases: [ComparedCase]
      var geometricMean: RatioEstimate
    }
    let document = try JSONDecoder().decode(Document.self, from: Data(comparison.json().utf8))
    #expect(document.schema == 1 && document.kind == "runs" && document.cases == comparison.cases)
    #expect(document.geometricMean == comparison.geometricMean)
  }
}

extension Row {
  mutating func scaleTimes(_ factor: Double) {
    timeMedian = timeMedian.map { $0 * factor }
    timeCILow = timeCILow.map { $0 * factor }
    timeCIHigh = timeCIHigh.map { $0 * factor }
  }

  var comparedKey: [String] { ComparedCase(self, baseline: "").key }
}

extension ComparedCase {
  var key: [String] { [layer, layout.rawValue, variant, "\(threads)", cache] }

  func matches(_ row: Row) -> Bool { key == row.comparedKey }
}
