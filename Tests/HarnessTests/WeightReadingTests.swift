import Kernels
import Layers
import Statistics
import Testing
import Topology

@testable import Harness
@testable import Teams

/// The reading of a layer's own weights beside its samples, and the roofline under it.
@Suite struct WeightReadingTests {
  // MARK: Sharing out

  private static func reading(_ count: Int, threads: Int, warmUp: Int = 0) throws -> (WeightReading, SharedBuffer) {
    let weights = try SharedBuffer(count: count)
    weights.buffer.pointer.update(repeating: 1, count: count)
    return (WeightReading(weights.buffer.pointer, count: count, threads: threads, warmUp: warmUp), weights)
  }

  @Test(arguments: [0, 1, 127, 128, 1000, 4096, 12_345], [1, 2, 3, 7])
  func partsFollowEachOtherInWholeSteps(count: Int, threads: Int) throws {
    let (reading, _) = try Self.reading(count, threads: threads)
    let parts = reading.parts
    #expect(parts.count == threads && parts[0].lowerBound == 0)
    for (one, next) in zip(parts, parts.dropFirst()) { #expect(one.upperBound == next.lowerBound) }
    #expect(parts.allSatisfy { $0.count % 128 == 0 })
    let end = try #require(parts.last).upperBound
    #expect(end <= count && count - end < 128, "less than a step is left out")
    let lengths = parts.map(\.count)
    #expect(try #require(lengths.max()) - #require(lengths.min()) <= 128)
    #expect(reading.bytes == end * 4)
  }

  /// A gigabyte in a second is a byte in a nanosecond.
  @Test func aRateIsAllBytesByTheTime() throws {
    let (reading, _) = try Self.reading(1 << 16, threads: 2)
    #expect(reading.rate(nanoseconds: 8192) == 32)
    #expect(reading.rate(nanoseconds: 0) == Double(1 << 18), "what the clock cannot tell from nothing")
  }

  @Test(arguments: [(one: 3.0, four: 2.0), (one: 2.0, four: 3.0)])
  func theFasterPatternIsFound(rate: (one: Double, four: Double)) throws {
    let (reading, _) = try Self.reading(1 << 10, threads: 1)
    var tries: [Bool] = []
    let found = reading.inFasterPattern { tried in
      tries.append(tried.isInFourStreams)
      // Disturbed but once.
      return (tried.isInFourStreams ? rate.four : rate.one) / (tries.count <= 4 ? 10 : 1)
    }
    #expect(found.isInFourStreams == (rate.four > rate.one))
    #expect(tries == [false, true, false, true, false, true])
  }

  // MARK: Which cases

  /// Two cores of 32 KiB and 1 MiB each, which share 32 MiB.
  private static func machine() throws -> Machine {
    try HwlocTopology(
      .synthetic(description: "package:1 l3:1(size=33554432) l2:2(size=1048576) l1:1(size=32768) core:1 pu:1")
    ).machine
  }

  private static func level(
    _ rows: Int, _ channels: Int, threads: Int = 1, cache: CacheState = .hot
  ) throws -> MemoryLevel? {
    let machine = try machine()
    let item = Case(
      kernel: try #require(Catalog.current().kernels.first), split: .none, team: .dispatch,
      placement: try PlacementPolicy().resolve(threads: threads, on: machine), cache: cache)
    let layer = try Layer(op: .fc, shape: .fc(mb: rows, ic: channels, oc: channels), layout: .nc)
    return machine.levelOfStreamedWeights(in: item, of: layer)
  }

  @Test func weightsAreStreamedIfTheyAreMostOfTheTrafficAndDoNotFit() throws {
    // As large as the L2 cache, and larger.
    #expect(try Self.level(1, 512) == nil && Self.level(1, 520) == .l3)
    // Two caches hold twice as much.
    #expect(try Self.level(1, 520, threads: 2) == nil && Self.level(1, 730, threads: 2) == .l3)
    #expect(try Self.level(1, 4096) == .memory)
    // 1 ÷ (1 + 2 · rows ÷ 1024) of the traffic: 0.901 and 0.8998.
    #expect(try Self.level(56, 1024) == .l3 && Self.level(57, 1024) == nil)
    for cache in [CacheState.cold, .coldWeights] { #expect(try Self.level(1, 4096, cache: cache) == nil) }
  }

  /// Where no cache is known, the assumed sizes count: not every layer is one of memory.
  @Test func aMachineWithoutKnownCachesStreamsLargeWeightsOnly() throws {
    let layer = { try Layer(op: .fc, shape: .fc(mb: 1, ic: $0, oc: $0), layout: .nc) }
    #expect(try !layer(256).streamsWeights(past: CacheSizes.assumed.l2))
    #expect(try layer(264).streamsWeights(past: CacheSizes.assumed.l2))
  }

  // MARK: Evidence

  @Test(arguments: [1, 2, 3], [0, 1]) func theTeamReadsTheWeightsAfterTheSample(threads: Int, warmUp: Int) throws {
    let team = try PinnedTeam(cpus: Array(repeating: nil, count: threads), topology: try Examples.topology())
    let probe = try #require(Catalog.current().probes.first)
    let witness = Witness(team, Burst(probe), caches: try CacheReading(probe, threads: threads))
    let work = TeamWork(warmUp: 0, iterations: 1) { _ in }
    let (reading, weights) = try Self.reading(100_000, threads: threads, warmUp: warmUp)
    let evidence = withExtendedLifetime(weights) { witness.observe(work, .weights(reading)).1 }
    #expect(try #require(evidence.weightRate) > 0 && evidence.cacheRate == evidence.weightRate)
    #expect(witness.observe(work, .buffers).1.weightRate == nil, "a small buffer says nothing of the bandwidth")
  }

  private static func sample(_ round: Int, _ rate: Double, of weights: Bool = true) -> Measurement.Sample {
    var evidence = Evidence.quiet
    (evidence.cacheRate, evidence.isOfWeights) = (rate, weights)
    return .init(round: round, position: 0, nanoseconds: 1e6, evidence: evidence, taints: [])
  }

  @Test func theBandwidthIsThatOfTheRoundsThatCount() {
    var series = SampleSeries(StopRule())
    for round in 0..<13 { series.append(Self.sample(round, 30 + Double(round)), seconds: 1e-3) }
    // Less than half of the best.
    for round in 13..<33 { series.append(Self.sample(round, 14), seconds: 1e-3) }
    let measurement = series.measurement(.time, imbalancePercent: nil, bestRate: 100)
    #expect(measurement.cleanCount == 13 && measurement.weightRate == 36)
    var buffers = SampleSeries(StopRule())
    for round in 0..<20 { buffers.append(Self.sample(round, 30, of: false), seconds: 1e-3) }
    #expect(buffers.measurement(.time, imbalancePercent: nil, bestRate: 100).weightRate == nil)
  }

  // MARK: Roofline

  @Test func whatTheWeightsGaveStandsInPlaceOfACeiling() throws {
    let topology = try Examples.topology()
    let ceilings = Ceilings(PeakMeter(topology, .current()), topology.machine)
    let item = try Examples.item(try #require(Catalog.current().kernels.first))
    let layer = try Layer(op: .fc, shape: .fc(mb: 1, ic: 8192, oc: 8192), layout: .nc)
    #expect(ceilings.roofline(layer, item, peak: 1e6, Ceilings.Recent()) == nil, "no ceiling was measured")
    let roofline = try #require(ceilings.roofline(layer, item, peak: 1e6, paired: 20, Ceilings.Recent()))
    #expect(roofline.bandwidth == 20 && roofline.bound == roofline.level)
    // Half a FLOP a byte, for there is little beside the weights.
    #expect(abs(roofline.gflops - 10) < 0.01)
    #expect(ceilings.roofline(layer, item, peak: 5, paired: 20, Ceilings.Recent())?.boundName == "compute")
  }

  /// No ceiling is measured here: the roofline of a kernel that streams its weights comes from its own samples.
  @Test(arguments: [TeamKind.dispatch, .pinned, .dispatchApply], [1, 2])
  func aCaseThatStreamsItsWeightsHasTheirBandwidth(team: TeamKind, threads: Int) throws {
    let topology = try Examples.topology()
    let inner = WorkingSets(try Examples.placement(threads), topology.machine).capacities[.l2] ?? threads << 20
    // As many neurons as fill the L2 caches one and a half times.
    let layer = try Layer(op: .fc, shape: .fc(mb: 1, ic: 512, oc: 3 * inner / 4096), layout: .nc)
    let kernels = Catalog.current().kernels.suffix(4).filter { ["simd", "packed"].contains($0.name) }
    var cases = try kernels.map { try Examples.item($0, threads > 1 ? .channels : .none, threads: threads, team: team) }
    let cold = try #require(cases.first)
    cases.append(
      Case(kernel: try #require(cold.kernel), split: cold.split, team: team, placement: cold.placement, cache: .cold))
    let results = try Examples.results(Examples.group(layer, cases))
    #expect(results.count == 3)
    for result in results {
      let measurement = try #require(result.measurement, "\(result.verification?.failure ?? "")")
      let rates = measurement.samples.map(\.evidence.weightRate)
      if result.item.cache == .cold {
        #expect(rates.allSatisfy { $0 == nil } && measurement.roofline == nil && measurement.weightRate == nil)
        continue
      }
      #expect(rates.allSatisfy { $0 ?? 0 > 0 })
      let bandwidth = try #require(measurement.weightRate)
      #expect(measurement.roofline?.bandwidth == bandwidth)
    }
  }

  /// The packed copy, with its padding, or the layer's own weights.
  @Test func aKernelsReadingIsOfWhatItReads() throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 1, ic: 100, oc: 129), layout: .nc)
    let workbench = try Workbench(layer, caches: .assumed, threads: 2, pattern: .real, seed: 1)
    for kernel in Catalog.current().kernels.suffix(4) {
      let division = Split.channels.division(of: workbench.problem, for: kernel, threads: 2)
      let packed = try workbench.packedWeights(kernel, division)
      let count = packed?.buffer.count ?? 100 * 129
      #expect((packed != nil) == (kernel.name == "packed"))
      #expect(try workbench.weightReading(kernel, division, warmUp: 0).bytes == count / 128 * 128 * 4)
    }
  }
}
