import Teams
import Testing
import Topology

@testable import Harness

@Suite struct PeakVisitsTests {
  private static func peaks(_ threads: Int, fma: Double, clock: Double? = 4, forkJoin: Double = 100) throws -> Peaks {
    func quantity(_ value: Double) throws -> Quantity { try #require(Quantity([value], unit: "GFLOP/s")) }
    return Peaks(
      threads: threads, team: .pinned, cpus: (0..<threads).map(String.init).joined(separator: " "),
      multiplyAdds: ["avx2": try quantity(fma)],
      bandwidths: [.init(level: .l2, bytesPerWorker: 1, read: try quantity(2 * fma))],
      forkJoin: try quantity(forkJoin), clock: try clock.map(quantity))
  }

  /// A clock that shows how long the visits and pauses take together.
  private final class Time {
    var now: UInt64 = 0
    var pauses = 0
  }

  /// Visits two teams of one and two threads; `rate` gives the multiply-adds of a thread on a visit of a site.
  private func visited(
    visit length: UInt64 = 1, _ rate: (_ site: Int, _ visit: Int) -> Double?
  ) throws -> (peaks: [Peaks], visits: [Int], pauses: Int) {
    let time = Time()
    var counts = [0, 0]
    let visits = PeakVisits(
      cores: [1, 2], now: { time.now },
      pause: {
        time.pauses += 1
        time.now += 200_000_000
      })
    let peaks = try visits.peaks { site in
      guard let rate = rate(site, counts[site]) else { return nil }
      counts[site] += 1
      time.now += length
      return try Self.peaks(site + 1, fma: rate * Double(site + 1), forkJoin: 1000 / rate)
    }
    return (peaks, counts, time.pauses)
  }

  @Test func theBestVisitCounts() throws {
    let (peaks, visits, pauses) = try visited { site, visit in [[80, 120, 119], [121, 60, 118]][site][visit] }
    #expect(visits == [3, 3] && pauses == 0)
    #expect(peaks.map { $0.multiplyAdds["avx2"]?.median } == [120, 242])
    #expect(peaks.map { $0.readBandwidth(.l2) } == [240, 484] && peaks[1].forkJoin?.median == 1000.0 / 121)
    #expect(peaks.allSatisfy { $0.doubt == nil })
  }

  /// Two threads get what they should a second late; then one does.
  @Test(arguments: [0, 1]) func teamsThatContradictEachOtherAreVisitedAgain(slow: Int) throws {
    let (peaks, visits, pauses) = try visited { site, visit in site == slow && visit < 5 ? 60 : 120 }
    #expect(visits == [6, slow == 0 ? 3 : 6] && pauses == 3)
    #expect(peaks.map { $0.multiplyAdds["avx2"]?.median } == [120, 240] && peaks.allSatisfy { $0.doubt == nil })
  }

  @Test(arguments: [0, 1]) func whatContradictsInTheEndIsSaid(slow: Int) throws {
    let (peaks, visits, _) = try visited { site, _ in site == slow ? 60 : 120 }
    #expect(visits[slow] == PeakVisits.visits + PeakVisits.doubtfulVisits)
    #expect(peaks[1 - slow].doubt == nil)
    #expect(
      peaks[slow].doubt
        == "avx2 multiply-adds of 2 threads are \(slow == 1 ? 50 : 200) % of what their 2 cores should reach by the ceiling "
        + "of one thread")
  }

  @Test func visitsEndWhenTheyTakeTooLong() throws {
    let (peaks, visits, _) = try visited(visit: 2 * PeakVisits.patience) { _, _ in 100 }
    #expect(visits == [1, 1] && peaks.count == 2)
  }

  @Test func anInterruptionLeavesWhatThereIs() throws {
    let (none, _, _) = try visited { _, _ in nil }
    let (first, _, _) = try visited { site, _ in site == 0 ? 100 : nil }
    let (later, visits, _) = try visited { site, visit in site == 0 && visit > 0 ? nil : 100 }
    #expect(none.isEmpty && first.map(\.threads) == [1] && later.map(\.threads) == [1, 2] && visits == [1, 1])
  }

  @Test func aLowerClockOfAllCoresSharedCoresAndOtherKindsAreNoContradiction() throws {
    let one = try Self.peaks(1, fma: 120, clock: 4)
    let many = try Self.peaks(4, fma: 360, clock: 3)
    let shared = try Self.peaks(4, fma: 240)
    // A clock that was disturbed says nothing against one thread, and excuses little.
    let stolen = try Self.peaks(4, fma: 480, clock: 0.3)
    #expect(Peaks.doubts([one, stolen], cores: [1, 4]).isEmpty)
    #expect(Peaks.doubts([one, try Self.peaks(4, fma: 200, clock: 0.3)], cores: [1, 4]).keys.sorted() == [1])
    #expect(Peaks.doubts([one, many], cores: [1, 4]).isEmpty)
    #expect(
      Peaks.doubts([one, shared], cores: [1, 2]).isEmpty && Peaks.doubts([one, shared], cores: [1, 4]).count == 1)
    #expect(
      Peaks.doubts([one, shared], cores: [1, nil]).isEmpty && Peaks.doubts([nil, shared], cores: [1, 4]).isEmpty)
    let machine = try HwlocTopology(.synthetic(description: "package:1 core:3 pu:2")).machine
    func cores(_ places: String, _ bind: PlacementPolicy.Bind = .close) throws -> Int? {
      try PlacementPolicy(places: .init(places), bind: bind).resolve(threads: 3, on: machine).cores(on: machine)
    }
    #expect(try cores("cores") == 3 && cores("0,1,2") == 2 && cores("cores", .none) == nil)
  }

  @Test func coresOfDoubtfulCeilingsDoNoLessThanOneAlone() throws {
    let machine = try HwlocTopology(.synthetic(description: "package:1 core:2 pu:1")).machine
    let one = try Self.peaks(1, fma: 120)
    var two = try Self.peaks(2, fma: 130)
    let taken = try #require(MachineRates([one, two], isa: .avx2, threads: 2, on: machine))
    #expect(taken.multiplyAdds == 65 && taken.read == [.l2: 130])
    two.doubt = "disturbed"
    let doubted = try #require(MachineRates([one, two], isa: .avx2, threads: 2, on: machine))
    #expect(doubted.multiplyAdds == 120 && doubted.read == [.l2: 240])
  }
}
