import Kernels
import Layers
import Peers
import Synchronization
import Teams

/// What a peer's process has of the present layer: tensors, and the ways of computing that are ready.
final class PeerDesk {
  private let options: PeerServerOptions
  private let peer: any Peer
  private let team: any Team
  /// Watches the lab's workers; nil for the library's own threads, which nobody can tell to look at themselves.
  private let witness: Witness?
  private let caches: CacheSizes
  private let output = SharedOutput(inherited: SharedOutput.inherited)
  private var workbench: Workbench?
  private var prepared: [Int: Prepared] = [:]

  /// Copies of the buffers that one way of computing may use: a library may keep threads and memory for each.
  private static let mostCopies = 256

  /// One way of computing, ready to be executed.
  private struct Prepared {
    let execution: Execution
    /// The library's operations, one for each set of buffers; none where the library is called as a kernel.
    let operations: [any PeerOperation]
    /// That kernel; nil for the library's own threads.
    let kernel: Kernel?
    /// How the lab's workers share the layer; nil for the library's own threads.
    let division: Division?
    /// Where the library's threads sit; nil where it is called as a kernel.
    let seats: ThreadSeats?
    /// What an execution threw.
    let failure: FirstFailure
  }

  /// The first error of an execution, which has no other way out of a team's step.
  private final class FirstFailure: Sendable {
    private let error = Mutex<PeerError?>(nil)

    func note(_ new: PeerError) { error.withLock { if $0 == nil { $0 = new } } }

    func check() throws(PeerError) { if let error = error.withLock({ $0 }) { throw error } }
  }

  /// A desk in a process whose library is loaded.
  ///
  /// - Parameter probes: what the workers of the lab's team do before each sample, as they do in the lab's own process.
  init(_ options: PeerServerOptions, _ peer: any Peer, _ team: any Team, _ probes: ProbeSet, caches: CacheSizes) {
    self.options = options
    self.peer = peer
    self.team = team
    self.caches = caches
    witness = options.isCalledByTeam ? Witness(team, Burst(probes)) : nil
  }

  /// Does what is asked for.
  func reply(to request: PeerRequest) -> PeerReply {
    do {
      switch request {
      case .layer(let layer, let pattern, let seed, let coldBytes):
        return try load(layer, pattern, seed, coldBytes)
      case .prepare(let id, let method, let split, let cache, let activation):
        return try prepare(id, method, split, cache, activation)
      case .check(let id): return try check(try entry(id))
      case .run(let id, let warmUp, let iterations): return try run(try entry(id), warmUp, iterations)
      case .collect(let id): return .output(failure: try collect(try entry(id)))
      }
    } catch PeerError.unsupported(let method, let reason) {
      return .unsupported("\(PeerError.unsupported(method: method, reason: reason))")
    } catch {
      return .failed("\(error)")
    }
  }

  private func load(_ layer: Layer, _ pattern: UInt64, _ seed: UInt64, _ coldBytes: Int) throws -> PeerReply {
    guard let pattern = DataPattern(rawValue: pattern) else {
      throw PeerFailure.reported("the data pattern \(pattern) is not known")
    }
    // Operations before the tensors that they point to, and both before there are new ones.
    prepared = [:]
    workbench = nil
    workbench = try Workbench(
      layer, caches: caches, threads: options.threads, pattern: pattern, seed: seed, coldBytes: coldBytes)
    return .ready
  }

  private func prepare(
    _ id: Int, _ method: String, _ split: Split, _ cache: CacheState, _ activation: Activation
  ) throws -> PeerReply {
    let workbench = try bench()
    let layer = workbench.layer.with(activation: activation)
    if options.isCalledByTeam {
      guard let kernel = (peer as? any BlockPeer)?.blockKernel(method) else {
        throw PeerError.unsupported(method: method, reason: "it only computes whole layers")
      }
      let division = split.division(of: workbench.problem, for: kernel, threads: options.threads)
      prepared[id] = Prepared(
        execution: try workbench.execution(kernel, division, cache: cache, activation: activation), operations: [],
        kernel: kernel, division: division, seats: nil, failure: FirstFailure())
      return .prepared(implementation: nil, nanoseconds: nil)
    }
    let tensors = workbench.tensors
    let shared = Operands(
      input: tensors.input.pointer, weights: tensors.weights.pointer, bias: tensors.bias,
      output: workbench.output.pointer, scratch: workbench.output.pointer)
    let sets = cache == .hot ? [] : try workbench.copies(cache, of: tensors.weights.pointer, count: layer.weightCount)
    if sets.count > Self.mostCopies {
      throw PeerError.unsupported(
        method: method,
        reason: "keeping caches cold would take \(sets.count) copies of it, more than \(Self.mostCopies)")
    }
    let operands = sets.isEmpty ? [shared] : sets.map { $0.operands(shared) }
    let operations = try operands.map { operands in
      try peer.prepare(
        method, layer,
        PeerOperands(input: operands.input, weights: operands.weights, bias: operands.bias, output: operands.output),
        threads: options.threads)
    }
    let failure = FirstFailure()
    let turns = Turns(workers: 1, sets: operations.count)
    let execution: Execution
    if sets.isEmpty {
      let call = PeerCall(operations[0])
      execution = Execution(nil, nil) { _ in
        do throws(PeerError) { try call.operation.execute() } catch { failure.note(error) }
      }
    } else {
      let calls = operations.map(PeerCall.init)
      execution = Execution(sets, turns) { _ in
        do throws(PeerError) { try calls[turns.next(0)].operation.execute() } catch { failure.note(error) }
      }
    }
    // The library's threads exist after the first executions at the latest.
    let seats = ThreadSeats(cpus: options.cpus, team) { execution.body(0) }
    try failure.check()
    prepared[id] = Prepared(
      execution: execution, operations: operations, kernel: nil, division: nil, seats: seats, failure: failure)
    return .prepared(
      implementation: operations[0].implementation, nanoseconds: operations[0].prepareNanoseconds)
  }

  /// An operation, for a closure of the team's.
  ///
  /// `@unchecked Sendable`: the one worker of a ``LibraryTeam`` calls it, on the thread that made it.
  private final class PeerCall: @unchecked Sendable {
    let operation: any PeerOperation

    init(_ operation: any PeerOperation) { self.operation = operation }
  }

  private func check(_ entry: Prepared) throws -> PeerReply {
    let workbench = try bench()
    workbench.output.poison()
    for output in entry.execution.outputs { output.buffer.poison() }
    // The library's turns do not stand at the first set any more, so all sets have theirs; there are few.
    let count = entry.kernel == nil ? entry.execution.setCount : min(entry.execution.setCount, Verifier.checkedSets)
    _ = team.run(entry.execution.work(warmUp: 0, iterations: count))
    try entry.failure.check()
    // Most libraries write to the output themselves; the others bring it there now.
    for operation in entry.operations { try operation.collect() }
    let differing = entry.execution.differing(first: count)
    let failure = try collect(entry)
    return .output(failure: differing ?? failure)
  }

  private func run(_ entry: Prepared, _ warmUp: Int, _ iterations: Int) throws -> PeerReply {
    let workbench = try bench()
    // As the lab does for its kernels: an execution that stopped writing must show.
    for index in 0..<min(64, workbench.output.count) {
      workbench.output.pointer[index &* 0x9E37_79B1 % workbench.output.count] = Float(bitPattern: FloatBuffer.poison)
    }
    let observed: PeerRun
    if let witness {
      let (timing, evidence) = witness.observe(entry.execution.work(warmUp: warmUp, iterations: iterations))
      observed = PeerRun(timing, evidence, threads: options.threads)
    } else {
      entry.seats?.sit()
      defer { entry.seats?.rise() }
      let before = ThreadWatch.current()
      let timing = team.run(entry.execution.work(warmUp: warmUp, iterations: iterations))
      let after = ThreadWatch.current()
      let busy = after.busy(since: before)
      observed = PeerRun(
        timing, after.evidence(of: busy, since: before), threads: busy.count, unseated: entry.seats?.unseated ?? 0)
    }
    try entry.failure.check()
    return .ran(observed)
  }

  /// Gives the last output to the lab, and says what is wrong with guard bands.
  private func collect(_ entry: Prepared) throws -> String? {
    let workbench = try bench()
    for operation in entry.operations { try operation.collect() }
    let target = try output.floats(workbench.output.count)
    if let last = entry.execution.lastOutput {
      target.baseAddress!.update(from: last.buffer.pointer, count: target.count)
    } else {
      target.baseAddress!.update(from: workbench.output.pointer, count: target.count)
    }
    return try workbench.damage(entry.kernel, entry.division, entry.execution)
  }

  private func bench() throws(PeerFailure) -> Workbench {
    guard let workbench else { throw .reported("there is no layer yet") }
    return workbench
  }

  private func entry(_ id: Int) throws(PeerFailure) -> Prepared {
    guard let entry = prepared[id] else { throw .reported("nothing is prepared under \(id)") }
    return entry
  }
}
