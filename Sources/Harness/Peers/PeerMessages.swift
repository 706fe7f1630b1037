import Layers
public import Peers
import Teams

/// What a peer's process is told on its command line, as JSON.
public struct PeerServerOptions: Codable, Sendable, Hashable {
  /// Which library, and its file.
  public var location: PeerLocation
  /// Threads: the library's own, or the lab's workers that call it.
  public var threads: Int
  /// The CPU of each thread; empty to leave them where the scheduler puts them.
  public var cpus: [Int]
  /// Whether the lab's workers call the library, which then computes on one thread.
  public var isCalledByTeam: Bool
  /// The configuration that the environment forces on the library.
  public var forced: PeerLibrary.Forced?
  /// The process that it serves.
  public var parent: Int32
}

/// What the lab asks of a peer's process: one line of JSON each.
enum PeerRequest: Codable {
  /// Make the tensors of a layer, and forget those of the one before. They follow from pattern and seed alone, so they
  /// are the lab's own to the last bit, in memory of the same kind as the lab's.
  case layer(Layer, pattern: UInt64, seed: UInt64, coldBytes: Int)
  /// Get ready to compute the layer in one way.
  case prepare(id: Int, method: String, split: Split, cache: CacheState, activation: Activation)
  /// Poison every output, compute once into each, look at guard bands, and give the last output to the lab.
  case check(id: Int)
  /// Compute against the clock.
  case run(id: Int, warmUp: Int, iterations: Int)
  /// Look at guard bands, and give the last output to the lab.
  case collect(id: Int)
}

/// What a peer's process answers: one line of JSON each.
enum PeerReply: Codable {
  /// The library is loaded. It is the first thing that a process says.
  case loaded(PeerLibrary)
  /// The layer is there.
  case ready
  /// A way of computing is ready: what the library chose, and what packing the weights took.
  case prepared(implementation: String?, nanoseconds: UInt64?)
  /// The output is with the lab; `failure` says what was wrong on the way, such as a guard band that was written to.
  case output(failure: String?)
  /// The clock's word, and what was seen of the threads.
  case ran(PeerRun)
  /// The library does not compute such a layer.
  case unsupported(String)
  /// The library, or the process, failed.
  case failed(String)
}

/// One run of a peer against the clock.
struct PeerRun: Codable, Sendable {
  /// Nanoseconds of all timed iterations.
  var total: UInt64
  /// How long each worker of the lab's team computed in the last iteration; empty for the library's own threads.
  var busy: [UInt64]
  /// What was seen of the threads that computed.
  var evidence: Evidence
  /// How many threads computed.
  var threads: Int
  /// How many of them could not be given a CPU of their own.
  var unseated: Int

  init(_ timing: TeamTiming, _ evidence: Evidence, threads: Int, unseated: Int = 0) {
    total = timing.total
    busy = timing.busy
    self.evidence = evidence
    self.threads = threads
    self.unseated = unseated
  }
}
