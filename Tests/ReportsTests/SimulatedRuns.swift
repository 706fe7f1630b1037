import Foundation
import Layers
import Results
import Statistics

/// Runs with the noise of real ones, from a seed.
///
/// What pairs of runs of one build have shown is in it: within a run, samples with tails of neighbours; between runs, a
/// clock of the day that bursts see, an offset of each row that stays for the whole process and has heavy tails, and rows
/// that one process computes at half of their speed.
struct SimulatedRuns {
  private var generator: SeededGenerator
  /// How many layers a network has.
  var layers = 16
  /// The time of the packed kernel, as a factor.
  var packedFactor = 1.0
  /// The standard deviation of the offset that a row has in a process, as a part.
  var offset = 0.012
  /// How many rows have a far larger one.
  var outliers = 0.03

  init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  private mutating func uniform() -> Double { Double.random(in: 0x1p-53..<1, using: &generator) }

  private mutating func normal() -> Double {
    let (a, b) = (uniform(), uniform())
    return (-2 * log(a)).squareRoot() * cos(2 * .pi * b)
  }

  /// A run of `packed` and `simd` on one thread and two, in both layouts.
  mutating func run(_ name: String) -> RunFolder.Contents {
    let clock = exp(0.02 * normal())
    let samplingOfRun = 0.03
    var rows: [Row] = []
    for index in 0..<layers {
      for layout in [Layout.nchw, .nhwc] {
        for (kernel, speed) in [("packed", 80.0), ("simd", 30.0)] {
          for threads in [1, 2] {
            let channels = 16 * (index + 1)
            let descriptor = "mb1ic\(channels)ih14oc\(channels)oh14kh1ph0n\"layer\(index)\""
            let times = ExampleRun.Times(descriptor: descriptor, op: .conv1x1, count: 1, naive: 1, simd: [1, 1])
            var row = ExampleRun.row(times, layout, kernel, threads)
            row.run = name
            let ideal = row.flops / speed / Double(threads) * (kernel == "packed" ? packedFactor : 1)
            var place = exp(offset * normal())
            let draw = uniform()
            if draw < outliers { place *= draw < outliers / 4 ? 1 + uniform() : exp(0.05 * normal()) }
            let samples = (0..<40).map { _ -> Double in
              let tail = uniform() < 0.05 ? 1 + 0.3 * uniform() : 1
              return ideal * place / clock * exp(samplingOfRun * normal()) * tail
            }
            measure(&row, samples)
            row.peakGFLOPS = 100 * Double(threads) * clock * exp(0.005 * normal())
            row.bound = "compute"
            rows.append(row)
          }
        }
      }
    }
    var manifest = ExampleRun.manifest
    manifest.run = name
    return RunFolder.Contents(manifest: manifest, rows: rows, samples: [])
  }

  private func measure(_ row: inout Row, _ samples: [Double]) {
    guard let summary = SampleSummary(samples) else { return }
    row.rounds = summary.count
    row.cleanRounds = summary.count
    row.timeMedian = summary.median
    row.timeCILow = summary.ciLow
    row.timeCIHigh = summary.ciHigh
    row.gflops = row.flops / summary.median
  }
}
