import Layers
import Testing

@Suite struct ErrorBoundTests {
  private let u = ErrorBound.unitRoundoff

  @Test func gammaIsHighams() {
    #expect(u == 0x1p-24)
    #expect(Float(1 + u) == 1 && Float(1 + 2 * u) > 1)
    #expect(ErrorBound.gamma(0) == 0)
    #expect(ErrorBound.gamma(1) == 0x1p-24 / (1 - 0x1p-24))
    #expect(ErrorBound.gamma(1 << 23) == 1)
    #expect(ErrorBound.gamma((1 << 24) - 1) == Double((1 << 24) - 1))
    for k in [2, 3, 100, 4096, 25_088, 1 << 20] {
      let exact = Double(k) / (0x1p24 - Double(k))
      #expect(abs(ErrorBound.gamma(k) - exact) <= 4 * exact.ulp)
      #expect(ErrorBound.gamma(k) >= Double(k) * u)
    }
  }

  @Test func gammaPromisesNothingWhereTheSumMayBeMeaningless() {
    for k in [1 << 24, (1 << 24) + 1, 1 << 40] { #expect(ErrorBound.gamma(k) == .infinity) }
  }

  @Test func boundsGrowWithDepthMagnitudeAndSlope() {
    func bound(_ activation: Activation = .none, z: Double = 1, magnitude: Double = 2, depth: Int = 100) -> Double {
      ErrorBound.of(activation, sum: z, magnitude: magnitude, depth: depth, isExact: false)
    }
    for activation in Activation.allCases {
      var last = 0.0
      for depth in [1, 2, 10, 1000, 1 << 20, 1 << 23] {
        #expect(bound(activation, depth: depth) > last)
        last = bound(activation, depth: depth)
      }
      #expect(bound(activation, depth: 1 << 24) == .infinity)
      #expect(bound(activation, magnitude: 3) > bound(activation, magnitude: 2))
    }
    #expect(bound(.sigmoid) < bound(.tanh))
    // Without an activation it is γ of the terms and the bias, and next to nothing for underflow.
    let expected = ErrorBound.gamma(101) * 2
    #expect(bound() >= expected && bound() < expected * (1 + 1e-12))
  }

  @Test func exactSumsAreForgivenNothing() {
    for activation in Activation.allCases {
      let bound = ErrorBound.of(activation, sum: 3, magnitude: 1e6, depth: 1000, isExact: true)
      if activation.isExact {
        #expect(bound == 0)
      } else {
        // Only the activation's own units: 8 of the result, and 8 of the argument's effect.
        #expect(bound > 0 && bound < 17 * 0x1p-23 * 4)
      }
    }
  }

  @Test func underflowIsForgiven() {
    // The product of these two is half of the smallest subnormal number, and rounds to 0.
    let exact = 0x1p-75 * 0x1p-75
    #expect(Float(0x1p-75) * Float(0x1p-75) == 0)
    #expect(ErrorBound.of(.none, sum: exact, magnitude: exact, depth: 1, isExact: false) >= exact)
  }

  @Test func singlePrecisionSumsAreWithinTheBound() throws {
    for depth in [1, 7, 100, 5000] {
      let layer = try Layer(op: .fc, shape: .fc(mb: 8, ic: depth, oc: 8), layout: .nc, bias: true)
      let tensors = try LayerTensors(layer, pattern: .real, seed: 3)
      let reference = Reference(tensors, seed: 3)
      let bias = try #require(tensors.bias)
      for m in 0..<8 {
        for n in 0..<8 {
          let x = tensors.input.pointer + m * depth
          let w = tensors.weights.pointer + n * depth
          let sum = (0..<depth).reduce(Float(0)) { $0 + x[$1] * w[$1] } + bias[n]
          let i = m * 8 + n
          let bound = ErrorBound.of(
            .none, sum: reference.values[i], magnitude: reference.magnitudes[i], depth: depth, isExact: false)
          #expect(abs(Double(sum) - reference.values[i]) <= bound)
        }
      }
    }
  }

  @Test(arguments: [Activation.tanh, .sigmoid, .relu6]) func aBoundedFunctionHasABoundedError(activation: Activation) {
    for z in [-1e37, -3, 0, 1e20] {
      let bound = ErrorBound.of(activation, sum: z, magnitude: 1e38, depth: 500, isExact: false)
      #expect(bound >= activation.range && bound < activation.range * 1.001)
    }
  }
}
