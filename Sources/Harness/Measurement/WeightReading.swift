import Kernels
import Layers

/// One plain read of the very weights that a case's kernel reads, shared out among the workers of its team.
///
/// A layer of few rows is bound by its weights, which come from the L3 cache or from memory. A ceiling that was measured at
/// another moment of the run says little of that: on a machine with neighbours, the bandwidth of memory changes by a factor
/// of 1.5 within seconds. So after every sample the team reads the same memory, with the same pages, in the loop that
/// measures the ceilings: what a ``Burst`` is to the multiply-adds, this is to the bandwidth. It takes nothing away from
/// the case: weights that do not fit the caches are read in a cycle by its repetition, of which this is one turn more.
///
/// Where they lie in the L3 cache, one untimed turn comes first, as the warm-up before a sample: on a Zen 5, 16 MiB are
/// read 10 to 15 % faster the second time. From memory, no difference was seen.
///
/// `@unchecked Sendable`: the weights are only read, and live as long as the workbench that they are of.
struct WeightReading: @unchecked Sendable {
  private let weights: UnsafePointer<Float>
  /// The elements that each worker reads: contiguous parts that follow each other, in whole steps of the loop.
  let parts: [Range<Int>]
  /// Whether a worker reads the four quarters of its part at once, or its part as one stream.
  var isInFourStreams = true
  /// How often they are read before the clock starts.
  let warmUp: Int

  /// A reading of `count` weights by `threads` workers. What is less than a step of the loop is left out at the end.
  init(_ weights: UnsafePointer<Float>, count: Int, threads: Int, warmUp: Int = 0) {
    self.weights = weights
    self.warmUp = warmUp
    let step = ProbeSet.readStep
    parts = (0..<threads).map { worker in
      count / step * worker / threads * step..<count / step * (worker + 1) / threads * step
    }
  }

  /// Bytes that all workers read together.
  var bytes: Int { parts.reduce(0) { $0 + $1.count } * MemoryLayout<Float>.stride }

  /// The rate of a reading that took `nanoseconds`, in GB/s.
  func rate(nanoseconds: UInt64) -> Double { Double(bytes) / Double(max(1, nanoseconds)) }

  /// Reads a worker's part.
  func read(_ worker: Int, with probes: ProbeSet) {
    var sink: Float = 0
    probes.read(weights + parts[worker].lowerBound, parts[worker].count, 1, isInFourStreams, &sink)
  }

  /// The reading in the faster of its two patterns, by the best of a few tries of each in turn: what disturbs a reading
  /// makes it slower. A ceiling is that of the better pattern too.
  ///
  /// On a Zen 5, one stream reads 4 MiB from the L3 cache a tenth faster, and four streams read 64 MiB from memory by as
  /// much.
  ///
  /// - Parameter rate: reads once, and gives the rate.
  func inFasterPattern(_ rate: (WeightReading) -> Double) -> WeightReading {
    var (one, four) = (self, self)
    (one.isInFourStreams, four.isInFourStreams) = (false, true)
    var best = (one: 0.0, four: 0.0)
    for _ in 0..<3 { best = (max(best.one, rate(one)), max(best.four, rate(four))) }
    return best.one > best.four ? one : four
  }
}
