public import Layers

/// Small layers at every border that a kernel may stumble over: one element, one less and one more than a tile, a vector
/// or a cut of the summed dimension, primes, several images, strides with odd sizes.
public enum HostileLayers {
  /// Sizes around the tiles, vectors and panels of all ISAs: 4 to 16 lanes, 6 to 14 rows, panels of 8, 12, 16, 24, 32
  /// and 48.
  static let sizes = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 23, 24, 25, 29, 31, 32, 33, 47, 48, 49, 65, 97,
  ]
  /// Lengths of the summed dimension around vectors, and around the cuts that caches of 32 to 64 KiB make.
  static let depths = [1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 64, 83, 127, 129, 257, 509, 700]

  /// The layers, in both layouts, with bias and activations in turn.
  public static func all() -> [Layer] {
    var shapes: [(Op, Shape)] = []
    for size in sizes {
      shapes.append((.conv1x1, .conv1x1(ic: 17, oc: size, ih: 3, iw: 5)))
      shapes.append((.conv1x1, .conv1x1(ic: 9, oc: 35, ih: 1, iw: size)))
      shapes.append((.fc, .fc(mb: 3, ic: 19, oc: size)))
      shapes.append((.fc, .fc(mb: size, ic: 21, oc: 34)))
    }
    for depth in depths {
      shapes.append((.conv1x1, .conv1x1(ic: depth, oc: 33, ih: 7, iw: 7)))
      shapes.append((.fc, .fc(mb: 2, ic: depth, oc: 37)))
      shapes.append((.fc, .fc(mb: 17, ic: depth, oc: 8)))
    }
    for (ih, iw, sh, sw) in [
      (7, 7, 2, 2), (8, 8, 2, 2), (5, 9, 2, 2), (1, 1, 2, 2), (2, 33, 2, 2), (35, 35, 2, 2), (9, 4, 1, 2), (9, 5, 2, 1),
      (10, 11, 3, 4),
    ] {
      shapes.append((.conv1x1, .conv1x1(mb: 2, ic: 18, oc: 33, ih: ih, iw: iw, sh: sh, sw: sw)))
    }
    // Short strided rows, whose gathered pixels may look contiguous from their ends: over several images, and with
    // strides that make the last offset of a run what a contiguous one would be.
    for (mb, ih, iw, sw) in [
      (8, 3, 5, 2), (21, 5, 5, 2), (1, 1, 4, 3), (1, 1, 8, 7), (1, 1, 16, 3), (1, 1, 16, 5), (5, 3, 9, 2),
      (3, 2, 31, 3),
      (7, 1, 3, 2), (2, 5, 17, 4),
    ] {
      shapes.append((.conv1x1, .conv1x1(mb: mb, ic: 3, oc: 9, ih: ih, iw: iw, sh: 1, sw: sw)))
    }
    for mb in [2, 3, 5] {
      shapes.append((.conv1x1, .conv1x1(mb: mb, ic: 20, oc: 50, ih: 7, iw: 7)))
      shapes.append((.conv1x1, .conv1x1(mb: mb, ic: 3, oc: 1, ih: 1, iw: 1)))
      // With one channel the pixels of all images are evenly spaced in the input, but not in the output.
      shapes.append((.conv1x1, .conv1x1(mb: mb, ic: 1, oc: 9, ih: 5, iw: 7)))
      shapes.append((.conv1x1, .conv1x1(mb: mb, ic: 1, oc: 9, ih: 1, iw: 34, sw: 2)))
    }
    // Rows of 4 KiB in channels-last layouts, a spatial input, and more than one cut and stripe.
    shapes.append((.conv1x1, .conv1x1(ic: 1024, oc: 40, ih: 5, iw: 5)))
    shapes.append((.conv1x1, .conv1x1(ic: 1031, oc: 70, ih: 4, iw: 9)))
    shapes.append((.fc, .fc(mb: 2, ic: 5, oc: 9, ih: 3, iw: 4)))
    shapes.append((.fc, .fc(mb: 15, ic: 2048, oc: 65)))
    shapes.append((.fc, .fc(mb: 1, ic: 4099, oc: 300)))
    // One row of short sums, a few rows of long ones, and three half vectors of channels with an even number of terms.
    shapes.append((.fc, .fc(mb: 1, ic: 24, oc: 300)))
    shapes.append((.fc, .fc(mb: 5, ic: 130, oc: 21)))
    for channels in [6, 12, 24] {
      shapes.append((.conv1x1, .conv1x1(ic: 18, oc: channels, ih: 5, iw: 7)))
      shapes.append((.fc, .fc(mb: 19, ic: 40, oc: channels)))
    }

    var layers: [Layer] = []
    for (index, (op, shape)) in shapes.enumerated() {
      for layout in Layout.applicable(to: op) {
        let activation = Activation.allCases[index % Activation.allCases.count]
        do {
          layers.append(
            try Layer(op: op, shape: shape, layout: layout, bias: index % 3 != 0, activation: activation))
        } catch {
          preconditionFailure("a hostile layer is a layer: \(error)")
        }
      }
    }
    return layers
  }
}
