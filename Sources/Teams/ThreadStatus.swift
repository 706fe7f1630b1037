import CPlatform

/// What the kernel has noted of a thread so far. Differences between two readings tell what happened in between.
public struct ThreadStatus: Sendable, Hashable {
  /// Nanoseconds that the thread was ready to run, but waited for a CPU; nil where the kernel does not say.
  public var runDelay: Int64?
  /// How often the thread lost its CPU while it wanted to run on; nil where the kernel does not say.
  public var involuntarySwitches: Int64?
  /// Pages that the thread touched and that were not mapped; nil where the kernel does not say.
  public var pageFaults: Int64?
  /// The CPU that the thread is on; nil where the kernel does not say.
  public var cpu: Int?

  /// Nothing known.
  public init() {}

  /// The status of the calling thread. Takes some microseconds: keep it out of timed regions.
  public static func current() -> ThreadStatus {
    let delay = platform_run_delay()
    var usage = platform_thread_usage()
    let isUsageKnown = platform_get_thread_usage(&usage) == 0
    let cpu = platform_current_cpu()
    var status = ThreadStatus()
    status.runDelay = delay < 0 ? nil : delay
    status.involuntarySwitches = isUsageKnown ? usage.involuntary_switches : nil
    status.pageFaults = isUsageKnown ? usage.page_faults : nil
    status.cpu = cpu < 0 ? nil : Int(cpu)
    return status
  }
}
