/// What the caches hold when an execution begins.
public enum CacheState: String, Sendable, Hashable, Codable, CaseIterable {
  /// The same buffers as the execution before: whatever of them fits a cache is in it.
  case hot
  /// The weights come from memory, as in a network whose other layers ran in between: executions take in turn copies of
  /// the weights that fill more than twice the last-level caches. Input and output stay the same.
  case coldWeights = "cold-weights"
  /// Input, weights and output come from memory, by copies of all three.
  case cold
}
