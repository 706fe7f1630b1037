import Foundation
import Layers
import Results
import Statistics

/// Which of a convolution and an FC layer that compute the same is faster, and the reason that rules derive from the
/// layers and the measured times.
struct EquivalenceReason {
  /// What the ratio says.
  enum Verdict: String, Sendable {
    /// The intervals, or the noise of the run, allow for no difference.
    case equal = "no difference within noise"
    /// The FC layer is faster.
    case connected = "FC"
    /// The convolution is faster.
    case convolution = "convolution"
  }

  let verdict: Verdict
  let reason: String

  /// The verdict on a way of which the times are known; nil if they are not.
  ///
  /// - Parameter noiseFloor: by what part two measurements of the same form differ in this run; nil if it is not known.
  init?(_ way: EquivalenceRecord.Way, of item: EquivalenceRecord.LayerCase, noiseFloor: Double?) {
    guard let ratio = way.ratio, let facts = Facts(way, item) else { return nil }
    let distance = max(ratio.value, 1 / ratio.value) - 1
    let isClear = (ratio.low > 1 || ratio.high < 1) && distance > noiseFloor ?? 0
    verdict = !isClear ? .equal : ratio.value > 1 ? .connected : .convolution
    switch verdict {
    case .equal: reason = facts.whenEqual
    case .connected: reason = facts.whenConnectedIsFaster
    case .convolution: reason = facts.whenConvolutionIsFaster
    }
  }

  /// What the rules look at.
  private struct Facts {
    let way: EquivalenceRecord.Way
    let convolution: EquivalenceRecord.Form
    let connected: EquivalenceRecord.Form
    let setting: EquivalenceRecord.Setting
    let times: (convolution: Double, connected: Double)

    init?(_ way: EquivalenceRecord.Way, _ item: EquivalenceRecord.LayerCase) {
      let ends = [item.forms[way.from], item.forms[way.to]]
      guard let convolution = ends.first(where: \.isConvolution),
        let connected = ends.first(where: { !$0.isConvolution }),
        let a = convolution.time?.median, let b = connected.time?.median
      else { return nil }
      (self.way, self.convolution, self.connected, setting) = (way, convolution, connected, item.setting)
      times = (a, b)
    }

    private var shape: Shape { convolution.layer.shape }
    private var isChannelsFirst: Bool { convolution.layer.layout == .nchw }
    private var pixels: Int { shape.oh * shape.ow }
    private var isStrided: Bool { shape.sh > 1 || shape.sw > 1 }

    /// The part of the lanes that the last vector of an image leaves empty, in percent.
    private var emptyLanes: Double {
      let lanes = (pixels + setting.lanes - 1) / setting.lanes * setting.lanes
      return 100 * Double(lanes - pixels) / Double(lanes)
    }

    private func rate(_ form: EquivalenceRecord.Form, _ time: Double) -> String {
      Format.number(form.layer.flops / time)
    }

    /// The two rates, in GFLOP/s, convolution first.
    private var rates: String {
      "\(rate(convolution, times.convolution)) against \(rate(connected, times.connected)) GFLOP/s"
    }

    /// Bytes that each FLOP needs: with less than two products a byte, weights decide.
    private var isBoundByWeights: Bool { connected.layer.m < 8 }

    /// How fast both read their weights, in GB/s.
    private var weightRates: String {
      let bytes = Double(connected.layer.weightCount * connected.layer.dtype.size)
      return "\(Format.number(bytes / times.convolution)) and \(Format.number(bytes / times.connected)) GB/s of weights"
    }

    var whenEqual: String {
      if isBoundByWeights {
        return "every weight is used \(connected.layer.m == 1 ? "once" : "\(connected.layer.m) times"), and both read "
          + "them at about the same pace: \(weightRates)"
      }
      return way.isSameMemory && !isChannelsFirst
        ? "the same code on the same memory: \(rates)" : "the layout costs nothing that shows here: \(rates)"
    }

    var whenConnectedIsFaster: String {
      guard isChannelsFirst else { return isStrided ? strided : memory }
      switch setting.kernel {
      case "simd" where isStrided:
        return "NCHW with a stride: a vector of pixels is gathered element by element, where the FC layer's rows were "
          + "gathered before: \(rates)"
      case "simd": return lanes + again + ": \(rates)"
      case "packed":
        return "NCHW: the pixels of a tile are copied to a panel before they are used\(transposed), where the FC layer "
          + "has its features beside each other: \(rates)"
      default:
        return
          "NCHW: the channels of a pixel lie \(Format.bytes(shape.ih * shape.iw * 4)) apart, the features of a row "
          + "beside each other: \(rates)"
      }
    }

    var whenConvolutionIsFaster: String {
      guard isChannelsFirst else { return isStrided ? strided : memory }
      switch setting.kernel {
      case "simd":
        return
          "NCHW: a vector holds \(setting.lanes) pixels and is stored as it is, where the FC layer adds up the lanes "
          + "of a vector after every \(connected.layer.k) products: \(rates)"
      case "packed":
        return
          "NCHW: the pixels of a tile are copied to a panel, in the order in which they are used, and that pays here: "
          + rates
      default: return "NCHW: the pixels of a channel lie beside each other: \(rates)"
      }
    }

    /// How well the pixels of an image fill vectors.
    private var lanes: String {
      if emptyLanes == 0 { return "NCHW: weights are broadcast one by one to vectors of \(setting.lanes) pixels" }
      let vectors = (pixels + setting.lanes - 1) / setting.lanes
      return
        "NCHW: \(Format.count(pixels, "pixel")) an image in \(Format.count(vectors, "vector")) of \(setting.lanes) "
        + "leave \(Format.number(emptyLanes)) % of the lanes without work of their own"
    }

    /// What it means that vectors do not reach from image to image.
    private var again: String {
      if shape.mb == 1 { return "" }
      let bytes = Double(shape.mb * convolution.layer.weightCount * convolution.layer.dtype.size)
      return ", and every image reads all weights anew, \(Format.number(bytes / times.convolution)) GB/s of them in all"
    }

    /// What the packed kernel does with images that fill vectors badly.
    private var transposed: String {
      emptyLanes > 0 ? ", and where vectors of an image would be filled badly, results are stored transposed" : ""
    }

    /// What a stride does in NHWC.
    private var strided: String {
      "the stride leaves pixels out, so that runs of evenly spaced pixels end after \(shape.ow); the FC layer's rows were "
        + "gathered before: \(rates)"
    }

    /// What is left when both run the same code: where their buffers lie.
    private var memory: String {
      way.isSameMemory
        ? "the same code on the same input and output: what differs is where packed weights lie in memory, \(rates)"
        : "the data lies elsewhere: \(rates)"
    }
  }
}

extension EquivalenceRecord {
  /// The factor less one within which 95 % of the replicas of this run lie; nil if there are none.
  var noiseFloor: Double? { IndependentRatio.noiseFloor(of: layers.compactMap { $0.replica?.value }) }
}
