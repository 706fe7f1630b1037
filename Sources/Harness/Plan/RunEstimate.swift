import Kernels
import Layers
import Teams

/// How long a plan will take, from a quick look at what each kernel does on this machine.
///
/// It is an estimate for the user's patience, not a measurement: one small layer a kernel, one thread, no placement.
public struct RunEstimate: Sendable {
  /// Seconds for each group of the plan, in its order.
  public let seconds: [Double]

  /// Seconds for the ceilings, before the first group.
  public let ceilings: Double
  /// Seconds for the whole plan.
  public var total: Double { ceilings + seconds.reduce(0, +) }

  /// Rounds that a case takes, as a rule, until its interval is ±2 % wide. The width falls with their square root.
  private static let typicalRounds = 24.0
  /// The time of the ceilings of one team.
  private static let ceilingSeconds = 0.4
  /// Multiply-adds that the Double reference does in a second on one core.
  private static let referenceRate = 1e9
  /// FLOP in a second of a library on one core, which is not loaded for an estimate.
  private static let peerRate = 5e10
  /// Elements that are compared with the reference in a second on one core.
  private static let comparisonRate = 5e7

  /// Looks at the kernels of `plan` and estimates. Takes some milliseconds a kernel and layout.
  ///
  /// - Throws: `OutOfMemory`.
  public init(_ plan: Plan, settings: RunSettings, caches: CacheSizes, cores: Int) throws(OutOfMemory) {
    var rates: [String: Double] = [:]
    var seconds: [Double] = []
    let perCore = Double(max(1, cores))
    // Noise may well take what a lower precision saves, so no fewer than at 2 %.
    let narrowing = max(1, 2 / settings.stopRule.precisionPercent)
    let rounds = Self.typicalRounds * narrowing * narrowing
    for group in plan.groups {
      let layer = group.layer
      let work = layer.flops / 2
      let checked = min(work, Reference.fullLimit / 2)
      var total = 2 * checked / Self.referenceRate / perCore
      for item in group.cases {
        let key = "\(item.contender.name) \(item.contender.isa) \(layer.layout)"
        if rates[key] == nil {
          switch item.contender {
          case .kernel(let kernel): rates[key] = try Self.rate(kernel, layer.layout, caches)
          case .peer: rates[key] = Self.peerRate
          }
        }
        let execution = layer.flops / rates[key]! / Double(item.threads)
        if execution > settings.stopRule.maxTime { continue }
        let compared =
          3 * Double(min(layer.outputCount, Int(checked / Double(layer.k)))) / Self.comparisonRate / perCore
        // Two checks, the choice of iterations, and the rounds; short executions are warmed up every time.
        let sample = max(execution, settings.sampleNanoseconds * 1e-9) + (execution < 0.02 ? execution : 0)
        let least = Double(settings.stopRule.minimumRounds) * sample
        let sampled = max(least, min(settings.stopRule.maxTime, rounds * sample))
        // Reading the weights after each sample takes about as long as an execution.
        let streams =
          item.kernel != nil && item.cache == .hot && layer.streamsWeights(past: item.threads * caches.l2)
        total += compared + 4 * execution + sampled * (1 + (streams ? execution / sample : 0))
      }
      seconds.append(total)
    }
    self.seconds = seconds
    ceilings = Self.ceilingSeconds * Double(plan.placements.count)
  }

  /// FLOP in a second of `kernel` on a small layer in `layout`.
  private static func rate(_ kernel: Kernel, _ layout: Layout, _ caches: CacheSizes) throws(OutOfMemory) -> Double {
    let layer: Layer
    do {
      layer =
        layout == .nc
        ? try Layer(op: .fc, shape: .fc(mb: 4, ic: 256, oc: 256), layout: .nc)
        : try Layer(op: .conv1x1, shape: .conv1x1(ic: 128, oc: 64, ih: 8, iw: 8), layout: layout)
    } catch {
      preconditionFailure("a fixed layer is a layer: \(error)")
    }
    let workbench = try Workbench(layer, caches: caches, threads: 1, pattern: .real, seed: 0)
    let whole = try workbench.execution(kernel, Division([Block(rows: 0..<layer.m, columns: 0..<layer.n)]))
    var fastest = UInt64.max
    for _ in 0..<5 {
      let start = monotonicNanoseconds()
      whole.body(0)
      fastest = min(fastest, max(1, monotonicNanoseconds() - start))
    }
    return layer.flops / (Double(fastest) * 1e-9)
  }
}
