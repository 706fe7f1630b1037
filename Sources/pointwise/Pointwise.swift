import ArgumentParser
import Foundation

/// The command line.
@main
struct Pointwise: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pointwise",
    abstract: "A CPU performance lab for 1×1 convolutions and fully connected layers.",
    version: "0.1.0",
    subcommands: [
      RunCommand.self, ApplyCommand.self, EquivalenceCommand.self, ListCommand.self, VerifyCommand.self,
      TuneCommand.self,
      TopologyCommand.self, PeakCommand.self, CheckCommand.self, CompareCommand.self, RecommendCommand.self,
      PredictCommand.self, ReportCommand.self, PeerServerCommand.self,
    ])

  /// Runs the command line, and ends the process with its exit code.
  ///
  /// It does what ArgumentParser's `main()` does, but for the streams: help that cannot be written is an error too.
  static func main() {
    StandardStreams.prepare()
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      var code = exitCode(for: error)
      let message = fullMessage(for: error)
      if !message.isEmpty {
        if code == .success {
          do { try printToStandardOutput(message) } catch { code = exitCode(for: error) }
        } else {
          printToStandardError(message)
        }
      }
      Foundation.exit(code.rawValue)
    }
  }
}
