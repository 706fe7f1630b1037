extension RunManifest {
  /// The kernels of libraries that choose the layout of input and output themselves: their rows stand beside those of a
  /// layout, but do not compute the layer in it.
  public var ownLayoutKernels: Set<String> {
    Set((peers ?? []).flatMap { $0.ownLayoutKernels ?? Self.unrecordedOwnLayoutKernels[$0.name, default: []] })
  }

  /// Those of the versions of the lab that did not record them, by library.
  private static let unrecordedOwnLayoutKernels = ["onednn": ["onednn.any"]]
}
