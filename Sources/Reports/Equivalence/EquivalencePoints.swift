import Foundation
import Layers
import Results

/// The answer point by point: what distinguishes the two layers, each point with its evidence from a run.
struct EquivalencePoints {
  let tables: EquivalenceTables

  private typealias LayerCase = EquivalenceRecord.LayerCase

  /// The first layer of the run that was asked for as a convolution over pixels.
  private var convolution: LayerCase? { tables.layers.first { $0.forms.first?.isConvolution == true } }
  /// The first that was asked for as an FC layer over features.
  private var connected: LayerCase? {
    tables.layers.first { item in item.forms.first.map { !$0.isConvolution && $0.layer.shape.ih == 1 } ?? false }
  }
  /// The first that was asked for as an FC layer over a map.
  private var flattened: LayerCase? {
    tables.layers.first { item in item.forms.first.map { !$0.isConvolution && $0.layer.shape.ih > 1 } ?? false }
  }

  /// The points for which the run has evidence.
  var blocks: [Block] {
    [
      sum, scope, shape, space, dimension, cost, use,
    ].flatMap { point in
      point.evidence.isEmpty ? [] : [.heading(point.title), .paragraph(point.text), .list(point.evidence)]
    }
  }

  private struct Point {
    var title: RichText
    var text: RichText
    var evidence: [RichText]
  }

  private var sum: Point {
    let ways = tables.record.layers.flatMap(\.ways)
    let same = ways.filter(\.hasSameOrder)
    let others = ways.filter { !$0.hasSameOrder }
    var evidence: [RichText] = []
    if !same.isEmpty {
      evidence.append(
        """
        Same order of summation: **\(same.count(where: \.isIdentical)) of \(same.count)** comparisons are identical to the \
        last bit, over \(same.reduce(0) { $0 + $1.elements }) outputs.
        """)
    }
    if let largest = others.map(\.largestDifference).max() {
      evidence.append(
        """
        Another order, in \(Format.count(others.count, "comparison")): the largest difference is \
        \(EquivalenceTables.scientific(largest)), \(others.count(where: \.isIdentical)) are identical all the same. On \
        integers, whose sums are exact in any order, every form gives the same numbers, or the run fails.
        """)
    }
    let parts = tables.record.layers.flatMap(\.forms).compactMap { EquivalenceTables.part($0.error, of: $0.bound) }
    if let worst = parts.max() {
      evidence.append(
        """
        Against a reference in double precision, the worst of \(parts.count) results is at \(Format.number(100 * worst)) % \
        of what rounding allows.
        """)
    }
    return Point(
      title: "What they compute",
      text: """
        The same: every output is a sum of inputs times learnable weights, plus a bias, through an activation. Both are \
        the matrix product C = A·Wᵀ with M rows, N outputs and K products a sum, and a form of one is converted to a form \
        of the other without changing a number.
        """, evidence: evidence)
  }

  private var scope: Point {
    var evidence: [RichText] = []
    if let item = convolution, let layer = item.forms.first?.layer {
      let s = layer.shape
      let all = Double(s.ic * s.ih * s.iw) * Double(s.oc * s.oh * s.ow)
      evidence.append(
        """
        `\(item.descriptor)`: an output sees the \(layer.k) channels of one pixel, and the same \(layer.weightCount) \
        weights serve all \(layer.m) pixels. An FC layer from all of this map to all of it would have \
        \(Format.number(all / 1e6)) million weights, \(Format.number(all / Double(layer.weightCount))) times as many.
        """)
    }
    if let item = flattened ?? connected, let layer = item.forms.first?.layer {
      evidence.append(
        """
        `\(item.descriptor)`: an output sees all \(layer.k) features of its image, and each of the \(layer.weightCount) \
        weights is used once an image.
        """)
    }
    return Point(
      title: "Scope",
      text: """
        A 1×1 convolution works across the channels at one place, with the same weights at every place. An FC layer works \
        against everything at once. On a map of 1×1 pixels, one place is everything, and the two are one.
        """, evidence: evidence)
  }

  private var shape: Point {
    Point(
      title: "Input shape",
      text: """
        A convolution takes a map, [mb][C][H][W] or [mb][H][W][C]; an FC layer takes rows of features, [mb][K]. Pixels are \
        read as rows, and rows as 1×1 images.
        """,
      evidence: [convolution, connected, flattened].compactMap { $0 }.map { item in
        let forms = item.forms.map {
          "\($0.name): \(EquivalenceTables.input($0.layer)) → \(EquivalenceTables.output($0.layer))"
        }
        return "`\(item.descriptor)`: \(forms.joined(separator: "; "))."
      })
  }

  private var space: Point {
    var evidence: [RichText] = []
    if let item = convolution, let layer = item.forms.first?.layer {
      evidence.append(
        """
        `\(item.descriptor)`: \(layer.shape.oh)×\(layer.shape.ow) places go out of \(layer.shape.ih)×\(layer.shape.iw), each \
        computed from its own pixel.
        """)
    }
    if let item = flattened, let layer = item.forms.first?.layer {
      evidence.append(
        """
        `\(item.descriptor)`: \(layer.shape.ih)×\(layer.shape.iw) places go in, and \(layer.n) numbers without a place come \
        out. Which place a feature had is in the order of the weights alone: for a map in NHWC they are permuted once.
        """)
    }
    if let head = tables.record.heads.first {
      evidence.append(
        """
        The head `\(head.name)`, slid as convolutions over a map of \(head.map[0])×\(head.map[1]), gives scores at \
        \(head.scores[0])×\(head.scores[1]) places; they are those of the FC layers on each window, to \
        \(head.largestDifference == 0 ? "the last bit" : EquivalenceTables.scientific(head.largestDifference)).
        """)
    }
    return Point(
      title: "Spatial structure",
      text: """
        A 1×1 convolution keeps it: every pixel stays where it is. Flattening for an FC layer gives it up, and with it the \
        freedom to take an image of another size. As a convolution, the same weights slide over larger images.
        """, evidence: evidence)
  }

  private var dimension: Point {
    Point(
      title: "Change of dimension",
      text: """
        Both change the number of channels or features from K to N, up or down; neither mixes places. A convolution changes \
        the number of places only by its stride.
        """,
      evidence: tables.layers.prefix(6).compactMap { item in
        item.forms.first.map { form in
          let s = form.layer.shape
          let places = form.isConvolution ? ", \(s.ih)×\(s.iw) places to \(s.oh)×\(s.ow)" : ""
          return "`\(item.descriptor)`: \(form.layer.k) to \(form.layer.n)\(places)."
        }
      })
  }

  private var cost: Point {
    Point(
      title: "Parameters and cost",
      text: """
        N·K weights and N biases either way, and 2·M·N·K FLOP. What differs is M, how often a weight is used: by every pixel \
        of every image, or once an image. It decides between compute and memory: FLOP for every byte of least traffic.
        """,
      evidence: [convolution, connected, flattened].compactMap { $0 }.compactMap { item in
        guard let form = item.forms.first else { return nil }
        let parameters = Set(item.forms.map(\.parameters)).sorted().map(String.init).joined(separator: " or ")
        let time = form.time.map {
          ", \(TimeUnit.text($0.median)) on \(Format.count(item.setting.threads, "thread")) by \(item.setting.variant)"
        }
        return """
          `\(item.descriptor)`: \(parameters) parameters in all \(item.forms.count) forms, \
          \(Format.number(form.layer.flops / 1e6)) MFLOP, every weight used \(Format.count(form.layer.m, "time")), \
          \(Format.number(form.layer.arithmeticIntensity)) FLOP a byte\(time ?? "").
          """
      })
  }

  private var use: Point {
    func names(_ items: [LayerCase]) -> String {
      items.map { item in "\(item.network)\(item.name.map { " \($0)" } ?? "")" }.joined(separator: ", ")
    }
    let convolutions = tables.layers.filter { $0.forms.first?.isConvolution == true }
    let connected = tables.layers.filter { $0.forms.first?.isConvolution == false }
    var evidence: [RichText] = []
    if !convolutions.isEmpty {
      evidence.append("Written as convolutions in this run: \(names(convolutions)).")
    }
    if !connected.isEmpty { evidence.append("Written as FC layers in this run: \(names(connected)).") }
    return Point(
      title: "Use in networks",
      text: """
        1×1 convolutions reduce and expand channels inside a network, around costlier layers, and mix channels after \
        depthwise ones. FC layers end a classifier; in transformers they work on every token, which is a 1×1 convolution \
        over the tokens under another name.
        """, evidence: evidence)
  }
}
