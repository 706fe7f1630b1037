#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What can go wrong when a machine is described, or a thread bound.
public enum TopologyError: Error, Hashable, Sendable {
  /// The file is not hwloc XML that this hwloc reads. `code` is errno.
  case unreadableXML(path: String, code: Int32)
  /// The text is neither an existing file nor a synthetic description.
  case invalidSynthetic(String)
  /// A variable of hwloc's describes no machine. `code` is errno.
  case unusableVariable(name: String, value: String, code: Int32)
  /// The synthetic description has more CPUs than `limit`.
  case syntheticTooLarge(String, limit: Int)
  /// A call of hwloc or of the kernel failed. `code` is errno.
  case callFailed(String, code: Int32)
  /// The machine is not this system, so nothing can be bound on it.
  case notThisSystem(origin: String)
  /// The CPU is not one that threads may be placed on.
  case notEligible(cpu: Int, eligible: CPUSet)
  /// hwloc or the kernel refused to bind. `code` is errno.
  case bindingRefused(cpus: CPUSet, code: Int32)
  /// The call succeeded, and yet the kernel reports another mask.
  case bindingNotTaken(requested: CPUSet, actual: CPUSet)
}

extension TopologyError: CustomStringConvertible {
  /// One sentence with what was asked, what happened and what was expected.
  public var description: String {
    switch self {
    case .unreadableXML(let path, let code):
      "Topology file '\(path)' cannot be read (\(reason(code))): expected a file in hwloc's XML format, "
        + "as 'lstopo FILE.xml' writes it."
    case .invalidSynthetic(let text):
      "Topology '\(text)' is neither an existing file nor a description that hwloc understands: expected a file in "
        + "hwloc's XML format, or levels with a number each and pu last, such as 'package:2 core:4 pu:2'."
    case .unusableVariable(let name, let value, let code):
      "The variable \(name), '\(value)', describes no machine (\(reason(code))): expected "
        + (name == "HWLOC_XMLFILE"
          ? "a file in hwloc's XML format, as 'lstopo FILE.xml' writes it."
          : "levels with a number each and pu last, such as 'package:2 core:4 pu:2'.")
    case .syntheticTooLarge(let text, let limit):
      "Topology '\(text)' has too many objects: expected at most \(limit) CPUs."
    case .callFailed(let call, let code):
      "\(call) failed: \(reason(code))."
    case .notThisSystem(let origin):
      "Threads cannot be bound on a machine that is described by \(origin): expected the topology of this system."
    case .notEligible(let cpu, let eligible):
      "CPU \(cpu) cannot be bound to: expected one of the eligible CPUs \(eligible)."
    case .bindingRefused(let cpus, let code):
      "Binding a thread to CPU \(cpus) was refused: \(reason(code))."
    case .bindingNotTaken(let requested, let actual):
      "Binding a thread to CPU \(requested) did not take: the kernel reports the mask \(actual)."
    }
  }

  /// The system's words for an errno.
  private func reason(_ code: Int32) -> String {
    String(cString: strerror(code))
  }
}
