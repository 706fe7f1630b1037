/// How the processes of peers are run.
public struct PeerSettings: Sendable, Hashable {
  /// What a process does between its turns.
  public enum Idle: String, Sendable, Hashable, CaseIterable {
    /// It is stopped by a signal: threads of the library that spin while they wait take no CPU from other turns.
    case stopped
    /// It waits for its next turn, and its threads do as the library lets them.
    case running
  }

  /// The program that serves, with the subcommand `peer-server`: the lab itself.
  public var executable: String
  /// What a process does between its turns.
  public var idle: Idle
  /// How long a process may be silent beyond what its work should take, in seconds, before it is killed.
  public var patience: Double
  /// How often a process that has ended is started anew, in a whole run.
  public var restarts: Int

  /// Settings, with the lab's own program as the default.
  public init(
    executable: String = "/proc/self/exe", idle: Idle = .stopped, patience: Double = 30, restarts: Int = 3
  ) {
    self.executable = executable
    self.idle = idle
    self.patience = patience
    self.restarts = restarts
  }
}
