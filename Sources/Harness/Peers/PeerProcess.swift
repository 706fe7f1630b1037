#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif
import CPlatform
import Foundation
import Peers

/// A process that has loaded a library and computes on request, as the lab sees it.
///
/// A crash, a hang, or a call of `exit` inside the library ends this process and nothing else.
final class PeerProcess {
  /// What the library said of itself when it was loaded.
  let library: PeerLibrary

  /// The hidden subcommand of the program that serves.
  static let subcommand = "peer-server"

  private let process: pid_t
  private let socket: LineSocket
  private let log: CInt
  private let idle: PeerSettings.Idle
  private var hasEnded = false

  /// Starts a process and waits until it has loaded its library.
  ///
  /// - Parameters:
  ///   - environment: all variables of the process.
  ///   - output: the memory for results.
  /// - Throws: `PeerFailure` if the process cannot be started or the library cannot be loaded.
  init(
    _ options: PeerServerOptions, _ settings: PeerSettings, environment: [String: String], output: SharedOutput
  ) throws(PeerFailure) {
    let descriptor: CInt
    (process, descriptor, log) = try Self.spawn(options, settings, environment, output)
    socket = LineSocket(descriptor)
    idle = settings.idle
    let reply: PeerReply
    do throws(PeerFailure) { reply = try Self.read(process, socket, log, &hasEnded, settings.patience) } catch {
      Self.end(process, log, hasEnded)
      throw error
    }
    guard case .loaded(let library) = reply else {
      Self.end(process, log, hasEnded)
      if case .failed(let reason) = reply { throw .reported(reason) }
      throw .reported("the library's process said \(reply) instead of what it has loaded")
    }
    self.library = library
    rest()
  }

  deinit { Self.end(process, log, hasEnded) }

  /// Asks for something, and waits for the answer.
  ///
  /// - Parameter timeout: seconds until the process is killed.
  /// - Throws: `PeerFailure`. After any but `unsupported` and `reported` the process is gone.
  func ask(_ request: PeerRequest, timeout: Double) throws(PeerFailure) -> PeerReply {
    if idle == .stopped { kill(process, SIGCONT) }
    defer { rest() }
    do { try socket.transmit(request) } catch { throw .reported("\(error)") }
    let reply = try Self.read(process, socket, log, &hasEnded, timeout)
    switch reply {
    case .unsupported(let reason): throw .unsupported(reason)
    case .failed(let reason): throw .reported(reason)
    default: return reply
    }
  }

  private func rest() { if idle == .stopped && !hasEnded { kill(process, SIGSTOP) } }

  /// Reads one reply.
  private static func read(
    _ process: pid_t, _ socket: LineSocket, _ log: CInt, _ hasEnded: inout Bool, _ timeout: Double
  ) throws(PeerFailure) -> PeerReply {
    switch socket.receive(timeout: timeout) {
    case .line(let line):
      do { return try JSONDecoder().decode(PeerReply.self, from: line) } catch {
        throw .reported("the library's process said something that is no reply: \(error)")
      }
    case .timeout:
      kill(process, SIGKILL)
      _ = wait(for: process)
      hasEnded = true
      throw .silent(seconds: timeout)
    case .closed:
      let how = wait(for: process)
      hasEnded = true
      throw .ended(how, lastLine: lastLine(log))
    }
  }

  /// Kills the process if it is still there, and lets go of everything.
  private static func end(_ process: pid_t, _ log: CInt, _ hasEnded: Bool) {
    if !hasEnded {
      kill(process, SIGKILL)
      _ = wait(for: process)
    }
    close(log)
  }

  /// Waits for the end of a process that is ending, and says how it ended.
  private static func wait(for process: pid_t) -> String {
    var status: CInt = 0
    while waitpid(process, &status, 0) < 0 {
      if errno != EINTR { return "ended" }
    }
    let signal = status & 0x7F
    if signal == 0 { return "exited with code \(status >> 8 & 0xFF)" }
    let names = [
      SIGSEGV: "SIGSEGV", SIGABRT: "SIGABRT", SIGILL: "SIGILL", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGKILL: "SIGKILL",
      SIGTERM: "SIGTERM",
    ]
    return "was ended by \(names[signal] ?? "signal \(signal)")"
  }

  /// The last line that the process has written to its standard output or error.
  private static func lastLine(_ log: CInt) -> String? {
    let size = lseek(log, 0, SEEK_END)
    let start = max(0, size - 4096)
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = pread(log, &buffer, buffer.count, start)
    guard count > 0 else { return nil }
    let lines = String(decoding: buffer[..<count], as: UTF8.self).split(whereSeparator: \.isNewline)
    return lines.last { !$0.allSatisfy(\.isWhitespace) }.map { String($0.prefix(200)) }
  }

  /// Starts the program in a process group of its own, so that a terminal's Ctrl-C reaches the lab alone.
  private static func spawn(
    _ options: PeerServerOptions, _ settings: PeerSettings, _ environment: [String: String], _ output: SharedOutput
  ) throws(PeerFailure) -> (process: pid_t, socket: CInt, log: CInt) {
    func reason(_ code: CInt) -> String { String(cString: strerror(code)) }
    let message: String
    do { message = String(decoding: try JSONEncoder().encode(options), as: UTF8.self) } catch {
      throw .start("\(error)")
    }
    var sockets: [CInt] = [-1, -1]
    guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &sockets) == 0 else {
      throw .start(reason(errno))
    }
    defer { close(sockets[1]) }
    let log = platform_memory_file("pointwise-peer-log")
    guard log >= 0 else {
      let code = errno
      close(sockets[0])
      throw .start(reason(code))
    }

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, sockets[1], 0)
    posix_spawn_file_actions_adddup2(&actions, log, 1)
    posix_spawn_file_actions_adddup2(&actions, log, 2)
    posix_spawn_file_actions_adddup2(&actions, output.file, SharedOutput.inherited)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    posix_spawnattr_setpgroup(&attributes, 0)

    var arguments: [UnsafeMutablePointer<CChar>?] =
      ["pointwise", Self.subcommand, message].map { strdup($0 as String) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] =
      environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)" as String) } + [nil]
    defer { for string in arguments + variables { free(string) } }
    var process: pid_t = 0
    let code = posix_spawn(&process, settings.executable, &actions, &attributes, &arguments, &variables)
    if code != 0 {
      close(sockets[0])
      close(log)
      throw .start("\(settings.executable): \(reason(code))")
    }
    return (process, sockets[0], log)
  }
}
