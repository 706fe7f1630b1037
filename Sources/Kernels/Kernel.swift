/// The multiples that block borders fall on, the ends of the layer excepted: no worker computes a mostly empty tile.
public struct Grain: Sendable, Hashable {
  /// Pixels, or batch rows.
  public var rows: Int
  /// Output channels, or neurons.
  public var columns: Int

  /// Makes a grain of `rows` × `columns`, each at least 1.
  @inlinable
  public init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
  }
}

/// The source of a kernel: static functions, generic over the ISA that they are compiled for.
///
/// A family knows nothing of threads, timing or files. All its functions are `@inlinable`, so that an ISA's module
/// compiles them under its own flags. Requirements with a default suit a kernel that reads plain weights, needs no
/// scratch memory and can start and end its block anywhere.
public protocol KernelFamily<Target>: SendableMetatype {
  /// The ISA that this instantiation is compiled for.
  associatedtype Target: VectorISA

  /// The kernel's name, as the command line and the results give it.
  static var name: String { get }
  /// One line on what the kernel does.
  static var summary: String { get }

  /// Whether the kernel can compute `problem`.
  static func supports(_ problem: Problem) -> Bool
  /// The multiples that borders between blocks must fall on.
  static func grain(_ problem: Problem) -> Grain
  /// Floats of packed weights, or 0 for a kernel that reads the weights as they come.
  static func packedWeightCount(_ problem: Problem) -> Int
  /// Writes the `packedWeightCount` floats of packed weights to `packed`, from [n][k] `weights`.
  static func packWeights(
    _ problem: Problem, _ weights: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>)
  /// Floats of scratch memory that each worker needs.
  static func scratchCount(_ problem: Problem) -> Int
  /// Computes `block` of the layer's output, bias and activation included, and writes no other element.
  ///
  /// - Requires: `block` lies within the problem; `operands` are as ``Operands`` says.
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block)
}

extension KernelFamily {
  /// Every problem.
  @inlinable
  public static func supports(_ problem: Problem) -> Bool { true }
  /// Blocks can begin and end anywhere.
  @inlinable
  public static func grain(_ problem: Problem) -> Grain { Grain(rows: 1, columns: 1) }
  /// Reads the weights as they come.
  @inlinable
  public static func packedWeightCount(_ problem: Problem) -> Int { 0 }
  /// Nothing to pack.
  @inlinable
  public static func packWeights(
    _ problem: Problem, _ weights: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>
  ) {}
  /// Needs no scratch memory.
  @inlinable
  public static func scratchCount(_ problem: Problem) -> Int { 0 }
}

/// One kernel compiled for one ISA, as a value: what the catalog lists and the harness runs.
public struct Kernel: Sendable {
  /// The family's name.
  public let name: String
  /// One line on what the kernel does.
  public let summary: String
  /// The ISA that it is compiled for.
  public let isa: ISA
  /// See ``KernelFamily/supports(_:)``.
  public let supports: @Sendable (Problem) -> Bool
  /// See ``KernelFamily/grain(_:)``.
  public let grain: @Sendable (Problem) -> Grain
  /// See ``KernelFamily/packedWeightCount(_:)``.
  public let packedWeightCount: @Sendable (Problem) -> Int
  /// See ``KernelFamily/packWeights(_:_:into:)``.
  public let packWeights: @Sendable (Problem, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  /// See ``KernelFamily/scratchCount(_:)``.
  public let scratchCount: @Sendable (Problem) -> Int
  /// See ``KernelFamily/compute(_:_:_:)``.
  public let compute: @Sendable (Problem, Operands, Block) -> Void

  /// A kernel that is not compiled from a family, such as a library's function that computes blocks. It reads the weights
  /// as they come.
  public init(
    name: String, summary: String, isa: ISA, scratchCount: @escaping @Sendable (Problem) -> Int,
    compute: @escaping @Sendable (Problem, Operands, Block) -> Void
  ) {
    self.name = name
    self.summary = summary
    self.isa = isa
    supports = { _ in true }
    grain = { _ in Grain(rows: 1, columns: 1) }
    packedWeightCount = { _ in 0 }
    packWeights = { _, _, _ in }
    self.scratchCount = scratchCount
    self.compute = compute
  }

  /// Name and ISA, which no other kernel has both.
  public var identifier: String { "\(name)-\(isa.rawValue)" }

  /// The value of a family that was compiled for one ISA. Call it in that ISA's module, so that the functions are
  /// compiled there.
  @inlinable @inline(__always)
  public init<Family: KernelFamily>(_ family: Family.Type) {
    name = Family.name
    summary = Family.summary
    isa = Family.Target.isa
    supports = { Family.supports($0) }
    grain = { Family.grain($0) }
    packedWeightCount = { Family.packedWeightCount($0) }
    packWeights = { Family.packWeights($0, $1, into: $2) }
    scratchCount = { Family.scratchCount($0) }
    compute = { Family.compute($0, $1, $2) }
  }
}
