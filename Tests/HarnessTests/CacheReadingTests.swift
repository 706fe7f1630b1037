import Kernels
import Layers
import Testing
import Topology

@testable import Harness
@testable import Teams

@Suite struct CacheReadingTests {
  @Test func slowCachesTaintTheirRounds() {
    func taints(_ rate: Double?, best: Double) -> Set<Taint> {
      var evidence = Evidence.quiet
      evidence.cacheRate = rate
      return Taint.of(evidence, nanoseconds: 1e6, best: 100, bestCache: best)
    }
    #expect(taints(51, best: 100) == [] && taints(49, best: 100) == [.contended])
    #expect(taints(nil, best: 100) == [], "unknown is not slow")
    #expect(taints(1, best: 0) == [])
  }

  /// The best is that of the case's own rounds: another case's caches are another level.
  @Test func theBestIsThatOfTheCase() {
    var series = SampleSeries(StopRule())
    for round in 0..<20 {
      var evidence = Evidence.quiet
      evidence.cacheRate = round < 5 ? 14 : 30 + Double(round % 3)
      series.append(.init(round: round, position: 0, nanoseconds: 1e6, evidence: evidence, taints: []), seconds: 1e-3)
    }
    let samples = series.measurement(.time, imbalancePercent: nil, bestRate: 100).samples
    for sample in samples { #expect(sample.taints == (sample.round < 5 ? [.contended] : [])) }
  }

  @Test(arguments: [1, 2]) func everyWorkerReadsItsOwnBuffer(threads: Int) throws {
    let team = try PinnedTeam(cpus: Array(repeating: nil, count: threads), topology: try Examples.topology())
    let probe = try #require(Catalog.current().probes.first)
    let witness = Witness(team, Burst(probe), caches: try CacheReading(probe, threads: threads))
    let work = TeamWork(warmUp: 0, iterations: 1) { _ in }
    #expect(witness.observe(work).1.cacheRate == nil, "only where it is asked for")
    #expect(try #require(witness.observe(work, .buffers).1.cacheRate) > 0)
    #expect(try #require(witness.observeIdle(readsCaches: true).cacheRate) > 0)
    #expect(try #require(witness.cacheRate()) > 0)
    #expect(Witness(team, Burst(probe)).cacheRate() == nil)
  }

  @Test func smallHotLayersAreNotLookedAt() throws {
    let machine = try HwlocTopology(
      .synthetic(description: "package:1 l3:1(size=33554432) l2:2(size=1048576) l1:1(size=32768) core:1 pu:1")
    ).machine
    let placement = try PlacementPolicy().resolve(threads: 1, on: machine)
    let kernel = try #require(Catalog.current().kernels.first)
    func reads(_ channels: Int, _ cache: CacheState) throws -> Bool {
      let layer = try Layer(op: .fc, shape: .fc(mb: 1, ic: channels, oc: channels), layout: .nc)
      return machine.readsCaches(
        beside: Case(kernel: kernel, split: .none, team: .dispatch, placement: placement, cache: cache), of: layer)
    }
    #expect(try !reads(64, .hot) && reads(128, .hot) && reads(64, .coldWeights) && reads(64, .cold))
  }
}
