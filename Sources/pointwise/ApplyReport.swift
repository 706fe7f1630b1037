import Foundation
import Harness
import Layers
import Reports
import Tensors

/// What `apply` prints of a layer and its results.
enum ApplyReport {
  /// The layer and its files.
  static func header(_ files: LayerFiles) -> String {
    let layer = files.layer
    let words =
      [layer.op.rawValue, layer.descriptor] + (layer.op == .fc ? [] : [layer.layout.rawValue])
      + (layer.bias ? ["bias"] : []) + (layer.activation == .none ? [] : [layer.activation.rawValue])
    var rows = [["input", "\(files.input.path)", files.input.shapeText]]
    rows.append(["weights", "\(files.weights.path)", files.weights.shapeText])
    if let bias = files.bias { rows.append(["bias", "\(bias.path)", bias.shapeText]) }
    return
      (["\(words.joined(separator: ", ")): \(Format.number(layer.flops * 1e-9)) GFLOP"]
      + TextColumns.lines(rows, indent: 2)).joined(separator: "\n")
  }

  /// A line for each case.
  static func table(_ outcomes: [ApplyRun.Outcome], _ layer: Layer) -> String {
    let titles = ["variant", "threads", "time (ms)", "± %", "GFLOP/s", "error", "bound", "error ÷ bound", "status"]
    let rows = outcomes.map { outcome in
      let time = outcome.time
      let (error, bound) = (outcome.verification.error, outcome.verification.bound)
      return [
        "\(outcome.item.variant)", "\(outcome.item.threads)", Format.number(time.map { $0.median * 1e-6 }),
        Format.number(time?.relativeHalfWidth.map { $0 * 100 }), Format.number(time.map { layer.flops / $0.median }),
        scientific(error), scientific(bound), ratio(error, bound), time == nil ? "incorrect" : "ok",
      ]
    }
    return TextColumns.lines(
      [titles] + rows, alignments: [.left] + Array(repeating: .right, count: 7)
    ).joined(separator: "\n")
  }

  /// How an expected output compares with the reference, and with the lab's own.
  static func expectation(
    _ file: TensorFile, _ check: ResultCheck, expected: SharedBuffer, output: SharedBuffer?, _ layer: Layer
  ) -> String {
    var text =
      "\(file.path): error against double precision \(scientific(check.error)), bound \(scientific(check.bound)), "
      + "error ÷ bound \(ratio(check.error, check.bound))" + (check.worst.map { " at \(indices($0, layer))" } ?? "")
    if let output {
      var (largest, place) = (0.0, 0)
      for i in 0..<layer.outputCount {
        let difference = abs(Double(output.buffer.pointer[i]) - Double(expected.buffer.pointer[i]))
        if difference > largest { (largest, place) = (difference, i) }
      }
      text += "; largest difference to the output \(scientific(largest))"
      if largest > 0 { text += " at \(indices(place, layer))" }
    }
    return text
  }

  /// The indices of an output element, counted from 0, by its place.
  static func indices(_ place: Int, _ layer: Layer) -> String {
    let sizes = layer.outputSizes
    let indices = zip(sizes, Rearrangement.denseStrides(sizes)).map { place / $1 % $0 }
    return "[\(indices.map(String.init).joined(separator: ", "))]"
  }

  static func scientific(_ value: Double?) -> String {
    guard let value else { return "–" }
    return value == 0 ? "0" : String(format: "%.2e", value)
  }

  private static func ratio(_ error: Double?, _ bound: Double?) -> String {
    guard let error, let bound else { return "–" }
    return error == 0 ? "0" : bound > 0 ? Format.number(error / bound) : "∞"
  }
}

/// That numbers of a file were rounded, for people.
func roundingNote(_ file: TensorFile, _ count: Int) -> String {
  "Note: \(file.path): \(count) of \(file.count) float64 numbers were rounded to the nearest float32"
}
