#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Where the pages of a layer's buffers lie, and how large they are.
public struct MemoryPolicy: Sendable, Hashable {
  /// How pages are dealt to NUMA nodes.
  public enum Binding: String, Sendable, Hashable, Codable, CaseIterable {
    /// Each worker touches its part of every buffer first, so that the kernel takes pages near it.
    case firstTouch = "first-touch"
    /// Each worker's part of every buffer is bound to the NUMA node of its CPU.
    case local
    /// Pages lie on all NUMA nodes in turn.
    case interleave
  }

  /// How large pages are.
  public enum Pages: String, Sendable, Hashable, Codable, CaseIterable {
    /// As the system is set up.
    case `default`
    /// Transparent huge pages are asked for.
    case huge
    /// Transparent huge pages are refused.
    case small
  }

  /// How pages are dealt to nodes; nil leaves them where the preparing thread has touched them.
  public var binding: Binding?
  /// How large pages are.
  public var pages: Pages

  /// A policy; by default one that changes nothing.
  public init(binding: Binding? = nil, pages: Pages = .default) {
    self.binding = binding
    self.pages = pages
  }

  /// Whether nothing is asked for.
  public var isDefault: Bool { binding == nil && pages == .default }
}

/// Why memory cannot be placed.
public enum MemoryError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A system call failed. `code` is errno.
  case refused(flag: String, value: String, call: String, code: Int32)
  /// Threads that are not pinned have no node.
  case notPinned
  /// The machine does not tell the NUMA node of a CPU.
  case unknownNode(cpu: Int)

  /// One sentence that names the flag, the value and what was expected.
  public var description: String {
    switch self {
    case .refused(let flag, let value, let call, let code):
      "\(flag) '\(value)' is not possible here, for \(call) failed (\(String(cString: strerror(code)))); expected a "
        + "system that allows it, or no \(flag)"
    case .notPinned:
      "--memory 'local' has no meaning for threads that are not pinned; expected first-touch or interleave"
    case .unknownNode(let cpu):
      "--memory 'local' is not possible here, for the NUMA node of CPU \(cpu) is not known; expected first-touch"
    }
  }
}
