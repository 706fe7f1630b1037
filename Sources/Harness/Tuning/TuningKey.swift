public import Kernels
public import Layers

/// What a tuned choice holds for, on one machine: a kernel, its ISA, a number of threads, and a layer in a layout.
///
/// Names, counts, bias and activation of a layer are not part of it: none of them changes the loops that are tuned.
public struct TuningKey: Sendable, Hashable {
  /// The kernel's family, such as `packed`.
  public var kernel: String
  /// The ISA that it is compiled for.
  public var isa: ISA
  /// The number of threads.
  public var threads: Int
  /// The canonical benchdnn descriptor.
  public var layer: String
  /// The memory layout.
  public var layout: Layout

  /// A key.
  public init(kernel: String, isa: ISA, threads: Int, layer: String, layout: Layout) {
    self.kernel = kernel
    self.isa = isa
    self.threads = threads
    self.layer = layer
    self.layout = layout
  }

  /// The key of `kernel`, whatever tile it has, on `layer`.
  init(_ kernel: Kernel, _ layer: Layer, threads: Int) {
    self.init(
      kernel: kernel.family, isa: kernel.isa, threads: threads, layer: layer.descriptor, layout: layer.layout)
  }
}
