/// Something about the machine or the program that a reader of numbers has to know.
public struct Finding: Sendable, Hashable, Codable {
  /// How much it matters, the gravest first.
  public enum Severity: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
    /// Numbers will be wrong.
    case severe
    /// Numbers will be disturbed.
    case warning
    /// Numbers have to be read with it in mind.
    case note
    /// It could not be found out.
    case unknown

    /// Whether `first` is graver than `second`.
    public static func < (first: Severity, second: Severity) -> Bool {
      (allCases.firstIndex(of: first) ?? 0) < (allCases.firstIndex(of: second) ?? 0)
    }
  }

  /// What it is about.
  public enum Subject: String, Sendable, Hashable, Codable, CaseIterable {
    /// A build without optimisation.
    case build
    /// A topology that is not, or may not be, this machine's.
    case topology
    /// A limit of the container's CPU time.
    case quota
    /// Other programs on the CPUs that are measured.
    case neighbours
    /// The other hardware threads of the cores that are measured.
    case smt
    /// A hypervisor.
    case virtual
    /// Time that the hypervisor gave to somebody else.
    case steal
    /// The load average.
    case load
    /// The frequency governor.
    case governor
    /// Clocks beyond the nominal one.
    case turbo
    /// Memory that is short.
    case memory
    /// Transparent huge pages.
    case hugePages = "huge-pages"
    /// Counters of the CPU and the kernel.
    case counters
    /// CPUs that the scheduler leaves alone.
    case isolation
  }

  /// How much it matters.
  public var severity: Severity
  /// What it is about.
  public var subject: Subject
  /// What was seen: a sentence.
  public var seen: String
  /// Why it hurts: a sentence.
  public var harm: String
  /// What to do about it, with the command if there is one; nil if there is nothing to do.
  public var remedy: String?

  /// A finding.
  public init(_ severity: Severity, _ subject: Subject, seen: String, harm: String, remedy: String? = nil) {
    self.severity = severity
    self.subject = subject
    self.seen = seen
    self.harm = harm
    self.remedy = remedy
  }
}
