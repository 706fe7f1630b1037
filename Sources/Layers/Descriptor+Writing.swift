extension Shape {
  /// The canonical benchdnn descriptor of these dimensions: `Descriptor.parse` gives the same operation and shape back.
  ///
  /// The minibatch is always written. A square convolution is written by its heights alone, and a stride only where
  /// it is not 1, as in `mb1ic256ih56oc512oh28kh1sh2ph0`; another convolution names all its heights and widths. A
  /// fully connected layer names a spatial input only where it has one.
  ///
  /// - Requires: A shape that a `Layer` of operation `op` can have.
  public func descriptor(for op: Op) -> String {
    switch op {
    case .fc where ih == 1 && iw == 1:
      "mb\(mb)ic\(ic)oc\(oc)"
    case .fc:
      "mb\(mb)ic\(ic)ih\(ih)\(iw == ih ? "" : "iw\(iw)")oc\(oc)"
    case .conv1x1 where ih == iw && sh == sw:
      "mb\(mb)ic\(ic)ih\(ih)oc\(oc)oh\(oh)kh1\(sh == 1 ? "" : "sh\(sh)")ph0"
    case .conv1x1:
      "mb\(mb)ic\(ic)ih\(ih)iw\(iw)oc\(oc)oh\(oh)ow\(ow)kh1kw1"
        + (sh == 1 && sw == 1 ? "" : "sh\(sh)sw\(sw)") + "ph0pw0"
    }
  }
}

extension Layer {
  /// The canonical benchdnn descriptor of the layer's operation and shape.
  ///
  /// benchdnn says layout, bias and activation by options, so they are not in it.
  public var descriptor: String { shape.descriptor(for: op) }
}

extension Descriptor: CustomStringConvertible {
  /// The canonical text, with name and count: `Descriptor.parse` gives an equal value back.
  public var description: String {
    var suffix = name ?? ""
    // A count of 1 is written where the name alone would be read as ending in a count.
    let beforeDigits = suffix.unicodeScalars.reversed().drop { ("0"..."9").contains($0) }
    let endsLikeCount = beforeDigits.first == "*" && beforeDigits.count < suffix.unicodeScalars.count
    if count != 1 || endsLikeCount { suffix += "*\(count)" }
    return shape.descriptor(for: op) + (suffix.isEmpty ? "" : "n\"\(suffix)\"")
  }
}
