import ArgumentParser

/// The command line.
@main
struct Pointwise: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pointwise",
    abstract: "A CPU performance lab for 1×1 convolutions and fully connected layers.",
    version: "0.1.0",
    subcommands: [
      RunCommand.self, ListCommand.self, VerifyCommand.self, TopologyCommand.self, PeakCommand.self, ReportCommand.self,
    ])
}
