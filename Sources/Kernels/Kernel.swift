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
  /// What is worked out once for a problem that is computed many times; the problem itself, if a family has nothing to
  /// work out.
  associatedtype Plan: Sendable = Problem

  /// The kernel's name, as the command line and the results give it.
  static var name: String { get }
  /// One line on what the kernel does.
  static var summary: String { get }

  /// The register tiles that can be asked for by hand; empty for a kernel that has no choice.
  static var tiles: [TileShape] { get }
  /// The register tile that `problem` is computed with, one of ``tiles``, and what its rows are; nil for a kernel that has no
  /// choice, or that computes this problem without a tile.
  static func tile(_ problem: Problem) -> TileChoice?
  /// Whether the kernel can compute `problem`.
  static func supports(_ problem: Problem) -> Bool
  /// The multiples that borders between blocks must fall on.
  static func grain(_ problem: Problem) -> Grain
  /// Floats of packed weights, or 0 for a kernel that reads the weights as they come.
  static func packedWeightCount(_ problem: Problem) -> Int
  /// Writes the `packedWeightCount` floats of packed weights to `packed`, from [n][k] `weights`, whose rows are
  /// `weightStride` apart.
  static func packWeights(
    _ problem: Problem, _ weights: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>)
  /// Floats of scratch memory that each worker needs.
  static func scratchCount(_ problem: Problem) -> Int
  /// In which order the products of one output element are added up; nil if that is not promised.
  ///
  /// Every element has that order, whatever block it is computed in.
  static func summationOrder(_ problem: Problem) -> SummationOrder?
  /// What computing `problem` needs to know.
  static func plan(_ problem: Problem) -> Plan
  /// Computes `block` of the layer's output, bias and activation included, and writes no other element.
  ///
  /// - Requires: `block` lies within the problem; `operands` are as ``Operands`` says.
  static func compute(_ plan: Plan, _ operands: Operands, _ block: Block)
  /// What computing `block` consists of; nil for a kernel that does not count it.
  static func work(_ problem: Problem, _ block: Block) -> KernelWork?
}

extension KernelFamily {
  /// None.
  @inlinable
  public static var tiles: [TileShape] { [] }
  /// Has no choice.
  @inlinable
  public static func tile(_ problem: Problem) -> TileChoice? { nil }
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
  /// Promises none.
  @inlinable
  public static func summationOrder(_ problem: Problem) -> SummationOrder? { nil }
  /// Not counted.
  @inlinable
  public static func work(_ problem: Problem, _ block: Block) -> KernelWork? { nil }
}

extension KernelFamily where Plan == Problem {
  /// The problem itself.
  @inlinable
  public static func plan(_ problem: Problem) -> Problem { problem }
}

/// One kernel compiled for one ISA, as a value: what the catalog lists and the harness runs.
public struct Kernel: Sendable {
  /// The family's name, and after a point the tile, if one was chosen by hand, `packed.14x2`, or the word `tuned`.
  public private(set) var name: String
  /// One line on what the kernel does.
  public let summary: String
  /// The ISA that it is compiled for.
  public let isa: ISA
  /// Floats in the widest vector of that ISA; 1 where they are not known.
  public let lanes: Int
  /// See ``KernelFamily/tiles``.
  public let tiles: [TileShape]
  /// The tile that was chosen by hand or by measuring; nil leaves it to the family's model.
  public private(set) var tile: TileChoice?
  /// Whether the tile was chosen by measuring: the kernel is called `packed.tuned`, whatever the choice.
  public private(set) var isTuned = false
  private let functions: Functions

  /// What a family does, as it was compiled for one ISA.
  @usableFromInline
  struct Functions: Sendable {
    @usableFromInline let tile: @Sendable (Problem) -> TileChoice?
    @usableFromInline let supports: @Sendable (Problem) -> Bool
    @usableFromInline let grain: @Sendable (Problem) -> Grain
    @usableFromInline let packedWeightCount: @Sendable (Problem) -> Int
    @usableFromInline let packWeights: @Sendable (Problem, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
    @usableFromInline let scratchCount: @Sendable (Problem) -> Int
    @usableFromInline let summationOrder: @Sendable (Problem) -> SummationOrder?
    @usableFromInline let computation: @Sendable (Problem) -> Computation
    @usableFromInline let work: @Sendable (Problem, Block) -> KernelWork?
    @usableFromInline let combine:
      @Sendable (Problem, [UnsafePointer<Float>], UnsafePointer<Float>?, UnsafeMutablePointer<Float>, Range<Int>) ->
        Void

    @inlinable @inline(__always)
    init<Family: KernelFamily>(_ family: Family.Type) {
      tile = { Family.tile($0) }
      supports = { Family.supports($0) }
      grain = { Family.grain($0) }
      packedWeightCount = { Family.packedWeightCount($0) }
      packWeights = { Family.packWeights($0, $1, into: $2) }
      scratchCount = { Family.scratchCount($0) }
      summationOrder = { Family.summationOrder($0) }
      computation = { problem in
        let plan = Family.plan(problem)
        return Computation { Family.compute(plan, $0, $1) }
      }
      work = { Family.work($0, $1) }
      combine = { PartialSums<Family.Target>.combine($0, $1, bias: $2, into: $3, $4) }
    }

    init(
      _ scratchCount: @escaping @Sendable (Problem) -> Int,
      _ compute: @escaping @Sendable (Problem, Operands, Block) -> Void
    ) {
      tile = { _ in nil }
      supports = { _ in true }
      grain = { _ in Grain(rows: 1, columns: 1) }
      packedWeightCount = { _ in 0 }
      packWeights = { _, _, _ in }
      self.scratchCount = scratchCount
      summationOrder = { _ in nil }
      computation = { problem in Computation { compute(problem, $0, $1) } }
      work = { _, _ in nil }
      combine = { _, _, _, _, _ in preconditionFailure("this kernel's sums are not divided among workers") }
    }
  }

  /// A kernel that is not compiled from a family, such as a library's function that computes blocks. It reads the weights
  /// as they come, and sums are not divided among workers.
  public init(
    name: String, summary: String, isa: ISA, scratchCount: @escaping @Sendable (Problem) -> Int,
    compute: @escaping @Sendable (Problem, Operands, Block) -> Void
  ) {
    self.init(name: name, summary: summary, isa: isa, lanes: 1, tiles: [], Functions(scratchCount, compute))
  }

  /// Name and ISA, which no other kernel has both; with the tile of a tuned one, for its name does not say it.
  public var identifier: String {
    "\(name)\(isTuned ? "(\(tile.map { "\($0)" } ?? "model"))" : "")-\(isa.rawValue)"
  }

  /// The family's name.
  public var family: String { String(name.prefix { $0 != "." }) }

  /// The value of a family that was compiled for one ISA. Call it in that ISA's module, so that the functions are
  /// compiled there.
  @inlinable @inline(__always)
  public init<Family: KernelFamily>(_ family: Family.Type) {
    self.init(
      name: Family.name, summary: Family.summary, isa: Family.Target.isa, lanes: Family.Target.lanes,
      tiles: Family.tiles, Functions(family))
  }

  @usableFromInline
  init(name: String, summary: String, isa: ISA, lanes: Int, tiles: [TileShape], _ functions: Functions) {
    self.name = name
    self.summary = summary
    self.isa = isa
    self.lanes = lanes
    self.tiles = tiles
    self.functions = functions
  }

  /// The same kernel with a register tile chosen by hand.
  ///
  /// - Requires: `tiles` contains the tile's shape.
  public func with(_ tile: TileChoice) -> Kernel {
    precondition(tiles.contains(tile.shape))
    var kernel = self
    kernel.tile = tile
    kernel.isTuned = false
    kernel.name = "\(family).\(tile)"
    return kernel
  }

  /// The same kernel as tuning left it: with the tile that it found, or the model's own if none was better.
  ///
  /// - Requires: `tiles` contains the tile's shape.
  public func tuned(to tile: TileChoice?) -> Kernel {
    precondition(tile.map { tiles.contains($0.shape) } ?? true)
    var kernel = self
    kernel.tile = tile
    kernel.isTuned = true
    kernel.name = "\(family).tuned"
    return kernel
  }

  /// The kernel with every tile that can be chosen by hand: with the model's choice of rows, and with either.
  public var handPicked: [Kernel] {
    tiles.flatMap { shape in [nil, .pixels, .channels].map { with(TileChoice(shape, rows: $0)) } }
  }

  private func tiled(_ problem: Problem) -> Problem {
    guard let tile else { return problem }
    var problem = problem
    problem.tile = tile
    return problem
  }

  /// See ``KernelFamily/tile(_:)``.
  public func tile(for problem: Problem) -> TileChoice? { functions.tile(tiled(problem)) }

  /// See ``KernelFamily/supports(_:)``.
  public func supports(_ problem: Problem) -> Bool { functions.supports(tiled(problem)) }

  /// See ``KernelFamily/grain(_:)``.
  public func grain(_ problem: Problem) -> Grain { functions.grain(tiled(problem)) }

  /// See ``KernelFamily/packedWeightCount(_:)``.
  public func packedWeightCount(_ problem: Problem) -> Int { functions.packedWeightCount(tiled(problem)) }

  /// See ``KernelFamily/packWeights(_:_:into:)``.
  public func packWeights(
    _ problem: Problem, _ weights: UnsafePointer<Float>, _ packed: UnsafeMutablePointer<Float>
  ) {
    functions.packWeights(tiled(problem), weights, packed)
  }

  /// See ``KernelFamily/scratchCount(_:)``.
  public func scratchCount(_ problem: Problem) -> Int { functions.scratchCount(tiled(problem)) }

  /// See ``KernelFamily/summationOrder(_:)``.
  public func summationOrder(_ problem: Problem) -> SummationOrder? { functions.summationOrder(tiled(problem)) }

  /// The kernel made ready for `problem`, to be computed many times.
  public func computation(of problem: Problem) -> Computation { functions.computation(tiled(problem)) }

  /// Makes ready for `problem` and computes one `block` of it; see ``computation(of:)``.
  public func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    computation(of: problem).compute(operands, block)
  }

  /// See ``KernelFamily/work(_:_:)``.
  public func work(_ problem: Problem, _ block: Block) -> KernelWork? { functions.work(tiled(problem), block) }

  /// See ``PartialSums/combine(_:_:bias:into:_:)``, for the kernel's ISA.
  public func combine(
    _ problem: Problem, _ partials: [UnsafePointer<Float>], _ bias: UnsafePointer<Float>?,
    _ output: UnsafeMutablePointer<Float>, _ elements: Range<Int>
  ) {
    functions.combine(problem, partials, bias, output, elements)
  }
}
