import Kernels
import Layers
import Peers
import Teams

/// A library that computes in a process of its own.
final class PeerSubject: Subject {
  private let peer: PeerKernel
  private let item: Case
  private let layer: Layer
  /// Whether the layer has tensors of its own, which the library's process cannot make from the seed.
  private let hasTensors: Bool
  private let pool: PeerPool
  private let seat: PeerPool.Seat
  private let witness: Witness
  private let readsCaches: Bool
  let team: any Team

  /// What is prepared, and in which generation of the process.
  private struct Ready {
    let id: Int
    let generation: Int
  }
  private var ready: [Activation: Ready] = [:]
  private var implementation: String?
  private(set) var prepareNanoseconds: UInt64?
  private var lastRun: PeerRun?
  private(set) var strayCPUs: [Int]?

  /// The slowest computing that is waited for, in FLOP a second: textbook loops on an old core are faster.
  private static let slowest = 1e8

  /// A subject for the tensors that `pool` has in use.
  init(_ peer: PeerKernel, _ item: Case, _ group: CaseGroup, _ pool: PeerPool, _ teams: TeamPool) throws {
    self.peer = peer
    self.item = item
    layer = group.layer
    hasTensors = group.entry.tensors != nil
    self.pool = pool
    seat = pool.seat(peer, item)
    team = try teams.team(item.team, item.placement)
    witness = try teams.witness(item.team, item.placement, peer.probeISA)
    readsCaches = teams.machine.readsCaches(beside: item, of: group.layer)
  }

  var division: Division? { nil }
  var counterFailures: [CounterFailure] { [] }
  var bestRate: Double { witness.bestRate }

  var remarks: [String] {
    var remarks = [peer.library.title]
    if let implementation { remarks.append("implementation \(implementation)") }
    if let run = lastRun {
      if run.threads != item.threads { remarks.append("computed on \(run.threads) of \(item.threads) threads") }
      if run.unseated > 0 { remarks.append("\(run.unseated) threads more than there are CPUs") }
    }
    if let strayCPUs { remarks.append("its threads ran on CPUs \(strayCPUs.map(String.init).joined(separator: " "))") }
    return remarks
  }

  func pages() -> PageSurvey? { nil }
  func estimate() -> Double { 0 }

  /// The identifier of what computes the layer with an activation, prepared if it is not.
  private func identifier(_ activation: Activation) throws(PeerFailure) -> Int {
    if hasTensors { throw .unsupported("a library's process makes its own tensors, and has none of a user's") }
    try pool.ready(seat)
    if let ready = ready[activation], ready.generation == seat.generation { return ready.id }
    let id = pool.newIdentifier()
    let reply = try pool.ask(
      seat,
      .prepare(id: id, method: peer.method, split: item.split, cache: item.cache, activation: activation),
      seconds: 300 * layer.flops / Self.slowest)
    guard case .prepared(let implementation, let nanoseconds) = reply else { throw Self.unexpected(reply) }
    if activation == layer.activation {
      self.implementation = implementation
      prepareNanoseconds = nanoseconds
    }
    ready[activation] = Ready(id: id, generation: seat.generation)
    return id
  }

  func check(_ verifier: Verifier) throws -> Verification {
    let (output, failure) = try computed(layer.activation)
    let result = verifier.compare(output)
    return try verifier.verification(result, failure: failure) {
      if layer.activation == .none { return output }
      return try computed(.none).output
    }
  }

  /// Computes into poisoned memory, and gives the output, and what was wrong on the way.
  private func computed(_ activation: Activation) throws -> (output: UnsafePointer<Float>, failure: String?) {
    let id = try identifier(activation)
    // What the process does not write must not pass for its result.
    try pool.output().floats(layer.outputCount).update(repeating: Float(bitPattern: FloatBuffer.poison))
    return try output(
      of: try pool.ask(seat, .check(id: id), seconds: 300 * layer.flops / Self.slowest))
  }

  private func output(of reply: PeerReply) throws -> (UnsafePointer<Float>, String?) {
    guard case .output(let failure) = reply else { throw Self.unexpected(reply) }
    return (UnsafePointer(try pool.output().floats(layer.outputCount).baseAddress!), failure)
  }

  func run(warmUp: Int, iterations: Int) throws -> TeamTiming {
    let id = try identifier(layer.activation)
    let executions = Double(warmUp + iterations)
    let reply = try pool.ask(
      seat, .run(id: id, warmUp: warmUp, iterations: iterations), seconds: executions * layer.flops / Self.slowest)
    guard case .ran(let run) = reply else { throw Self.unexpected(reply) }
    lastRun = run
    note(run.evidence.cpus)
    return TeamTiming(total: run.total, iterations: iterations, busy: run.busy)
  }

  func observe(warmUp: Int, iterations: Int) throws -> (TeamTiming, Evidence) {
    var evidence = witness.observeIdle(readsCaches: readsCaches)
    let timing = try run(warmUp: warmUp, iterations: iterations)
    evidence.cacheRate = readsCaches ? witness.cacheRate() : nil
    guard let run = lastRun, item.team.isPinned else { return (timing, evidence) }
    evidence.runDelay = run.evidence.runDelay
    evidence.involuntarySwitches = run.evidence.involuntarySwitches
    evidence.migrations = run.evidence.migrations
    evidence.cpus = run.evidence.cpus
    evidence.threadsSleep = run.evidence.threadsSleep
    return (timing, evidence)
  }

  /// Remembers CPUs that are not the placement's.
  private func note(_ cpus: [Int]) {
    let allowed = item.placement.assignments.compactMap(\.cpu)
    if allowed.isEmpty || cpus.allSatisfy(allowed.contains) { return }
    strayCPUs = Set((strayCPUs ?? []) + cpus).sorted()
  }

  func failureOfLastOutput(_ verifier: Verifier, known: inout OutputDigest?) throws -> String? {
    let id = try identifier(layer.activation)
    let (output, failure) = try output(of: try pool.ask(seat, .collect(id: id), seconds: 0))
    return verifier.failure(of: output, known: &known) ?? failure
  }

  func repeatLast() throws { _ = try computed(layer.activation) }

  private static func unexpected(_ reply: PeerReply) -> PeerFailure { .reported("unexpected reply \(reply)") }
}
