/// How a case ended.
public enum Status: String, Sendable, Hashable, Codable, CaseIterable {
  /// Verified and measured.
  case ok
  /// The output was outside the error bound; the row carries no performance.
  case incorrect
  /// The variant does not apply to the layer, or the CPU cannot run it.
  case unsupported
  /// Left out on purpose, such as a case whose one execution would take longer than its time allows.
  case skipped
  /// Something else went wrong; `notes` says what.
  case failed
}

/// How far a measurement can be trusted.
public enum Quality: String, Sendable, Hashable, Codable, CaseIterable {
  /// Nothing speaks against it.
  case valid
  /// The interval did not reach the precision that was asked for, or rounds were disturbed.
  case noisy
  /// The clock fell while it was measured.
  case throttled
  /// More threads than CPUs.
  case oversubscribed
}
