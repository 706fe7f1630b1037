import Foundation
import Layers
import Results

/// A small run with numbers that can be checked by hand: a network "tiny" of two convolutions and a fully connected
/// layer, two kernels, one and two threads.
///
/// Median times in ns by layer, kernel and threads; NHWC takes half of NCHW's time with `simd`.
///
///     layer   count  naive 1  naive 2  simd 1 (nchw)  simd 2 (nchw)
///     conv a      3     8000     4000           1000            500
///     conv b      1     2000     1000            400            250
///     fc          2     6000     3000            600            600
enum ExampleRun {
  struct Times {
    var descriptor: String
    var op: Op
    var count: Int
    var naive: Double
    var simd: [Double]
  }

  static let layers = [
    Times(descriptor: #"mb1ic8ih4oc8oh4kh1ph0n"a|b*3""#, op: .conv1x1, count: 3, naive: 8_000, simd: [1_000, 500]),
    Times(descriptor: #"mb1ic16ih4oc8oh4kh1ph0n"b""#, op: .conv1x1, count: 1, naive: 2_000, simd: [400, 250]),
    Times(descriptor: #"mb1ic32oc8n"fc*2""#, op: .fc, count: 2, naive: 6_000, simd: [600, 600]),
  ]

  static func row(_ times: Times, _ layout: Layout, _ kernel: String, _ threads: Int) -> Row {
    let isConvolution = times.op == .conv1x1
    let channels = times.descriptor.contains("ic32") ? 32 : times.descriptor.contains("ic16") ? 16 : 8
    let side = isConvolution ? 4 : 1
    var row = Row(
      run: "r1", suite: "quick", network: "tiny", layer: times.descriptor, op: times.op, layout: layout, dtype: .f32,
      mb: 1, ic: channels, oc: 8, ih: side, iw: side, oh: side, ow: side, sh: 1, sw: 1, m: side * side, n: 8,
      k: channels, count: times.count, bias: false, activation: .none, variant: "\(kernel)-portable-pixels-dispatch",
      kernel: kernel, isa: "portable", split: "pixels", team: "dispatch", threads: threads, places: "cores",
      bind: "close", cpus: threads == 1 ? "0" : "0 1", cache: "hot", status: .ok)
    let time: Double
    if kernel == "naive" {
      time = times.naive / Double(threads)
    } else {
      time = times.simd[threads - 1] / (layout == .nhwc ? 2 : 1)
    }
    measure(&row, time)
    return row
  }

  static func measure(_ row: inout Row, _ time: Double) {
    row.quality = .valid
    row.maxError = 1e-7
    row.errorBound = 1e-5
    row.rounds = 10
    row.iterations = 5
    row.timeMin = time * 0.99
    row.timeMedian = time
    row.timeMean = time
    row.timeP90 = time * 1.01
    row.timeCILow = time * 0.995
    row.timeCIHigh = time * 1.01
    row.gflops = row.flops / time
  }

  /// The row without its measurements.
  static func unmeasured(_ row: Row, _ status: Status, _ notes: String) -> Row {
    var row = row
    row.status = status
    row.notes = notes
    row.quality = nil
    row.maxError = nil
    row.errorBound = nil
    row.rounds = nil
    row.iterations = nil
    row.timeMin = nil
    row.timeMedian = nil
    row.timeMean = nil
    row.timeP90 = nil
    row.timeCILow = nil
    row.timeCIHigh = nil
    row.gflops = nil
    return row
  }

  static var rows: [Row] {
    layers.flatMap { times in
      Layout.applicable(to: times.op).flatMap { layout in
        ["naive", "simd"].flatMap { kernel in [1, 2].map { row(times, layout, kernel, $0) } }
      }
    }
  }

  static var manifest: RunManifest {
    var environment = Environment()
    environment.cpuModel = "Example CPU"
    environment.logicalCPUs = 2
    environment.memoryTotal = 16 << 30
    environment.build = .release
    environment.caches = (1...3).map { Environment.Cache(level: $0, type: "Unified", size: 1 << (14 + 2 * $0)) }
    var manifest = RunManifest(
      run: "r1", toolVersion: "0.1.0", commandLine: ["pointwise", "run", "my suite.yaml", "--threads", "1,2"],
      started: Date(timeIntervalSince1970: 1_700_000_000), seed: 42,
      suites: [RunManifest.Suite(name: "quick", file: "Benchmarks/quick.yaml")],
      settings: RunManifest.Settings(precisionPercent: 2, maxTimeSeconds: 1), environment: environment)
    manifest.status = .complete
    manifest.ended = Date(timeIntervalSince1970: 1_700_000_060)
    return manifest
  }
}
