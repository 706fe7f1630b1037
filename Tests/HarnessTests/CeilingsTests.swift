import Layers
import Testing
import Topology

@testable import Harness

@Suite struct CeilingsTests {
  /// Two cores of 32 KiB and 1 MiB each, which share 32 MiB.
  private static func sets(threads: Int) throws -> WorkingSets {
    let machine = try HwlocTopology(
      .synthetic(description: "package:1 l3:1(size=33554432) l2:2(size=1048576) l1:1(size=32768) core:1 pu:1")
    ).machine
    return WorkingSets(try PlacementPolicy().resolve(threads: threads, on: machine), machine)
  }

  @Test func cachesOfAllThreadsCountTogetherAndSharedOnesOnce() throws {
    let one = try Self.sets(threads: 1)
    let two = try Self.sets(threads: 2)
    #expect(one.capacities == [.l1: 32 << 10, .l2: 1 << 20, .l3: 32 << 20])
    #expect(two.capacities == [.l1: 64 << 10, .l2: 2 << 20, .l3: 32 << 20])
    #expect(MemoryLevel.allCases.map(one.bytesPerWorker) == [16 << 10, 512 << 10, 16 << 20, 128 << 20])
    #expect(MemoryLevel.allCases.map(two.bytesPerWorker) == [16 << 10, 512 << 10, 8 << 20, 64 << 20])
    #expect(one.level(holding: Double(32 << 10)) == .l1 && one.level(holding: Double(32 << 10) + 1) == .l2)
    #expect(two.level(holding: Double(64 << 10)) == .l1)
    #expect(one.level(holding: Double(32 << 20) + 1) == .memory)
  }

  /// A hot set is as large as it is, up to what memory is measured with.
  @Test func aHotSetIsReadInItsOwnSize() throws {
    let two = try Self.sets(threads: 2)
    #expect(two.bytesPerWorker(.l3, hot: Double(20 << 20)) == 10 << 20)
    #expect(two.bytesPerWorker(.memory, hot: Double(40 << 20)) == 20 << 20)
    #expect(two.bytesPerWorker(.memory, hot: 1e12) == two.bytesPerWorker(.memory))
    #expect(two.bytesPerWorker(.l1, hot: 16) == 1 << 12)
  }

  /// 1 024 neurons of 1 024 inputs: 2 097 152 FLOP, 4 MiB of weights, 8 KiB of input and output, 4 KiB of bias.
  private static func layer(rows: Int = 1) throws -> Layer {
    try Layer(op: .fc, shape: .fc(mb: rows, ic: 1024, oc: 1024), layout: .nc, bias: true)
  }

  @Test func theLevelOfTheWorkingSetLimitsAHotLayer() throws {
    let layer = try Self.layer()
    let bytes = Double((1024 * 1024 + 3 * 1024) * 4)
    let roofline = try #require(
      Roofline(layer, .hot, peak: 100, sets: Self.sets(threads: 1)) { $0 == .l3 ? 50 : nil })
    #expect(roofline.level == .l3 && roofline.bound == .l3 && roofline.boundName == "L3" && roofline.bandwidth == 50)
    #expect(abs(roofline.gflops / (2_097_152 / bytes * 50) - 1) < 1e-12)
  }

  @Test func coldWeightsAreReadFromMemoryAndTheRestIsNotCounted() throws {
    let sets = try Self.sets(threads: 1)
    let rates: (MemoryLevel) -> Double? = { $0 == .memory ? 10 : nil }
    let weights = try #require(Roofline(Self.layer(), .coldWeights, peak: 100, sets: sets, bandwidth: rates))
    let all = try #require(Roofline(Self.layer(), .cold, peak: 100, sets: sets, bandwidth: rates))
    // Half a FLOP a byte of weights.
    #expect(weights.gflops == 5 && weights.bound == .memory)
    #expect(all.gflops < 5 && all.gflops > 4.97 && all.bound == .memory)
  }

  @Test func multiplyAddsLimitALayerOfHighIntensity() throws {
    let roofline = try #require(
      Roofline(Self.layer(rows: 512), .hot, peak: 100, sets: Self.sets(threads: 1)) { _ in 50 })
    #expect(roofline.gflops == 100 && roofline.bound == nil && roofline.boundName == "compute")
  }

  @Test func aBandwidthThatIsNotKnownGivesNoRoofline() throws {
    #expect(
      try Roofline(Self.layer(), .hot, peak: 100, sets: Self.sets(threads: 1)) { $0 == .memory ? 10 : nil } == nil)
  }

  @Test func theTimerTellsItsSmallestStepAndItsCost() {
    var reading: UInt64 = 0
    // Steps of 40 and 60 ns, every other reading the same as the one before.
    let steps: [UInt64] = [0, 40, 0, 60]
    let check = ClockCheck.measure {
      reading += 1
      return reading / 4 * 100 + steps[0...Int(reading % 4)].reduce(0, +)
    }
    #expect(check.resolution == 40 && abs(check.overhead - 25) < 0.1)
    #expect(ClockCheck.measure { 7 } == ClockCheck(resolution: nil, overhead: 0), "a clock that stands still")
  }

  @Test(arguments: [1, 2]) func everyCeilingIsMeasured(threads: Int) throws {
    let meter = PeakMeter(try Examples.topology(), .current(), samples: 6)
    let peaks = try meter.measure(.pinned, Examples.placement(threads))
    #expect(peaks.threads == threads && Set(peaks.multiplyAdds.keys) == Set(Catalog.current().isas.map(\.rawValue)))
    #expect(peaks.bandwidths.contains { $0.level == .memory })
    let quantities =
      Array(peaks.multiplyAdds.values)
      + [peaks.clock, peaks.forkJoin].compactMap { $0 }
      + peaks.bandwidths.flatMap { [$0.read, $0.write, $0.triad].compactMap { $0 } }
    #expect(quantities.count == peaks.multiplyAdds.count + 2 + 3 * peaks.bandwidths.count)
    for quantity in quantities {
      let (low, high) = (try #require(quantity.low), try #require(quantity.high))
      #expect(0 < low && low <= quantity.median && quantity.median <= high && quantity.samples == 6, "\(quantity)")
    }
    #expect(peaks.timer?.resolution ?? 0 > 0)
  }
}
