import Layers
import Testing

@Suite struct ActivationTests {
  /// x, gelu, silu, tanh and sigmoid to 20 digits, computed with 40.
  private static let values: [(x: Double, gelu: Double, silu: Double, tanh: Double, sigmoid: Double)] = [
    (-30, -1.4720141781444561179e-196, -2.8072868906517896862e-12, -1, 9.3576229688392989538e-14),
    (-10, -7.619853024160526066e-23, -0.00045397868702434394505, -0.99999999587769276362, 4.5397868702434394505e-5),
    (-5.5, -1.0444259356238245661e-7, -0.022385757437428700288, -0.99996659715630380964, 0.0040701377158961273252),
    (-3, -0.00404969409489028358, -0.14227761953270034264, -0.99505475368673045133, 0.047425873177566780879),
    (-1.125, -0.14658133177890996144, -0.27572063977391817235, -0.80930107020178101206, 0.24508501313237170876),
    (-0.5, -0.15426876936299344818, -0.18877033439907271768, -0.4621171572600097585, 0.37754066879814543536),
    (
      -0.001, -0.00049960105778608893742, -0.00049975000002083333125, -0.00099999966666679999995, 0.49975000002083333125
    ),
    (0, 0, 0, 0, 0.5),
    (0.001, 0.00050039894221391106258, 0.00050024999997916666875, 0.00099999966666679999995, 0.50024999997916666875),
    (0.5, 0.34573123063700655182, 0.31122966560092728232, 0.4621171572600097585, 0.62245933120185456464),
    (1, 0.84134474606854294859, 0.73105857863000487925, 0.76159415595576488812, 0.73105857863000487925),
    (2.5, 2.4844758366855596621, 2.310354549946891122, 0.98661429815143028888, 0.92414181997875644881),
    (6, 5.9999999940804741298, 5.985164261060191354, 0.99998771165079557056, 0.99752737684336522567),
    (7, 6.9999999999910413122, 6.9936226416391954825, 0.99999833694394467174, 0.99908894880559935464),
    (20, 20, 19.999999958776927636, 0.9999999999999999915, 0.99999999793884638181),
    (90, 90, 90, 1, 1),
  ]

  @Test func valuesAreThoseOfTheDefinition() {
    for (x, gelu, silu, tanh, sigmoid) in Self.values {
      for (activation, expected) in [
        (Activation.gelu, gelu), (.silu, silu), (.tanh, tanh), (.sigmoid, sigmoid),
      ] {
        // The error of an argument of erfc or exp is magnified by x² or x in the result.
        let tolerance = abs(expected) * 0x1p-52 * (4 + x * x)
        #expect(abs(activation(x) - expected) <= tolerance, "\(activation)(\(x)) is \(activation(x))")
      }
    }
    for x in [-1e30, -6.5, -1e-300, 0, 1e-300, 3.5, 6, 6.5, 1e30] {
      #expect(Activation.none(x) == x)
      #expect(Activation.relu(x) == max(0, x))
      #expect(Activation.relu6(x) == min(max(0, x), 6))
    }
  }

  @Test func limitsAreThoseOfTheDefinition() {
    let limits: [Activation: (Double, Double)] = [
      .none: (-.infinity, .infinity), .relu: (0, .infinity), .relu6: (0, 6), .gelu: (0, .infinity),
      .silu: (0, .infinity), .tanh: (-1, 1), .sigmoid: (0, 1),
    ]
    for activation in Activation.allCases {
      #expect(activation(-.infinity) == limits[activation]?.0, "\(activation)")
      #expect(activation(.infinity) == limits[activation]?.1, "\(activation)")
      for x in [-1e308, -1e5, -800, 800, 1e5, 1e308] { #expect(!activation(x).isNaN, "\(activation)(\(x))") }
    }
  }

  @Test func nanStaysNaN() {
    for activation in Activation.allCases { #expect(activation(.nan).isNaN, "\(activation)") }
  }

  @Test(arguments: Activation.allCases)
  func slopesAreWithinTheLipschitzConstant(activation: Activation) {
    let step = 0x1p-12
    var steepest = 0.0
    for i in -40 * 4096..<40 * 4096 {
      let x = Double(i) * step
      steepest = max(steepest, abs(activation(x + step) - activation(x)) / step)
    }
    // Differences of doubles near 40 carry a rounding error of their own.
    #expect(steepest <= activation.lipschitzConstant + 1e-9)
    // The bound is not idle either.
    #expect(steepest > 0.99 * activation.lipschitzConstant)
  }

  @Test func onlyPiecewiseLinearFunctionsAreExact() {
    #expect(Activation.allCases.filter(\.isExact) == [.none, .relu, .relu6])
  }
}
