extension VectorISA {
  /// The catalog: every kernel family, compiled for this ISA. A new kernel adds its line here.
  ///
  /// An ISA's module calls it once; being inlined there, it compiles the families under that module's flags.
  @inlinable @inline(__always)
  public static func catalog() -> [Kernel] {
    [
      Kernel(Naive<Self>.self),
      Kernel(Tiled<Self>.self),
      Kernel(Vectorised<Self>.self),
      Kernel(Packed<Self>.self),
    ]
  }
}
