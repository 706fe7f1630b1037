import Kernels
import KernelsPortable
import Layers
import Synchronization

@testable import Teams

#if canImport(Glibc)
  import Glibc
#endif

/// A kernel that is wrong in one way.
protocol PlantedFault: KernelFamily where Target == Portable {
  /// Whether the fault shows on `layer` at all, computed by `threads` threads.
  static func shows(on layer: Layer, threads: Int) -> Bool
}

extension PlantedFault {
  static var name: String { "\(Self.self)" }
  static var summary: String { "planted fault" }
  static func shows(on layer: Layer, threads: Int) -> Bool { true }
}

/// The textbook loops, with everything that a fault may get wrong as a parameter.
private func loops(
  _ problem: Problem, _ operands: Operands, rows: Range<Int>, columns: Range<Int>, terms: [Range<Int>]? = nil,
  hasBias: Bool = true, activation: Activation? = nil, inputOffset: ((Int) -> Int)? = nil, channelStride: Int? = nil,
  adding: (Float, Float, Float) -> Float = { $0 + $1 * $2 }
) {
  for m in rows {
    let input = operands.input + (inputOffset?(m) ?? problem.inputOffset(m))
    for n in columns {
      let weights = operands.weights + n * problem.weightStride
      var sum: Float = 0
      for range in terms ?? [0..<problem.k] {
        for k in range { sum = adding(sum, input[k * (channelStride ?? problem.inputChannelStride)], weights[k]) }
      }
      if hasBias, let bias = operands.bias { sum += bias[n] }
      operands.output[problem.outputOffset(m) + n * problem.outputChannelStride] =
        Epilogue<Portable>.apply(activation ?? problem.activation, sum)
    }
  }
}

private func loops(_ problem: Problem, _ operands: Operands, _ block: Block) {
  loops(problem, operands, rows: block.rows, columns: block.columns)
}

private func output(_ problem: Problem, _ operands: Operands, _ m: Int, _ n: Int) -> UnsafeMutablePointer<Float> {
  operands.output + problem.outputOffset(m) + n * problem.outputChannelStride
}

/// Where two workers wait for each other: it makes the worst order of two racing accesses the only one. A worker that
/// nobody joins goes on after a while, so that a fault elsewhere cannot hang the tests.
private final class Rendezvous: Sendable {
  private let arrived = Atomic(0)

  func meet() {
    let mine = arrived.add(1, ordering: .acquiringAndReleasing).oldValue
    let both = (mine / 2 + 1) * 2
    var patience = 1_000_000
    while arrived.load(ordering: .acquiring) < both && patience > 0 {
      sched_yield()
      patience -= 1
    }
  }
}

/// Right: what the faults are faults of.
enum Textbook: PlantedFault {
  static func shows(on layer: Layer, threads: Int) -> Bool { false }
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) { loops(problem, operands, block) }
}

enum OneRowTooFew: PlantedFault {
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    loops(problem, operands, rows: block.rows.dropLast(), columns: block.columns)
  }
}

enum OneColumnTooFew: PlantedFault {
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    loops(problem, operands, rows: block.rows, columns: block.columns.dropLast())
  }
}

enum OneTermTooFew: PlantedFault {
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    loops(problem, operands, rows: block.rows, columns: block.columns, terms: [0..<problem.k - 1])
  }
}

enum OneTermTwice: PlantedFault {
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    let middle = problem.k / 2
    loops(
      problem, operands, rows: block.rows, columns: block.columns, terms: [0..<middle + 1, middle..<problem.k])
  }
}

/// One term is left out, and only of a single element.
enum OneTermOfOneElementTooFew: PlantedFault {
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    loops(problem, operands, block)
    let (m, n) = (block.rows.upperBound - 1, block.columns.upperBound - 1)
    loops(problem, operands, rows: m..<m + 1, columns: n..<n + 1, terms: [1..<problem.k])
  }
}

enum StrideForgotten: PlantedFault {
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    loops(
      problem, operands, rows: block.rows, columns: block.columns,
      inputOffset: { m in
        let (image, pixel) = m.quotientAndRemainder(dividingBy: problem.imagePixels)
        return image * problem.inputImageStride + pixel * (problem.isChannelsLast ? problem.k : 1)
      })
  }
  static func shows(on layer: Layer, threads: Int) -> Bool { layer.shape.sw > 1 }
}

enum ChannelsFirstStridesInChannelsLast: PlantedFault {
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    loops(
      problem, operands, rows: block.rows, columns: block.columns,
      inputOffset: { m in m / problem.imagePixels * problem.inputImageStride + m % problem.imagePixels },
      channelStride: problem.imagePixels)
  }
  static func shows(on layer: Layer, threads: Int) -> Bool { layer.layout == .nhwc || layer.shape.sw > 1 }
}

enum SecondImageIgnored: PlantedFault {
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    loops(
      problem, operands, rows: block.rows, columns: block.columns,
      inputOffset: { problem.inputOffset($0 % problem.imagePixels) })
  }
}

enum BiasForgotten: PlantedFault {
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    loops(problem, operands, rows: block.rows, columns: block.columns, hasBias: false)
  }
  static func shows(on layer: Layer, threads: Int) -> Bool { layer.bias }
}

enum BiasOfTheNextColumn: PlantedFault {
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    var shifted = operands
    shifted.bias = operands.bias.map { $0 + 1 }
    loops(problem, shifted, block)
  }
  static func shows(on layer: Layer, threads: Int) -> Bool { layer.bias }
}

enum ActivationForgotten: PlantedFault {
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    loops(problem, operands, rows: block.rows, columns: block.columns, activation: Activation.none)
  }
  static func shows(on layer: Layer, threads: Int) -> Bool { layer.activation != .none }
}

/// Computes nothing: whatever the output holds stays there.
enum StaleOutput: PlantedFault {
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {}
}

/// Columns that do not fill a vector of four are left out.
enum TailDropped: PlantedFault {
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    let whole = block.columns.count / 4 * 4
    loops(problem, operands, rows: block.rows, columns: block.columns.prefix(whole))
  }
}

/// Terms that do not fill a vector of sixteen are left out.
enum TailOfTheSumDropped: PlantedFault {
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    loops(problem, operands, rows: block.rows, columns: block.columns, terms: [0..<problem.k / 16 * 16])
  }
  static func shows(on layer: Layer, threads: Int) -> Bool { layer.k % 16 != 0 }
}

enum WritePastTheEnd: PlantedFault {
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    loops(problem, operands, block)
    if block.rows.upperBound == problem.m { operands.output[problem.m * problem.n] = 0 }
  }
}

/// At the far end of the guard band.
enum WriteFarPastTheEnd: PlantedFault {
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    loops(problem, operands, block)
    operands.output[problem.m * problem.n + FloatBuffer.guardCount - 1] = 0
  }
}

enum WriteBeforeTheStart: PlantedFault {
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    loops(problem, operands, block)
    operands.output[-1] = 0
  }
}

enum ScratchOverrun: PlantedFault {
  static func scratchCount(_ problem: Problem) -> Int { 16 }
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    for i in 0...16 { operands.scratch[i] = 0 }
    loops(problem, operands, block)
  }
}

enum ScratchTakenAsZero: PlantedFault {
  static func scratchCount(_ problem: Problem) -> Int { 1 }
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    loops(problem, operands, block)
    output(problem, operands, block.rows.lowerBound, block.columns.lowerBound).pointee += operands.scratch[0]
  }
}

enum PackedWeightsOverrun: PlantedFault {
  static func packedWeightCount(_ problem: Problem) -> Int { problem.n * problem.k }
  static func packWeights(
    _ problem: Problem, _ weights: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>
  ) {
    for i in 0...problem.n * problem.k { packed[i] = i < problem.n * problem.k ? weights[i] : 0 }
  }
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) { loops(problem, operands, block) }
}

enum LastPanelNotPacked: PlantedFault {
  static func packedWeightCount(_ problem: Problem) -> Int { problem.n * problem.k }
  static func packWeights(
    _ problem: Problem, _ weights: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<(problem.n - 1) * problem.k { packed[i] = weights[i] }
  }
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) { loops(problem, operands, block) }
}

/// Multiplies what lies after the summed input by 0, which only a NaN survives.
enum ReadPastTheInput: PlantedFault {
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    loops(problem, operands, block)
    for m in block.rows {
      let next = operands.input[problem.inputOffset(m) + problem.k * problem.inputChannelStride]
      for n in block.columns { output(problem, operands, m, n).pointee += next * 0 }
    }
  }
}

/// Sums in bfloat16.
enum SumsOfLowPrecision: PlantedFault {
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    loops(problem, operands, rows: block.rows, columns: block.columns, adding: { rounded($0 + $1 * $2) })
  }
}

/// Rounds a float to eight significant bits.
private func rounded(_ x: Float) -> Float { Float(bitPattern: (x.bitPattern &+ 0x8000) & 0xFFFF_0000) }

/// Multiplies in bfloat16, and sums in single precision.
enum ProductsOfLowPrecision: PlantedFault {
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    loops(problem, operands, rows: block.rows, columns: block.columns, adding: { $0 + rounded($1) * rounded($2) })
  }
  /// Higham's bound, which grows with the number of terms, forgives it in long sums.
  static func shows(on layer: Layer, threads: Int) -> Bool { layer.k < 1000 }
}

enum ColumnsSwapped: PlantedFault {
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    loops(problem, operands, block)
    let (a, b) = (
      output(problem, operands, block.rows.lowerBound, block.columns.lowerBound),
      output(problem, operands, block.rows.lowerBound, block.columns.upperBound - 1)
    )
    (a.pointee, b.pointee) = (b.pointee, a.pointee)
  }
}

/// The second half of the sums of a block's first row is lost, unless the block is the first.
enum PartialSumLostAtABorder: PlantedFault {
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    loops(problem, operands, block)
    if block.rows.lowerBound > 0 || block.columns.lowerBound > 0 {
      loops(
        problem, operands, rows: block.rows.prefix(1), columns: block.columns, terms: [0..<problem.k / 2])
    }
  }
  static func shows(on layer: Layer, threads: Int) -> Bool { threads > 1 }
}

/// Two workers each add half of the terms to the same element, and one of the sums is lost.
enum Race: PlantedFault {
  private static let rendezvous = Rendezvous()

  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    if block.count == problem.m * problem.n { return loops(problem, operands, block) }
    let element = operands.output
    let isFirst = block.rows.lowerBound == 0 && block.columns.lowerBound == 0
    loops(problem, operands, block)
    // Element 0 is computed again, by both workers.
    if isFirst { element.pointee = operands.bias?[0] ?? 0 }
    rendezvous.meet()
    let old = element.pointee
    rendezvous.meet()
    let half = problem.k / 2
    var sum: Float = 0
    for k in isFirst ? 0..<half : half..<problem.k {
      sum += operands.input[k * problem.inputChannelStride] * operands.weights[k]
    }
    element.pointee = old + sum
    rendezvous.meet()
    if isFirst { element.pointee = Epilogue<Portable>.apply(problem.activation, element.pointee) }
  }
  static func shows(on layer: Layer, threads: Int) -> Bool { threads == 2 }
}

/// The second worker adds its sums to the last row and column of the first worker too.
enum OverlappingBlocks: PlantedFault {
  private static let rendezvous = Rendezvous()

  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    loops(problem, operands, block)
    if block.count == problem.m * problem.n { return }
    rendezvous.meet()
    if block.rows.lowerBound > 0 {
      for n in block.columns { output(problem, operands, block.rows.lowerBound - 1, n).pointee += 1 }
    } else if block.columns.lowerBound > 0 {
      for m in block.rows { output(problem, operands, m, block.columns.lowerBound - 1).pointee += 1 }
    }
  }
  static func shows(on layer: Layer, threads: Int) -> Bool { threads == 2 }
}

/// The first worker clears the element after its block, when the second has computed it.
enum WriteOutsideTheBlock: PlantedFault {
  private static let rendezvous = Rendezvous()

  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    loops(problem, operands, block)
    if block.count == problem.m * problem.n { return }
    rendezvous.meet()
    if block.rows.upperBound < problem.m {
      output(problem, operands, block.rows.upperBound, block.columns.lowerBound).pointee = -100
    } else if block.columns.upperBound < problem.n {
      output(problem, operands, block.rows.lowerBound, block.columns.upperBound).pointee = -100
    }
  }
  static func shows(on layer: Layer, threads: Int) -> Bool { threads == 2 }
}

/// Every planted fault.
func plantedFaults() -> [(kernel: Kernel, shows: @Sendable (Layer, Int) -> Bool)] {
  func fault<Family: PlantedFault>(_ family: Family.Type) -> (Kernel, @Sendable (Layer, Int) -> Bool) {
    (Kernel(family), { Family.shows(on: $0, threads: $1) })
  }
  return [
    fault(OneRowTooFew.self), fault(OneColumnTooFew.self), fault(OneTermTooFew.self), fault(OneTermTwice.self),
    fault(OneTermOfOneElementTooFew.self), fault(StrideForgotten.self),
    fault(ChannelsFirstStridesInChannelsLast.self), fault(SecondImageIgnored.self), fault(BiasForgotten.self),
    fault(BiasOfTheNextColumn.self), fault(ActivationForgotten.self), fault(StaleOutput.self),
    fault(TailDropped.self), fault(TailOfTheSumDropped.self), fault(WritePastTheEnd.self),
    fault(WriteFarPastTheEnd.self), fault(WriteBeforeTheStart.self), fault(ScratchOverrun.self),
    fault(ScratchTakenAsZero.self), fault(PackedWeightsOverrun.self), fault(LastPanelNotPacked.self),
    fault(ReadPastTheInput.self), fault(SumsOfLowPrecision.self), fault(ProductsOfLowPrecision.self),
    fault(ColumnsSwapped.self), fault(PartialSumLostAtABorder.self), fault(Race.self),
    fault(OverlappingBlocks.self), fault(WriteOutsideTheBlock.self),
  ]
}

/// Right, and uses all of a scratch memory that is larger than that of ``ScratchOverrun``.
enum RoomyTextbook: PlantedFault {
  static func shows(on layer: Layer, threads: Int) -> Bool { false }
  static func scratchCount(_ problem: Problem) -> Int { 1000 }
  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    for i in 0..<1000 { operands.scratch[i] = 0 }
    loops(problem, operands, block)
  }
}

/// Right at first, and after some calls it computes nothing any more: what a check before the measurement cannot see.
enum TiresWhileMeasured: PlantedFault {
  private static let calls = Atomic(0)

  static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) {
    if calls.add(1, ordering: .relaxed).newValue <= 20 { loops(problem, operands, block) }
  }
}

/// A team whose last worker never runs.
final class TeamWithoutItsLastWorker: Team {
  static var kind: TeamKind { .dispatchApply }
  let threads: Int
  init(threads: Int) { self.threads = threads }
  func run(_ work: TeamWork) -> TeamTiming {
    for _ in 0..<work.warmUp + work.iterations { for worker in 0..<threads - 1 { work.job(worker) } }
    return TeamTiming(total: 1, iterations: work.iterations, busy: [])
  }
}

/// A team whose workers all do the work of the first.
final class TeamOfFirstWorkers: Team {
  static var kind: TeamKind { .dispatchApply }
  let threads: Int
  init(threads: Int) { self.threads = threads }
  func run(_ work: TeamWork) -> TeamTiming {
    for _ in 0..<work.warmUp + work.iterations { for _ in 0..<threads { work.job(0) } }
    return TeamTiming(total: 1, iterations: work.iterations, busy: [])
  }
}

/// A team that returns before its workers have run; `finish()` runs them.
final class HastyTeam: Team {
  static var kind: TeamKind { .dispatchApply }
  let threads: Int
  private let pending = Mutex<[@Sendable () -> Void]>([])
  init(threads: Int) { self.threads = threads }
  func run(_ work: TeamWork) -> TeamTiming {
    pending.withLock { $0.append { [threads] in for worker in 0..<threads { work.job(worker) } } }
    return TeamTiming(total: 1, iterations: work.iterations, busy: [])
  }
  func finish() { for work in pending.withLock({ $0 }) { work() } }
}
