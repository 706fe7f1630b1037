public import Topology

/// What the check of the machine judges: a moment of the system, before a run.
///
/// `capture(…)` reads it; a value that could not be found out is nil.
public struct MachineState: Sendable, Hashable {
  /// The machine and the program.
  public var environment: Environment
  /// The most threads that a case has; nil if no run is meant.
  public var threads: Int?
  /// The CPUs that threads will use.
  public var cpus: CPUSet
  /// The machine's other CPUs.
  public var otherCPUs = CPUSet()
  /// For each CPU that threads will use, the CPUs of the same core besides it; none where the core is not known.
  public var siblings: [Int: CPUSet] = [:]
  /// The `HWLOC_*` variables that can change what hwloc finds.
  public var hwlocVariables: [String: String] = [:]
  /// The file that turns turbo off; nil if there is none.
  public var turboControl: String?
  /// What ran on the CPUs during a fifth of a second; nil if it is not known.
  public var activity: Activity?
  /// The part of the time since the system began that a hypervisor took from the CPUs, from 0 to 1.
  public var stolenSinceStart: Double?
  /// Swap space in use, in bytes.
  public var swapUsed: Int?
  /// The part of the last ten seconds in which some thread waited for memory, in percent.
  public var memoryPressurePercent: Double?
  /// CPUs that the scheduler gives to bound threads only.
  public var isolated: CPUSet?
  /// CPUs without a regular timer interrupt while they run one thread.
  public var tickless: CPUSet?

  /// A state of which no more is known than the environment and the CPUs.
  public init(environment: Environment, threads: Int? = nil, cpus: CPUSet = CPUSet()) {
    self.environment = environment
    self.threads = threads
    self.cpus = cpus
  }
}
