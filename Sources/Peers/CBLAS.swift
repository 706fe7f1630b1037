/// The C interface of the BLAS, as far as the lab calls it, under whatever names and with whatever integers a library
/// was built.
///
/// The interface is that of the Netlib: row-major C = α·op(A)·op(B) + β·C. Libraries with 64-bit integers may mark their
/// symbols: `cblas_sgemm64_`, and SciPy's builds also by a prefix, `scipy_cblas_sgemm64_`.
struct CBLAS: Sendable {
  typealias Sgemm32 =
    @convention(c) (
      CInt, CInt, CInt, Int32, Int32, Int32, Float, UnsafePointer<Float>, Int32, UnsafePointer<Float>, Int32, Float,
      UnsafeMutablePointer<Float>, Int32
    ) -> Void
  typealias Sgemm64 =
    @convention(c) (
      CInt, CInt, CInt, Int, Int, Int, Float, UnsafePointer<Float>, Int, UnsafePointer<Float>, Int, Float,
      UnsafeMutablePointer<Float>, Int
    ) -> Void

  private enum Sgemm: Sendable {
    case narrow(Sgemm32)
    case wide(Sgemm64)
  }

  /// The values of the interface's enumerations.
  enum Constant {
    static let rowMajor: CInt = 101
    static let noTranspose: CInt = 111
    static let transpose: CInt = 112
  }

  private let sgemm: Sgemm
  /// Before and after the names of the library's functions.
  let affixes: Affixes

  /// What a build puts around the names of its functions.
  struct Affixes: Sendable {
    var prefix: String
    var suffix: String

    func callAsFunction(_ name: String) -> String { prefix + name + suffix }

    /// The ones that occur. 64-bit integers are told by the suffix, or else by the library.
    static let known = [
      Affixes(prefix: "", suffix: ""), Affixes(prefix: "", suffix: "64_"), Affixes(prefix: "scipy_", suffix: "64_"),
      Affixes(prefix: "scipy_", suffix: ""),
    ]
  }

  /// Looks for `cblas_sgemm` in `library`.
  ///
  /// - Parameter isWide: asked, with the names' affixes, whether a build whose suffix does not tell has 64-bit integers.
  /// - Throws: `PeerError.missingSymbol`.
  init(_ library: DynamicLibrary, isWide: (Affixes) throws(PeerError) -> Bool) throws(PeerError) {
    for affixes in Affixes.known {
      let symbol = affixes("cblas_sgemm")
      guard library.has(symbol) else { continue }
      self.affixes = affixes
      let isTold = affixes.suffix == "64_"
      let isWide = isTold ? true : try isWide(affixes)
      if isWide {
        sgemm = .wide(try library.function(symbol))
      } else {
        sgemm = .narrow(try library.function(symbol))
      }
      return
    }
    throw .missingSymbol(path: library.path, symbol: "cblas_sgemm")
  }

  /// The greatest dimension that the library's integers hold.
  var maximumDimension: Int {
    switch sgemm {
    case .narrow: Int(Int32.max)
    case .wide: Int.max
    }
  }

  /// C ← op(A)·op(B), all row-major: A is m×k, B is k×n, or their transposes lie in memory; C is m×n. Leading dimensions
  /// are elements from one row in memory to the next.
  func multiply(
    _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Float>, _ lda: Int, transposedB: Bool, _ b: UnsafePointer<Float>,
    _ ldb: Int, _ c: UnsafeMutablePointer<Float>, _ ldc: Int
  ) {
    let order = Constant.rowMajor
    let (left, right) = (Constant.noTranspose, transposedB ? Constant.transpose : Constant.noTranspose)
    switch sgemm {
    case .narrow(let sgemm):
      sgemm(
        order, left, right, Int32(m), Int32(n), Int32(k), 1, a, Int32(lda), b, Int32(ldb), 0, c, Int32(ldc))
    case .wide(let sgemm): sgemm(order, left, right, m, n, k, 1, a, lda, b, ldb, 0, c, ldc)
    }
  }
}
