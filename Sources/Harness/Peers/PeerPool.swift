#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif
import Layers
import Peers
import Teams

/// The processes of a run's peers: each is started when it is first needed, and kept until the run ends or it dies.
final class PeerPool {
  private struct Key: Hashable {
    let location: PeerLocation
    let forced: PeerLibrary.Forced?
    /// Each way of computing has a process of its own: what one of them breaks, or leaves spinning, is not the other's.
    let method: String
    let cpus: [Int]
    let threads: Int
    let isCalledByTeam: Bool
  }

  /// A place for one process, and what became of those that were there.
  final class Seat {
    fileprivate let start: () throws(PeerFailure) -> PeerProcess
    fileprivate var process: PeerProcess?
    fileprivate var deaths = 0
    /// Counts the layers that the present process was given; what is prepared belongs to one of them.
    fileprivate(set) var generation = 0
    fileprivate var epoch = -1

    fileprivate init(start: @escaping () throws(PeerFailure) -> PeerProcess) { self.start = start }
  }

  private let settings: PeerSettings
  private let environment: [String: String]
  private var seats: [Key: Seat] = [:]
  private var heldOutput: SharedOutput?
  /// The tensors that all processes should have, and how often they have changed.
  private var layer: (request: PeerRequest, elements: Double)?
  private var epoch = 0
  private var identifiers = 0

  /// A pool whose processes have the variables of `environment`, but for those that the lab sets.
  init(_ settings: PeerSettings, environment: [String: String]) {
    self.settings = settings
    self.environment = environment
  }

  /// Says which tensors are in use from now on. Processes get them when they are next needed.
  func use(_ layer: Layer, _ pattern: DataPattern, seed: UInt64, coldBytes: Int) {
    self.layer = (
      .layer(layer, pattern: pattern.rawValue, seed: seed, coldBytes: coldBytes),
      Double(layer.inputCount) + Double(layer.weightCount) + Double(layer.outputCount) + Double(coldBytes)
    )
    epoch += 1
  }

  /// A number that no other subject has.
  func newIdentifier() -> Int {
    identifiers += 1
    return identifiers
  }

  /// The memory for results.
  func output() throws(PeerFailure) -> SharedOutput {
    if let heldOutput { return heldOutput }
    let output = try SharedOutput()
    heldOutput = output
    return output
  }

  /// The place of the process for a case.
  func seat(_ peer: PeerKernel, _ item: Case) -> Seat {
    let cpus = item.placement.assignments.compactMap(\.cpu)
    let key = Key(
      location: peer.library.location, forced: peer.library.forced, method: peer.method, cpus: cpus,
      threads: item.threads,
      isCalledByTeam: item.team != .library)
    if let seat = seats[key] { return seat }
    let (settings, environment) = (settings, environment)
    let seat = Seat { [unowned self] () throws(PeerFailure) in
      try PeerProcess.start(
        key.location, key.forced, threads: key.threads, cpus: key.cpus, isCalledByTeam: key.isCalledByTeam, settings,
        environment, try output())
    }
    seats[key] = seat
    return seat
  }

  /// Makes sure that a process runs and has the present tensors.
  ///
  /// - Throws: `PeerFailure`; `givenUp` if it has ended too often.
  func ready(_ seat: Seat) throws(PeerFailure) {
    guard let layer else { preconditionFailure("a layer is in use before it is computed") }
    if seat.process == nil {
      if seat.deaths > settings.restarts { throw .givenUp(times: seat.deaths) }
      do throws(PeerFailure) { seat.process = try seat.start() } catch {
        seat.deaths += 1
        throw error
      }
      seat.epoch = -1
    }
    if seat.epoch == epoch { return }
    // Random numbers for 10 million elements a second are made on the slowest machine.
    _ = try ask(seat, layer.request, seconds: layer.elements / 1e7)
    seat.epoch = epoch
    seat.generation += 1
  }

  /// Asks the process of a seat; if it is gone after that, so is what it had prepared.
  ///
  /// - Parameter seconds: how long the work may take; the process has the settings' patience on top.
  func ask(_ seat: Seat, _ request: PeerRequest, seconds: Double) throws(PeerFailure) -> PeerReply {
    guard let process = seat.process else { preconditionFailure("a process is made ready before it is asked") }
    do throws(PeerFailure) { return try process.ask(request, timeout: settings.patience + seconds) } catch {
      switch error {
      case .unsupported, .reported: break
      case .start, .ended, .silent, .givenUp:
        seat.process = nil
        seat.deaths += 1
      }
      throw error
    }
  }
}

extension PeerProcess {
  /// Starts a process for a library, with the environment that suits it.
  static func start(
    _ location: PeerLocation, _ forced: PeerLibrary.Forced?, threads: Int, cpus: [Int], isCalledByTeam: Bool,
    _ settings: PeerSettings, _ environment: [String: String], _ output: SharedOutput
  ) throws(PeerFailure) -> PeerProcess {
    var variables = environment
    for variable in PeerKind.conflictingVariables { variables[variable] = nil }
    // The lab's workers are bound by the lab, and OpenMP would bind each of them to its first place.
    let own = location.kind.environment(threads: isCalledByTeam ? 1 : threads, cpus: isCalledByTeam ? [] : cpus)
    variables.merge(own) { $1 }
    // A backtrace takes seconds, and would cover the library's own last words.
    variables["SWIFT_BACKTRACE"] = "enable=no"
    if let forced { variables[forced.variable] = forced.value }
    return try PeerProcess(
      PeerServerOptions(
        location: location, threads: threads, cpus: cpus, isCalledByTeam: isCalledByTeam, forced: forced,
        parent: getpid()),
      settings, environment: variables, output: output)
  }
}
