import CPlatform

/// What the CPU or the kernel can count of a thread through perf_event_open(2).
public enum PerformanceEvent: String, Sendable, Hashable, Codable, CaseIterable {
  /// Cycles of the core while the thread computed, at whatever clock.
  case cycles
  /// Instructions that were retired.
  case instructions
  /// Cache misses as the CPU's maker defines them: usually those of the last level.
  case cacheMisses = "cache-misses"
  /// Loads that missed the last-level cache.
  case lastLevelLoadMisses = "LLC-load-misses"
  /// How often the thread gave up or lost its CPU.
  case contextSwitches = "context-switches"
  /// How often the thread moved to another CPU.
  case cpuMigrations = "cpu-migrations"

  /// Whether the CPU's counters are needed, rather than the kernel's own.
  public var isHardware: Bool { self != .contextSwitches && self != .cpuMigrations }

  /// The highest kernel.perf_event_paranoid under which a user without privileges may count it.
  ///
  /// Hardware events are counted in user space alone, so that all machines count the same. Switches and migrations happen
  /// inside the kernel: leaving it out would count none of them, which is not the same as there being none.
  var highestParanoid: Int { isHardware ? 2 : 1 }

  /// The kernel's name of the event: type and config of `perf_event_attr`.
  var code: (type: UInt32, config: UInt64) {
    switch self {
    case .cycles: (PERF_TYPE_HARDWARE.rawValue, UInt64(PERF_COUNT_HW_CPU_CYCLES.rawValue))
    case .instructions: (PERF_TYPE_HARDWARE.rawValue, UInt64(PERF_COUNT_HW_INSTRUCTIONS.rawValue))
    case .cacheMisses: (PERF_TYPE_HARDWARE.rawValue, UInt64(PERF_COUNT_HW_CACHE_MISSES.rawValue))
    case .lastLevelLoadMisses:
      (
        PERF_TYPE_HW_CACHE.rawValue,
        UInt64(PERF_COUNT_HW_CACHE_LL.rawValue) | UInt64(PERF_COUNT_HW_CACHE_OP_READ.rawValue) << 8
          | UInt64(PERF_COUNT_HW_CACHE_RESULT_MISS.rawValue) << 16
      )
    case .contextSwitches: (PERF_TYPE_SOFTWARE.rawValue, UInt64(PERF_COUNT_SW_CONTEXT_SWITCHES.rawValue))
    case .cpuMigrations: (PERF_TYPE_SOFTWARE.rawValue, UInt64(PERF_COUNT_SW_CPU_MIGRATIONS.rawValue))
    }
  }
}
