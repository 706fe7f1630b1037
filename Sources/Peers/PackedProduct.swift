import CPlatform
import Kernels
import Layers

/// MKL's products of a matrix that has been packed ahead of time: `cblas_sgemm_pack` and `cblas_sgemm_compute`.
///
/// Intel oneAPI Math Kernel Library, Developer Reference for C, "BLAS-like Extensions".
struct PackedProduct: Sendable {
  typealias Size = @convention(c) (CInt, Int32, Int32, Int32) -> Int
  typealias Pack =
    @convention(c) (
      CInt, CInt, CInt, Int32, Int32, Int32, Float, UnsafePointer<Float>, Int32, UnsafeMutablePointer<Float>
    ) -> Void
  typealias Compute =
    @convention(c) (
      CInt, CInt, CInt, Int32, Int32, Int32, UnsafePointer<Float>, Int32, UnsafePointer<Float>, Int32, Float,
      UnsafeMutablePointer<Float>, Int32
    ) -> Void

  /// Which factor is packed: CBLAS_IDENTIFIER's values.
  enum Factor: CInt {
    case a = 161
    case b = 162
  }

  /// CBLAS_STORAGE's value for a factor that is packed, where a transposition would stand.
  static let isPacked: CInt = 151

  let size: Size
  let pack: Pack
  let compute: Compute

  /// The functions of `library`; nil if it does not have them.
  init?(_ library: DynamicLibrary) throws(PeerError) {
    guard let size: Size = library.optionalFunction("cblas_sgemm_pack_get_size") else { return nil }
    self.size = size
    pack = try library.function("cblas_sgemm_pack")
    compute = try library.function("cblas_sgemm_compute")
  }
}

/// A whole layer by products with packed weights: one in channels-last layouts, one an image in NCHW.
final class PackedOperation: PeerOperation {
  var implementation: String? { nil }
  let prepareNanoseconds: UInt64?

  private let product: LayerProduct
  private let problem: Problem
  private let operands: Operands
  private let scratch: SharedBuffer
  private let weights: SharedBuffer

  init(
    _ packed: PackedProduct, _ problem: Problem, _ operands: PeerOperands, _ epilogues: EpilogueSet
  ) throws(PeerError) {
    self.problem = problem
    let order = CBLAS.Constant.rowMajor
    let plain = CBLAS.Constant.noTranspose
    let (n, k) = (Int32(problem.n), Int32(problem.k))
    let rows = problem.isChannelsLast ? Int32(problem.m) : Int32(problem.imagePixels)
    // Channels last, W is the transposed second factor; in NCHW the first.
    let size =
      problem.isChannelsLast
      ? packed.size(PackedProduct.Factor.b.rawValue, rows, n, k)
      : packed.size(PackedProduct.Factor.a.rawValue, n, rows, k)
    do {
      weights = try SharedBuffer(count: (size + 3) / 4)
      scratch = try SharedBuffer(count: LayerProduct.scratchCount(problem))
    } catch {
      throw .outOfMemory(bytes: error.bytes)
    }
    let buffer = weights.buffer.pointer
    func pack() {
      if problem.isChannelsLast {
        packed.pack(
          order, PackedProduct.Factor.b.rawValue, CBLAS.Constant.transpose, rows, n, k, 1, operands.weights, k, buffer)
      } else {
        packed.pack(order, PackedProduct.Factor.a.rawValue, plain, n, rows, k, 1, operands.weights, k, buffer)
      }
    }
    // Once to touch the pages, as with the lab's own packed weights.
    pack()
    let start = platform_now()
    pack()
    prepareNanoseconds = platform_now() - start

    let isChannelsLast = problem.isChannelsLast
    product = LayerProduct(epilogues) { m, n, k, a, lda, _, b, ldb, c, ldc in
      packed.compute(
        order, isChannelsLast ? plain : PackedProduct.isPacked, isChannelsLast ? PackedProduct.isPacked : plain,
        Int32(m), Int32(n), Int32(k), a, Int32(lda), b, Int32(ldb), 0, c, Int32(ldc))
    }
    self.operands = Operands(
      input: operands.input, weights: UnsafePointer(buffer), bias: operands.bias, output: operands.output,
      scratch: scratch.buffer.pointer)
  }

  func execute() {
    product.compute(problem, operands, Block(rows: 0..<problem.m, columns: 0..<problem.n))
  }

  func collect() {}
}
