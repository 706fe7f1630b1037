import Kernels
import Layers
import Testing
import Topology

@testable import Harness

@Suite struct PredictorTests {
  private static let catalog = Catalog.current()

  private func packed() throws -> Kernel { try #require(Self.catalog.kernels.last { $0.name == "packed" }) }

  private func machine(_ description: String) throws -> Machine {
    try HwlocTopology(.synthetic(description: description)).machine
  }

  /// Two nodes of two cores, each with an L2 cache of 1 MiB and a shared L3 cache of 8 MiB.
  private func twoNodes() throws -> Machine {
    try machine("numa:2 l3:1(size=8MB) l2:2(size=1MB) l1:1(size=32KB) core:1 pu:1")
  }

  private func rates(_ scale: Double = 1) -> MachineRates {
    MachineRates(
      multiplyAdds: 100 * scale, read: [.l2: 200 * scale, .l3: 50 * scale, .memory: 20 * scale],
      shared: [.memory: 30 * scale], forkJoin: 1000 / scale, forkJoinThreads: 2)
  }

  private func convolution(_ layout: Layout = .nhwc) throws -> Layer {
    try Layer(op: .conv1x1, shape: .conv1x1(ic: 256, oc: 512, ih: 28, iw: 28), layout: layout)
  }

  @Test(arguments: [Layout.nchw, .nhwc]) func aLargeLayerIsNearThePeakAndNeverBeyond(layout: Layout) throws {
    let layer = try convolution(layout)
    let time = try #require(
      Predictor(try twoNodes(), rates(), threads: 1, cpus: [0]).prediction(layer, try packed(), .none))
    let least = layer.flops / 100
    #expect(time.nanoseconds > least && time.nanoseconds < 1.35 * least, "\(time)")
    #expect(time.limit == "compute" && time.imbalancePercent == 0 && time.forkJoin == 0)
  }

  @Test(arguments: Split.allCases.filter { ![.none, .auto].contains($0) })
  func aMachineTwiceAsFastTakesHalfTheTime(split: Split) throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 2, ic: 4096, oc: 1000), layout: .nc)
    let kernel = try packed()
    let machine = try twoNodes()
    let (slow, fast) = (
      Predictor(machine, rates(), threads: 4, cpus: []), Predictor(machine, rates(2), threads: 4, cpus: [])
    )
    let (one, other) = (
      try #require(slow.prediction(layer, kernel, split)), try #require(fast.prediction(layer, kernel, split))
    )
    #expect(abs(one.nanoseconds / other.nanoseconds - 2) < 1e-9)
  }

  @Test func whatCannotBeDividedIsNoFasterOnMoreThreads() throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 1, ic: 512, oc: 256), layout: .nc)
    let machine = try twoNodes()
    let kernel = try packed()
    let one = try #require(Predictor(machine, rates(), threads: 1, cpus: [0]).prediction(layer, kernel, .none))
    let two = try #require(Predictor(machine, rates(), threads: 2, cpus: [0, 1]).prediction(layer, kernel, .pixels))
    #expect(two.nanoseconds == one.nanoseconds + 1000 && two.imbalancePercent == 100)
    let channels = Predictor(machine, rates(), threads: 2, cpus: [0, 1]).prediction(layer, kernel, .channels)
    let halved = try #require(channels)
    #expect(halved.nanoseconds - 1000 < 0.6 * one.nanoseconds && halved.imbalancePercent < 1)
    #expect(halved.weightBytes * 2 == 4 * 512 * 256 && halved.inputBytes == 4 * 512 && halved.outputBytes == 4 * 128)
  }

  @Test func coresOfOneNodeShareItsMemory() throws {
    // 64 MiB of weights, which no cache holds; a core alone reads 20 GB/s, a node gives 30.
    let layer = try Layer(op: .fc, shape: .fc(mb: 1, ic: 4096, oc: 4096), layout: .nc)
    let kernel = try packed()
    let machine = try twoNodes()
    func time(_ cpus: [Int]) throws -> Prediction {
      try #require(
        Predictor(machine, rates(), threads: cpus.count, cpus: cpus)
          .prediction(layer, kernel, cpus.count == 1 ? .none : .channels))
    }
    let bytes = layer.leastBytes
    let (alone, near, apart) = (try time([0]), try time([0, 1]), try time([0, 2]))
    #expect(alone.limit == "memory" && abs(alone.nanoseconds / (bytes / 20) - 1) < 0.02)
    #expect(abs((near.nanoseconds - 1000) / (bytes / 30) - 1) < 0.02, "\(near)")
    #expect(abs((apart.nanoseconds - 1000) / (bytes / 40) - 1) < 0.02, "\(apart)")
  }

  @Test func hardwareThreadsOfACoreShareItsUnits() throws {
    let machine = try machine("l3:1(size=32MB) l2:2(size=1MB) l1:1(size=32KB) core:1 pu:2")
    let pairs = machine.cores.map { Array($0.cpus.prefix(2)) }
    let layer = try convolution()
    let kernel = try packed()
    let siblings = try #require(
      Predictor(machine, rates(), threads: 2, cpus: pairs[0]).prediction(layer, kernel, .pixels))
    let cores = try #require(
      Predictor(machine, rates(), threads: 2, cpus: [pairs[0][0], pairs[1][0]]).prediction(layer, kernel, .pixels))
    #expect(siblings.nanoseconds > 1.7 * cores.nanoseconds)
  }

  @Test func anEfficiencyStandsInForKernelsThatDoNotCount() throws {
    let layer = try convolution()
    let naive = try #require(Self.catalog.kernels.first { $0.name == "naive" })
    let machine = try twoNodes()
    #expect(Predictor(machine, rates(), threads: 1, cpus: [0]).prediction(layer, naive, .none) == nil)
    let predictor = Predictor(machine, rates(), threads: 1, cpus: [0], efficiency: 0.5)
    let time = try #require(predictor.prediction(layer, naive, .none)).nanoseconds
    #expect(abs(time / (layer.flops / 50) - 1) < 1e-12)
  }

  @Test func oneOfSeveralThreadsIsPredictedAsOneAlone() throws {
    let layer = try Layer(op: .fc, shape: .fc(mb: 1, ic: 240, oc: 10), layout: .nc)
    // Hardware threads of one core and its caches: those that do not compute take nothing of them.
    let machine = try machine("l3:1(size=32MB) l2:1(size=1MB) l1:1(size=32KB) core:1 pu:4")
    let alone = try #require(
      Predictor(machine, rates(), threads: 1, cpus: [0]).prediction(layer, try packed(), .none))
    let four = Predictor(machine, rates(), threads: 4, cpus: [0, 1, 2, 3])
    let auto = try #require(four.prediction(layer, try packed(), .auto))
    #expect(auto == alone && auto.division == "none" && auto.forkJoin == 0 && auto.imbalancePercent == 0)
    let channels = try #require(four.prediction(layer, try packed(), .channels))
    #expect(channels.nanoseconds > auto.nanoseconds + channels.forkJoin)
  }

  @Test func aSplitThatDoesNotSuitHasNoPrediction() throws {
    let predictor = Predictor(try twoNodes(), rates(), threads: 4, cpus: [])
    #expect(predictor.prediction(try convolution(), try packed(), .reduction) == nil)
  }

  // MARK: Rates

  private func peaks(_ threads: Int, cpus: String, fma: Double, l3: Double, memory: Double, forkJoin: Double) throws
    -> Peaks
  {
    func quantity(_ value: Double) throws -> Quantity { try #require(Quantity([value], unit: "GB/s")) }
    return Peaks(
      threads: threads, team: .dispatch, cpus: cpus, multiplyAdds: ["avx2": try quantity(fma)],
      bandwidths: [
        .init(level: .l3, bytesPerWorker: 1, read: try quantity(l3)),
        .init(level: .memory, bytesPerWorker: 1, read: try quantity(memory)),
      ], forkJoin: try quantity(forkJoin))
  }

  @Test func ceilingsOfAsManyThreadsAreTakenAsTheyAre() throws {
    let all = [
      try peaks(1, cpus: "0", fma: 100, l3: 50, memory: 20, forkJoin: 10),
      try peaks(4, cpus: "0 1 2 3", fma: 360, l3: 160, memory: 60, forkJoin: 4000),
    ]
    let exact = try #require(MachineRates(all, isa: .avx2, threads: 4, on: try twoNodes()))
    #expect(exact.multiplyAdds == 90 && exact.read == [.l3: 40, .memory: 15] && exact.forkJoin(threads: 4) == 4000)
    // Two threads: each core as one alone, the nodes a half of what all had.
    let between = try #require(MachineRates(all, isa: .avx2, threads: 2, on: try twoNodes()))
    #expect(between.multiplyAdds == 100 && between.read == [.l3: 50, .memory: 20])
    #expect(between.shared == [.l3: 80, .memory: 30] && between.forkJoin(threads: 8) == 8000)
    #expect(MachineRates(all, isa: .avx512, threads: 2, on: try twoNodes()) == nil)
    #expect(MachineRates([], isa: .avx2, threads: 2, on: try twoNodes()) == nil)
  }
}
