#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif
import CPlatform
import Foundation
import Kernels
import Layers
import Peers
import Teams
import Topology

/// The other side of a ``PeerProcess``: loads a library, and computes on request until the lab hangs up.
///
/// Everything here is the lab's own code, from the tensors to the guard bands and the clock: the library gets pointers, and
/// is called.
public struct PeerServer {
  private let options: PeerServerOptions
  private let catalog = Catalog.current()

  /// A server that does what `options`, in JSON, say.
  ///
  /// - Throws: a decoding error if they are something else.
  public init(options: String) throws {
    self.options = try JSONDecoder().decode(PeerServerOptions.self, from: Data(options.utf8))
  }

  /// Serves until the lab hangs up. Standard input is the connection, descriptor 3 the shared memory.
  ///
  /// - Throws: an encoding error, which no reply has.
  public func run() throws {
    // A stopped process does not see that its parent is gone.
    _ = platform_die_with_parent()
    if getppid() != options.parent { return }
    // The library may read standard input, and write to standard output; the connection must not be there.
    let connection = LineSocket(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 4))
    close(STDIN_FILENO)
    _ = open("/dev/null", O_RDONLY)
    do {
      if !options.cpus.isEmpty, !ThreadSeat.bind(0, to: options.cpus) {
        throw PeerFailure.start("the kernel does not let it run on CPUs \(options.cpus)")
      }
      guard let epilogues = catalog.epilogues.last, let probes = catalog.probes.last else {
        throw PeerFailure.start("no ISA is executable")
      }
      let peer = try options.location.kind.load(
        options.location.path, threads: options.isCalledByTeam ? 1 : options.threads,
        cpus: options.isCalledByTeam ? [] : options.cpus, epilogues: epilogues)
      let topology = try HwlocTopology()
      let team: any Team =
        options.isCalledByTeam
        ? try DispatchTeam(
          cpus: options.cpus.isEmpty ? Array(repeating: nil, count: options.threads) : options.cpus, topology: topology)
        : LibraryTeam(threads: options.threads)
      let desk = PeerDesk(options, peer, team, probes, caches: CacheSizes(topology.machine))
      try connection.transmit(PeerReply.loaded(Self.description(of: peer, options)))
      while case .line(let line) = connection.receive() {
        try connection.transmit(desk.reply(to: try JSONDecoder().decode(PeerRequest.self, from: line)))
      }
    } catch {
      try connection.transmit(PeerReply.failed("\(error)"))
    }
  }

  private static func description(of peer: any Peer, _ options: PeerServerOptions) -> PeerLibrary {
    let blocks = peer as? any BlockPeer
    return PeerLibrary(
      location: options.location, forced: options.forced, version: peer.version, instructionSet: peer.instructionSet,
      methods: peer.methods,
      blockMethods: peer.methods.filter { blocks?.blockKernel($0) != nil }, ownLayoutMethods: peer.ownLayoutMethods)
  }
}

/// The library's own threads as a team: the calling thread calls the library, and the library divides the work.
final class LibraryTeam: Team {
  static var kind: TeamKind { .library }
  let threads: Int

  /// A team of the library's `threads` threads.
  init(threads: Int) { self.threads = threads }

  /// Runs every step on the calling thread.
  func run(_ work: TeamWork) -> TeamTiming {
    work.before?(0)
    for _ in 0..<work.warmUp { work.job(0) }
    let start = platform_now()
    for _ in 0..<work.iterations { work.job(0) }
    let total = platform_now() - start
    work.after?(0)
    return TeamTiming(total: total, iterations: work.iterations, busy: [])
  }
}
