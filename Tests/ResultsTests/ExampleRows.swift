import Layers
import Results

/// A row of a measured case whose numbers agree with each other.
func exampleRow() -> Row {
  var row = Row(
    run: "r1", suite: "quick", network: "resnet50", layer: #"mb1ic64ih56oc256oh56kh1ph0n"res2a*4""#, op: .conv1x1,
    layout: .nhwc, dtype: .f32, mb: 1, ic: 64, oc: 256, ih: 56, iw: 56, oh: 56, ow: 56, sh: 1, sw: 1, m: 3136, n: 256,
    k: 64, count: 4, bias: true, activation: .relu, variant: "packed-avx2-pixels-dispatch", kernel: "packed",
    isa: "avx2", split: "pixels", team: "dispatch", threads: 2, places: "cores", bind: "close", cpus: "0 1",
    cache: "hot", status: .ok)
  let time = 1_000_000.0
  let bytes = Double(3136 * 64 + 256 * 64 + 256 + 3136 * 256) * 4
  row.quality = .valid
  row.maxError = 1.5e-6
  row.errorBound = 2e-5
  row.rounds = 20
  row.iterations = 3
  row.timeMin = 990_000
  row.timeMedian = time
  row.timeMean = 1_001_234.5
  row.timeP90 = 1_020_000
  row.timeMAD = 4_000
  row.timeCV = 1.25
  row.timeCILow = 995_000
  row.timeCIHigh = 1_010_000
  row.gflops = row.flops / time
  row.gbytesPerSecond = bytes / time
  row.arithmeticIntensity = row.flops / bytes
  row.speedup = 1.9
  row.efficiencyPercent = 95
  row.prepare = 12_345
  return row
}

/// SplitMix64: the same strings on every run and platform.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
