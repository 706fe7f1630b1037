import Glibc

/// Why an event cannot be counted.
public struct CounterFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// The event.
  public let event: PerformanceEvent
  /// What perf_event_open(2) answered.
  public let code: CInt
  /// kernel.perf_event_paranoid at that time; nil where it could not be read.
  public let paranoid: Int?

  /// Why, and what can be done about it, without the event's name: "this machine does not offer it".
  public var reason: String {
    switch code {
    case ENOENT, EOPNOTSUPP, ENODEV:
      return event.isHardware
        ? "the machine does not offer it, as most virtual machines do not (\(words))"
        : "the kernel does not offer it (\(words))"
    case EACCES, EPERM:
      guard let paranoid else {
        return "not permitted (\(words)), and kernel.perf_event_paranoid cannot be read; a seccomp filter may forbid it"
      }
      if paranoid > event.highestParanoid {
        return "not permitted (\(words)): kernel.perf_event_paranoid is \(paranoid); "
          + "'sudo sysctl kernel.perf_event_paranoid=\(event.highestParanoid)' permits it"
      }
      return
        "not permitted (\(words)), though kernel.perf_event_paranoid is \(paranoid): a seccomp filter or a security "
        + "module forbids perf_event_open; 'docker run --cap-add PERFMON' permits it in a container"
    case ENOSYS:
      return "the kernel was built without perf_event_open, or a seccomp filter hides it (\(words))"
    case EMFILE, ENFILE:
      return "too many open files (\(words)); 'ulimit -n' with a higher number before the run permits it"
    case EINVAL, E2BIG:
      return "the kernel or the CPU does not know it (\(words))"
    case EBUSY:
      return "another program keeps the CPU's counters for itself (\(words))"
    default:
      return "\(words)"
    }
  }

  /// One sentence with the event and the reason.
  public var description: String { "\(event.rawValue) cannot be counted: \(reason)" }

  /// The system's words for the code.
  private var words: String { String(cString: strerror(code)) }
}
