import Kernels
import KernelsPortable
import Layers
import Testing

@Suite struct EpilogueTests {
  @Test(arguments: Activation.allCases)
  func singlePrecisionIsWithinTheAllowedUnits(activation: Activation) {
    var inputs: [Float] = [0, -0.0, 1e-30, -1e-30, .leastNonzeroMagnitude, 1e30, -1e30, 88, -88, 89, -89, 104, -104]
    for i in -3000...3000 { inputs.append(Float(i) / 100) }
    for x in inputs {
      let result = Double(Epilogue<Portable>.apply(activation, x))
      // The argument is exact here, so only the activation's own units are forgiven.
      let bound = ErrorBound.of(activation, sum: Double(x), magnitude: abs(Double(x)), depth: 1, isExact: true)
      let expected = activation(Double(x))
      #expect(abs(result - expected) <= bound, "\(activation)(\(x)) is \(result), expected \(expected) ± \(bound)")
    }
  }

  @Test func limitsAndNaN() {
    for activation in Activation.allCases {
      for x in [Double.infinity, -.infinity] {
        #expect(Double(Epilogue<Portable>.apply(activation, Float(x))) == activation(x), "\(activation)(\(x))")
      }
      #expect(Epilogue<Portable>.apply(activation, .nan).isNaN)
    }
  }
}
