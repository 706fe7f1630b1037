import ArgumentParser

/// The command line.
@main
struct Pointwise: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pointwise",
    abstract: "A CPU performance lab for 1×1 convolutions and fully connected layers.",
    subcommands: [TopologyCommand.self])
}
