/// What is read of the outer caches after a sample.
enum CacheLook: Sendable {
  /// Nothing: they do not matter to the case.
  case nothing
  /// A small buffer of each worker; see ``CacheReading``.
  case buffers
  /// The case's own weights.
  case weights(WeightReading)
}
