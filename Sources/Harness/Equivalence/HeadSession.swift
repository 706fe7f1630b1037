import Kernels
import Layers
import Statistics
import Teams

/// Checks and measures one head in one layout: slid as convolutions against every window on its own.
struct HeadSession {
  let head: SlidHead
  let layout: Layout
  let cases: [Case]
  let settings: RunSettings
  let teams: TeamPool
  let caches: CacheSizes
  let steal: StealTime
  let isInterrupted: () -> Bool
  /// Called with every case as soon as it has ended.
  let report: (HeadResult) throws -> Void

  /// Multiply-adds of the reference, which may take that many in double precision: about a second on a core.
  private static let referenceLimit = 1e9

  /// Runs the cases to the last, or until the user interrupts.
  func run() throws {
    let tensors = try HeadTensors(head, layout: layout, seed: settings.seed)
    let perWindow = head.layers.reduce(0) { $0 + $1.flops } / 2
    let checked = max(2, min(tensors.windowCount, Int(Self.referenceLimit / perWindow)))
    // Spread over the map, its first and last place among them.
    let places = (0..<checked).map { $0 * (tensors.windowCount - 1) / (checked - 1) }
    let references = places.map {
      (place: $0, reference: HeadReference(window: tensors.features(ofWindow: $0), head: tensors.tensors))
    }
    for item in cases {
      if isInterrupted() { return }
      if let result = try result(item, tensors, references) { try report(result) }
    }
  }

  private func result(
    _ item: Case, _ tensors: HeadTensors, _ references: [(place: Int, reference: HeadReference)]
  ) throws -> HeadResult? {
    let team = try teams.team(item.team, item.placement)
    let slid = try HeadRun.slid(tensors, item, caches)
    let windows = try HeadRun.windows(tensors, item, caches)
    let executions = [slid, windows].map { Execution(nil, nil, inTurn($0.steps, workers: item.threads)) }
    var slowest: UInt64 = 0
    for (run, execution) in zip([slid, windows], executions) {
      run.scores.buffer.poison()
      slowest = max(slowest, team.run(execution.work(warmUp: 0, iterations: run.steps.count)).total)
    }
    var result = check(item, tensors, references, slid, windows)
    if !result.failures.isEmpty { return result }
    result.skipped = settings.reasonNotToTime(slowest)
    if result.skipped != nil { return result }
    let witness = try teams.witness(item.team, item.placement, item.formKernel.isa)
    let samplers = zip([slid, windows], executions).map {
      Sampler(TimedSteps($1, team, witness, steps: $0.steps.count), settings.stopRule)
    }
    let reasons = try InterleavedRounds(settings: settings, steal: steal, isInterrupted: isInterrupted).measure(
      samplers, order: head.ih &* 31 &+ head.layers[0].k
    ) { index, generator in [slid, windows][index].scores.buffer.poisonSome(&generator) }
    guard let reasons else { return nil }
    let measurements = zip(samplers, reasons).map { $0.measurement($1) }
    (result.slid, result.windows) = (measurements[0], measurements[1])
    result.comparison.ratio = PairedRatio(measurements[1].paired, over: measurements[0].paired)
    // Once more, after the timed executions: the scores must still agree.
    for (run, execution) in zip([slid, windows], executions) {
      run.scores.buffer.poison()
      _ = team.run(execution.work(warmUp: 0, iterations: run.steps.count))
    }
    let again = check(item, tensors, references, slid, windows)
    result.verification.failure = again.verification.failure.map { "after the timed executions, \($0)" }
    result.comparison.failure = again.comparison.failure.map { "after the timed executions, \($0)" }
    return result
  }

  /// Compares the scores of both ways with each other, all of them, and with the reference at some places.
  private func check(
    _ item: Case, _ tensors: HeadTensors, _ references: [(place: Int, reference: HeadReference)], _ slid: HeadRun,
    _ windows: HeadRun
  ) -> HeadResult {
    let width = tensors.convolutions.scores
    let map = tensors.convolutions.others[tensors.convolutions.others.count - 1]
    func ofMap(_ place: Int, _ score: Int) -> Float {
      slid.scores.buffer.pointer[map.outputIndex(m: place, n: score)]
    }
    func ofWindow(_ place: Int, _ score: Int) -> Float { windows.scores.buffer.pointer[place * width + score] }

    let isKnown = !slid.orders.contains(nil)
    var comparison = CrossingResult(
      hasSameOrder: isKnown && slid.orders == windows.orders, isIdentical: true, largestDifference: 0,
      elements: tensors.windowCount * width)
    for place in 0..<tensors.windowCount {
      for score in 0..<width {
        let (a, b) = (ofMap(place, score), ofWindow(place, score))
        let difference = abs(Double(a) - Double(b))
        if !(difference <= comparison.largestDifference) { comparison.largestDifference = difference }
        if a.bitPattern == b.bitPattern { continue }
        comparison.isIdentical = false
        if comparison.hasSameOrder && comparison.failure == nil {
          comparison.failure =
            "score \(score) of window \(place) is \(a) slid and \(b) from the window, although both add up the same "
            + "products in the same order"
        }
      }
    }
    var verification = Verification()
    for (place, reference) in references {
      for score in 0..<width {
        let (expected, bound) = (reference.values[score], reference.bounds[score])
        for (way, actual) in [("slid", ofMap(place, score)), ("from the window", ofWindow(place, score))] {
          let error = abs(Double(actual) - expected)
          if error * (verification.bound ?? 1) >= (verification.error ?? 0) * bound || error.isNaN {
            (verification.error, verification.bound) = (error.isNaN ? .infinity : error, bound)
          }
          if !(error <= bound) && verification.failure == nil {
            verification.failure =
              "score \(score) of window \(place), \(way), is \(actual), expected \(Float(expected)) ± \(Float(bound))"
          }
        }
      }
    }
    verification.failure = verification.failure ?? slid.damage ?? windows.damage
    let layers = head.layers
    let count = Double(tensors.windowCount)
    return HeadResult(
      head: head, layout: layout, item: item, oh: tensors.convolutions.oh, ow: tensors.convolutions.ow,
      slidFlops: tensors.convolutions.flops, windowFlops: count * layers.reduce(0) { $0 + $1.flops },
      slidBytes: tensors.patches.layer.leastBytes + tensors.convolutions.others.reduce(0) { $0 + $1.leastBytes },
      windowBytes: count * layers.reduce(0) { $0 + $1.leastBytes }, comparison: comparison,
      verification: verification)
  }
}
