import ArgumentParser
import Harness

/// `pointwise peer-server`: the process in which a vendor's library computes. The lab starts it; it is of no use by hand.
struct PeerServerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peer-server", abstract: "Compute with a vendor's library on the lab's request.", shouldDisplay: false)

  @Argument(help: "What to load, and where to run, as JSON.")
  var options: String

  func run() throws {
    let server: PeerServer
    do { server = try PeerServer(options: options) } catch {
      throw Exit.failure("peer-server is started by the lab itself: '\(options)' is not what it passes", Exit.usage)
    }
    try server.run()
  }
}
