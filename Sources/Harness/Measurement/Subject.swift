import Kernels
import Layers
import Statistics
import Teams

/// What computes a case while it is checked and measured: one of the lab's kernels in this process, or a library in
/// another.
///
/// A subject belongs to one data pattern of one layer.
protocol Subject: Timed {
  /// The lab's team on the case's CPUs.
  var team: any Team { get }
  /// How the work is divided; nil if a library does that itself.
  var division: Division? { get }
  /// Why events that the machine can count are not counted of the team; empty as a rule.
  var counterFailures: [CounterFailure] { get }
  /// The time that packing the weights took once, in nanoseconds; nil if none are packed.
  var prepareNanoseconds: UInt64? { get }
  /// What a reader of the results should know besides the numbers.
  var remarks: [String] { get }
  /// The CPUs where the threads were, if they were not those of the placement.
  var strayCPUs: [Int]? { get }

  /// Where the pages lie that it reads and writes; nil if nobody has asked for anything, or it is not known.
  func pages() throws -> PageSurvey?
  /// A guess of how long one execution takes, in seconds; 0 if it is not worth guessing.
  func estimate() throws -> Double
  /// Computes into poisoned memory, and compares.
  func check(_ verifier: Verifier) throws -> Verification
  /// What is wrong with the output of the last execution, in words; nil if nothing is. `known` is the digest of an output
  /// that was right, and becomes that of this one if it is.
  func failureOfLastOutput(_ verifier: Verifier, known: inout OutputDigest?) throws -> String?
  /// Executes once more into poisoned memory, after others may have overwritten the output.
  func repeatLast() throws
}

/// One of the lab's kernels.
final class KernelSubject: Subject {
  let team: any Team
  private let kernel: Kernel
  private let item: Case
  private let work: Division
  private let workbench: Workbench
  private let witness: () throws -> Witness
  private let readsCaches: Bool
  /// The level that the weights are read from beside the samples; nil if they are not.
  private let weightLevel: MemoryLevel?
  /// Made when it is first needed: most kernels are only checked on integer data.
  private lazy var heldWitness = Result { try witness() }
  private var heldExecution: Execution?
  private var heldReading: WeightReading?

  /// A kernel that computes `item` on `workbench`, whose tensors do not change while the subject is used.
  init(_ kernel: Kernel, _ item: Case, _ workbench: Workbench, _ teams: TeamPool) throws(TeamError) {
    self.kernel = kernel
    self.item = item
    self.workbench = workbench
    work = item.dividingSplit.division(of: workbench.problem, for: kernel, threads: item.threads)
    team = try teams.team(item.team, item.placement)
    witness = { try teams.witness(item.team, item.placement, kernel.isa) }
    readsCaches = teams.machine.readsCaches(beside: item, of: workbench.layer)
    weightLevel = teams.machine.levelOfStreamedWeights(in: item, of: workbench.layer)
  }

  var bestRate: Double { (try? heldWitness.get())?.bestRate ?? 0 }
  var division: Division? { work }
  var counterFailures: [CounterFailure] { (try? heldWitness.get())?.counterFailures ?? [] }
  var prepareNanoseconds: UInt64? {
    (try? workbench.packedWeights(kernel, work, replica: item.replica))??.nanoseconds
  }
  var remarks: [String] { (item.tuned?.remark).map { [$0] } ?? [] }
  var strayCPUs: [Int]? { nil }

  private func execution() throws(OutOfMemory) -> Execution {
    if let heldExecution { return heldExecution }
    let execution = try workbench.execution(kernel, work, cache: item.cache, replica: item.replica)
    heldExecution = execution
    return execution
  }

  func pages() throws -> PageSurvey? { try workbench.pages(kernel, work) }

  /// A corner of the output is computed on one thread, and scaled up.
  ///
  /// In CPU time, and the best of some tries: on a busy machine no case is to be skipped for its neighbours.
  func estimate() throws -> Double {
    let layer = workbench.layer
    // No kernel on any machine of the last decades needs longer.
    if layer.flops < 1e7 { return 0 }
    let grain = kernel.grain(workbench.problem)
    let columns = min(layer.n, roundedUp(64, grain.columns))
    let rows = min(layer.m, roundedUp(max(1, 2_000_000 / (columns * layer.k)), grain.rows))
    let corner = try workbench.execution(kernel, Division([Block(rows: 0..<rows, columns: 0..<columns)]))
    var fastest = UInt64.max
    for _ in 0..<5 {
      let start = threadCPUNanoseconds()
      corner.body(0)
      fastest = min(fastest, threadCPUNanoseconds() - start)
    }
    let share = Double(rows * columns) / Double(layer.m * layer.n)
    return Double(fastest) * 1e-9 / share / Double(work.threads)
  }

  func check(_ verifier: Verifier) throws -> Verification {
    try verifier.check(kernel, work, cache: item.cache, replica: item.replica, on: team)
  }

  func run(warmUp: Int, iterations: Int) throws -> TeamTiming {
    team.run(try execution().work(warmUp: warmUp, iterations: iterations))
  }

  func observe(warmUp: Int, iterations: Int) throws -> (TeamTiming, Evidence) {
    let witness = try heldWitness.get()
    return witness.observe(try execution().work(warmUp: warmUp, iterations: iterations), try look(witness))
  }

  /// What to read of the caches beside the case.
  private func look(_ witness: Witness) throws(OutOfMemory) -> CacheLook {
    guard let weightLevel else { return readsCaches ? .buffers : .nothing }
    if let heldReading { return .weights(heldReading) }
    let reading = try workbench.weightReading(
      kernel, work, replica: item.replica, warmUp: weightLevel == .memory ? 0 : 1
    ).inFasterPattern(witness.rate)
    heldReading = reading
    return .weights(reading)
  }

  func failureOfLastOutput(_ verifier: Verifier, known: inout OutputDigest?) throws -> String? {
    let execution = try execution()
    let damage = try workbench.damage(kernel, work, execution, replica: item.replica)
    let output = execution.lastOutput?.buffer.pointer ?? workbench.output.pointer
    return verifier.failure(of: output, known: &known) ?? damage
  }

  func repeatLast() throws {
    workbench.output.poison()
    _ = try run(warmUp: 0, iterations: 1)
  }
}
