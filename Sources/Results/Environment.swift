/// The machine and the program that a run was measured with, as far as they are known.
///
/// A value that could not be found out is nil, which JSON leaves out. `capture(root:…)` reads it from the running
/// system.
public struct Environment: Sendable, Hashable, Codable {
  /// The host's name.
  public var hostname: String?
  /// The distribution, as /etc/os-release names it: "Ubuntu 24.04.2 LTS".
  public var operatingSystem: String?
  /// The kernel's release: "6.8.0-45-generic".
  public var kernelRelease: String?
  /// The CPU's name.
  public var cpuModel: String?
  /// How many CPUs the system has online, allowed to this process or not.
  public var logicalCPUs: Int?
  /// The ISAs of the lab that the CPU can run.
  public var isas: [String]?
  /// The CPU's feature flags, as the kernel names them.
  public var features: [String]?
  /// The caches that the first CPU sees, as the kernel describes them.
  public var caches: [Cache]?
  /// The topology, as the module that reads it describes it.
  public var machine: JSONValue?
  /// The frequency governors of the CPUs, each once; one in the usual case.
  public var governors: [String]?
  /// Whether SMT siblings are online.
  public var smtActive: Bool?
  /// Whether the clock may go beyond the nominal one.
  public var turboEnabled: Bool?
  /// The hypervisor, or "yes" if there is one that does not say its name; nil if none was noticed.
  public var hypervisor: String?
  /// How many CPUs' worth of time the control group may use; nil if it has no limit.
  public var cpuQuota: Double?
  /// Memory in bytes.
  public var memoryTotal: Int?
  /// Memory that programs could still get, in bytes, when the run began.
  public var memoryAvailable: Int?
  /// The load averages over 1, 5 and 15 minutes when the run began.
  public var loadAverage: [Double]?
  /// The size of a memory page in bytes.
  public var pageSize: Int?
  /// The setting of transparent huge pages: always, madvise or never.
  public var transparentHugePages: String?
  /// The events that perf_event_open(2) can count of a thread here, or why it cannot.
  public var counters: [Counter]?
  /// How the program was built: debug or release.
  public var build: Build?
  /// The compiler that built the program.
  public var compiler: String?
  /// The commit of the program's sources.
  public var commit: String?

  /// A build configuration of SwiftPM.
  public enum Build: String, Sendable, Hashable, Codable {
    /// Checks on, optimisation off outside the kernels.
    case debug
    /// Optimised.
    case release
  }

  /// An event of the CPU or the kernel.
  public struct Counter: Sendable, Hashable, Codable {
    /// Its name: "cycles".
    public var event: String
    /// Why it cannot be counted, and what can be done about it; nil if it can.
    public var unavailable: String?

    /// An event.
    public init(event: String, unavailable: String? = nil) {
      self.event = event
      self.unavailable = unavailable
    }
  }

  /// One cache.
  public struct Cache: Sendable, Hashable, Codable {
    /// 1 is next to the core.
    public var level: Int
    /// Data, Instruction or Unified.
    public var type: String
    /// Its size in bytes.
    public var size: Int
    /// The CPUs that share it, by their OS numbers: "0-3".
    public var sharedBy: String?

    /// A cache.
    public init(level: Int, type: String, size: Int, sharedBy: String? = nil) {
      self.level = level
      self.type = type
      self.size = size
      self.sharedBy = sharedBy
    }
  }

  /// An environment of which nothing is known yet.
  public init() {}
}
