import Layers
import Results

/// Short names for the layers of a network, for axes: `256→64 @56²` is a convolution of 256 to 64 channels on 56×56
/// pixels, `/2` behind it a stride, `2048→1000` a fully connected layer, `8×` before it a minibatch.
enum LayerLabel {
  /// The short name of a layer. Others may have it too.
  static func short(_ row: Row) -> String {
    let batch = row.mb > 1 ? "\(row.mb)×" : ""
    let channels = "\(row.op == .fc ? row.k : row.ic)→\(row.oc)"
    guard row.op != .fc else { return batch + channels }
    let size = row.ih == row.iw ? "\(row.ih)²" : "\(row.ih)×\(row.iw)"
    let stride = row.sh == row.sw ? "\(row.sh)" : "\(row.sh)×\(row.sw)"
    return "\(batch)\(channels) @\(size)" + (stride == "1" ? "" : " /\(stride)")
  }

  /// Short names of layers, made distinct: those that coincide get their number among each other.
  static func distinct(_ rows: [Row]) -> [String] {
    let labels = rows.map(short)
    let counts = Dictionary(labels.map { ($0, 1) }, uniquingKeysWith: +)
    var seen: [String: Int] = [:]
    return labels.map { label in
      guard counts[label, default: 0] > 1 else { return label }
      seen[label, default: 0] += 1
      return "\(label) #\(seen[label, default: 0])"
    }
  }
}
