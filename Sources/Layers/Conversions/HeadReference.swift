/// What a head of FC layers says of one window, in double precision, and how far a single-precision result may be off.
///
/// The error of a layer's input is an error of its output too: with |ĥ − h| ≤ e for every feature, a sum of k products is
/// off by at most γₖ₊₁·(Σ|w|(|h| + e) + |b|) + Σ|w|·e (Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed.,
/// §3.1 and §3.3, running error analysis), and the activation passes on at most its Lipschitz constant times that.
public struct HeadReference: Sendable {
  /// The scores.
  public private(set) var values: [Double]
  /// What the error of each score may be.
  public private(set) var bounds: [Double]

  /// Computes the scores of `window`, on all cores.
  ///
  /// - Parameters:
  ///   - window: the first layer's features, in the order C, H, W.
  ///   - head: the layers' tensors; those of their inputs are not read.
  /// - Requires: every layer has as many features as the one before has neurons.
  public init(window: [Float], head: [LayerTensors]) {
    values = window.map { Double($0) }
    bounds = [Double](repeating: 0, count: window.count)
    for tensors in head {
      let (h, e, layer) = (values, bounds, tensors.layer)
      precondition(layer.k == h.count, "a layer continues the one before it")
      values = [Double](repeating: 0, count: layer.n)
      bounds = values
      values.withUnsafeMutableBufferPointer { values in
        bounds.withUnsafeMutableBufferPointer { bounds in
          let results = Results(values: values.baseAddress!, bounds: bounds.baseAddress!)
          parallelChunks(of: layer.n) { neurons in
            for n in neurons {
              let w = tensors.weights.pointer + n * layer.k
              let b = tensors.bias.map { Double($0[n]) } ?? 0
              var (sum, magnitude, passedOn) = (b, abs(b), 0.0)
              for k in 0..<layer.k {
                let weight = Double(w[k])
                sum += weight * h[k]
                magnitude += abs(weight) * (abs(h[k]) + e[k])
                passedOn += abs(weight) * e[k]
              }
              results.values[n] = layer.activation(sum)
              results.bounds[n] =
                ErrorBound.of(layer.activation, sum: sum, magnitude: magnitude, depth: layer.k, isExact: false)
                + layer.activation.lipschitzConstant * passedOn
            }
          }
        }
      }
    }
  }

  /// `@unchecked Sendable`: every part writes its own elements.
  private struct Results: @unchecked Sendable {
    let values: UnsafeMutablePointer<Double>
    let bounds: UnsafeMutablePointer<Double>
  }
}
