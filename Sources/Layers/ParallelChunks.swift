import Dispatch

/// Calls `body` with parts of 0..<count that cover it, on all cores at once, and returns when all are done.
///
/// It serves preparation and checks, never a measurement. A part has `atLeast` elements, if there are so many.
public func parallelChunks(of count: Int, atLeast: Int = 1, _ body: @Sendable (Range<Int>) -> Void) {
  let parts = max(1, min(count / max(1, atLeast), 64))
  if parts == 1 { return body(0..<count) }
  DispatchQueue.concurrentPerform(iterations: parts) { part in
    body(count * part / parts..<count * (part + 1) / parts)
  }
}
