import Dispatch
import Foundation

/// The built executable, run as a user runs it.
struct Command {
  /// How a process ended, and what it said.
  struct Result: CustomStringConvertible {
    /// The exit code, or 128 and the number of the signal that ended the process.
    var code: Int32
    var output: String
    var error: String

    var description: String { "exit code \(code)\nstandard output:\n\(output)\nstandard error:\n\(error)" }

    /// The sentence that says what is wrong.
    var sentence: String? { error.split(separator: "\n").first { $0.hasPrefix("Error: ") }.map(String.init) }
  }

  /// The path of `pointwise`, which SwiftPM puts beside the test bundle.
  static let path: String = {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")).map { [$0] } ?? []
    let bundles = own + CommandLine.arguments
    let candidates = bundles.map {
      URL(fileURLWithPath: $0).deletingLastPathComponent().appending(path: "pointwise").path
    }
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0) } ?? "pointwise"
  }()

  /// The process, which is running.
  let process = Process()
  private let ended = DispatchSemaphore(value: 0)
  private let output: TemporaryFile
  private let error: TemporaryFile

  /// Starts `pointwise` with `arguments`.
  ///
  /// - Parameters:
  ///   - folder: the working directory.
  ///   - environment: variables to set, or to remove where the value is nil.
  ///   - standardError: what takes the place of a file, such as a terminal.
  init(
    _ arguments: [String], in folder: TemporaryFolder, environment: [String: String?] = [:],
    standardError: FileHandle? = nil
  ) throws {
    try self.init(
      executable: Self.path, arguments, in: folder, environment: environment, standardError: standardError)
  }

  private init(
    executable: String, _ arguments: [String], in folder: TemporaryFolder, environment: [String: String?],
    standardError: FileHandle? = nil
  ) throws {
    output = try TemporaryFile()
    error = try TemporaryFile()
    var variables = ProcessInfo.processInfo.environment
    variables["POINTWISE_BENCHMARKS"] = nil
    variables["TERM"] = "dumb"
    variables["OMP_PLACES"] = nil
    variables["OMP_PROC_BIND"] = nil
    for (name, value) in environment { variables[name] = value }
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    process.environment = variables
    process.currentDirectoryURL = folder.url
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output.handle
    process.standardError = standardError ?? error.handle
    process.terminationHandler = { [ended] _ in ended.signal() }
    try process.run()
  }

  /// Waits for the end. A process that takes longer than two minutes hangs, and is killed.
  func wait() throws -> Result {
    if ended.wait(timeout: .now() + 120) == .timedOut {
      kill(process.processIdentifier, SIGKILL)
      ended.wait()
    }
    let signal: Int32 = process.terminationReason == .uncaughtSignal ? 128 : 0
    return Result(code: signal + process.terminationStatus, output: try output.text(), error: try error.text())
  }

  /// Runs `pointwise` to its end.
  static func run(
    _ arguments: [String], in folder: TemporaryFolder, environment: [String: String?] = [:]
  ) throws -> Result {
    try Command(arguments, in: folder, environment: environment).wait()
  }

  /// Runs a line of shell, in which `$P` is `pointwise`.
  static func shell(
    _ line: String, in folder: TemporaryFolder, environment: [String: String?] = [:]
  ) throws -> Result {
    try Command(
      executable: "/bin/sh", ["-c", line], in: folder, environment: environment.merging(["P": path]) { $1 }
    ).wait()
  }

  /// The CPU time that the process has taken so far, in seconds: fields 14 and 15 of proc_pid_stat(5).
  var cpuSeconds: Double {
    let stat = (try? String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8)) ?? ""
    // The second field is the name in parentheses, which may hold spaces.
    let fields = stat.drop { $0 != ")" }.split(separator: " ")
    guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else { return 0 }
    return (user + system) / Double(sysconf(CInt(_SC_CLK_TCK)))
  }

  /// Waits until `condition` holds, or the process has ended; whether it holds.
  func waits(until condition: () throws -> Bool) rethrows -> Bool {
    while true {
      if try condition() { return true }
      if !process.isRunning { return try condition() }
      usleep(2_000)
    }
  }
}

/// A file that is gone when the value is.
private final class TemporaryFile {
  let handle: FileHandle
  private let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "pointwise-output-\(UUID().uuidString)")
    try Data().write(to: url)
    handle = try FileHandle(forWritingTo: url)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func text() throws -> String { String(decoding: try Data(contentsOf: url), as: UTF8.self) }
}
