/// How a layer grows with the threads that run it.
public enum Scaling: String, Sendable, Hashable, Codable, CaseIterable {
  /// Not at all: the same layer on every number of threads, each with a smaller part.
  case strong
  /// In proportion: the minibatch is multiplied by the number of threads, so that each has as much to do as one has alone.
  case weak

  /// The name of a network whose layers have `times` their minibatch: `ResNet-50 ×4`.
  ///
  /// Under a name of its own, the times of larger layers are not taken for those of the network itself.
  public static func name(of network: String, times: Int) -> String {
    (network.isEmpty ? "" : network + " ") + "×\(times)"
  }
}
