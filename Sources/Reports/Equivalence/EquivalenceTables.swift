import Foundation
import Layers
import Results

/// The tables of the report on equivalence.
struct EquivalenceTables {
  let record: EquivalenceRecord

  /// A layer of the record: its cases differ in the variant alone.
  private struct Key: Hashable {
    let network: String
    let descriptor: String
  }

  /// The first case of every layer.
  var layers: [EquivalenceRecord.LayerCase] {
    var seen: Set<Key> = []
    return record.layers.filter { seen.insert(Key(network: $0.network, descriptor: $0.descriptor)).inserted }
  }

  /// Parameters, work and traffic of every form.
  var costs: Table {
    Table(
      [
        .text("layer"), .text("form"), .text("input"), .text("weights"), .text("output"), .number("parameters"),
        .number("MFLOP"), .number("MB"), .number("FLOP/B"),
      ],
      rows: layers.flatMap { item in
        item.forms.map { form in
          let layer = form.layer
          return [.code(item.descriptor)]
            + .text(
              form.name, Self.input(layer), Self.weights(layer), Self.output(layer), String(form.parameters),
              Format.number(layer.flops / 1e6), Format.number(layer.leastBytes / 1e6),
              Format.number(layer.arithmeticIntensity))
        }
      })
  }

  /// Whether the forms give the same numbers.
  var numbers: Table {
    Table(
      [
        .text("layer"), .text("variant"), .number("threads"), .text("forms"), .number("outputs"), .text("same order"),
        .text("identical"), .number("largest difference"), .number("error ÷ bound"),
      ],
      rows: record.layers.flatMap { item in
        item.ways.map { way in
          let (a, b) = (item.forms[way.from], item.forms[way.to])
          let part = [a, b].compactMap { Self.part($0.error, of: $0.bound) }.max()
          return [.code(item.descriptor), .code(item.setting.variant)]
            + .text(
              String(item.setting.threads), "\(a.name) ⇄ \(b.name)", String(way.elements),
              way.hasSameOrder ? "yes" : "no", way.isIdentical ? "yes" : "no", Self.scientific(way.largestDifference),
              Format.number(part))
        }
      })
  }

  /// The times of the forms.
  var times: Table {
    Table(
      [
        .text("layer"), .text("variant"), .number("threads"), .text("form"), .number("time"), .text("95 % interval"),
        .number("GFLOP/s"), .optionalText("note"),
      ],
      rows: record.layers.flatMap { item in
        item.forms.map { form in
          [.code(item.descriptor), .code(item.setting.variant)]
            + .text(
              String(item.setting.threads), form.name, Self.time(form.time), Self.interval(form.time),
              Format.number(form.time.map { form.layer.flops / $0.median }), form.note ?? "")
        }
      })
  }

  /// The times of moving data from form to form, and what they make of the comparison.
  var moves: Table {
    Table(
      [
        .text("layer"), .text("variant"), .number("threads"), .text("forms"), .number("moves"), .text("95 % interval"),
        .number("convolution ÷ (FC + moves)"), .text("95 % interval of it"),
      ],
      rows: record.layers.flatMap { item in
        item.ways.filter { $0.moves != nil }.map { way in
          [.code(item.descriptor), .code(item.setting.variant)]
            + .text(
              String(item.setting.threads), "\(item.forms[way.from].name) ⇄ \(item.forms[way.to].name)",
              Self.time(way.moves), Self.interval(way.moves), Self.ratio(way.ratioWithMoves),
              Self.interval(way.ratioWithMoves))
        }
      })
  }

  /// Which is faster, and why.
  var faster: Table {
    Table(
      [
        .text("convolution"), .number("M"), .number("N"), .number("K"), .number("mb"), .number("pixels"),
        .text("variant"), .number("threads"), .number("convolution ÷ FC"), .text("95 % interval"), .text("faster"),
        .text("why"),
      ],
      rows: record.layers.flatMap { item in
        item.ways.compactMap { way -> [RichText]? in
          guard let verdict = EquivalenceReason(way, of: item, noiseFloor: record.noiseFloor),
            let form = [item.forms[way.from], item.forms[way.to]].first(where: \.isConvolution)
          else { return nil }
          let layer = form.layer
          return [.text("\(form.name), \(item.name ?? item.descriptor)")]
            + .text(
              String(layer.m), String(layer.n), String(layer.k), String(layer.shape.mb),
              String(layer.shape.oh * layer.shape.ow))
            + [.code(item.setting.variant)]
            + .text(
              String(item.setting.threads), Self.ratio(way.ratio), Self.interval(way.ratio), verdict.verdict.rawValue,
              verdict.reason)
        }
      })
  }

  /// The heads.
  var heads: Table {
    Table(
      [
        .text("head"), .text("layout"), .text("variant"), .number("threads"), .text("identical"),
        .number("largest difference"), .number("error ÷ bound"), .number("slid"), .text("95 % interval"),
        .number("windows"),
        .text("95 % interval of it"), .number("windows ÷ slid"), .text("95 % interval of the ratio"),
        .optionalText("note"),
      ],
      rows: record.heads.map { head in
        .text(head.name, head.layout.rawValue) + [.code(head.setting.variant)]
          + .text(
            String(head.setting.threads), head.isIdentical ? "yes" : "no", Self.scientific(head.largestDifference),
            Format.number(Self.part(head.error, of: head.bound)), Self.time(head.slid), Self.interval(head.slid),
            Self.time(head.windows), Self.interval(head.windows),
            Self.ratio(head.ratio), Self.interval(head.ratio), head.note ?? "")
      })
  }

  // MARK: Cells

  static func input(_ layer: Layer) -> String {
    let s = layer.shape
    switch layer.layout {
    case .nchw: return "\(s.mb)×\(s.ic)×\(s.ih)×\(s.iw)"
    case .nhwc: return "\(s.mb)×\(s.ih)×\(s.iw)×\(s.ic)"
    case .nc: return "\(layer.m)×\(layer.k)"
    }
  }

  static func weights(_ layer: Layer) -> String {
    layer.op == .conv1x1 ? "\(layer.n)×\(layer.k)×1×1" : "\(layer.n)×\(layer.k)"
  }

  static func output(_ layer: Layer) -> String {
    let s = layer.shape
    switch layer.layout {
    case .nchw: return "\(s.mb)×\(s.oc)×\(s.oh)×\(s.ow)"
    case .nhwc: return "\(s.mb)×\(s.oh)×\(s.ow)×\(s.oc)"
    case .nc: return "\(layer.m)×\(layer.n)"
    }
  }

  /// The error as a part of what it may be; nil if it is not known.
  static func part(_ error: Double?, of bound: Double?) -> Double? {
    guard let error, let bound else { return nil }
    return bound == 0 ? 0 : error / bound
  }

  static func time(_ time: EquivalenceRecord.Time?) -> String {
    time.map { TimeUnit.text($0.median) } ?? Format.unknown
  }

  static func interval(_ time: EquivalenceRecord.Time?) -> String {
    guard let low = time?.low, let high = time?.high else { return Format.unknown }
    return "\(TimeUnit.text(low)) to \(TimeUnit.text(high))"
  }

  /// A ratio with three decimals: near 1, three significant digits would hide what is asked for.
  static func ratio(_ ratio: EquivalenceRecord.Ratio?) -> String { ratio.map { digits($0.value) } ?? Format.unknown }

  static func interval(_ ratio: EquivalenceRecord.Ratio?) -> String {
    ratio.map { "\(digits($0.low)) to \(digits($0.high))" } ?? Format.unknown
  }

  private static func digits(_ value: Double) -> String { String(format: "%.3f", value) }

  static func scientific(_ value: Double) -> String { value == 0 ? "0" : String(format: "%.1e", value) }
}
