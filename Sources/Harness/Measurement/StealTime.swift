#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif
import Foundation

/// The time that a hypervisor has run something else while CPUs of this machine wanted to run, from /proc/stat.
///
/// The kernel counts it in ticks of 10 ms as a rule, so it is read once a round rather than once a sample.
struct StealTime {
  private let text: () -> String?
  private let nanosecondsPerTick: Int64

  /// Reads /proc/stat.
  init() {
    let ticks = sysconf(CInt(_SC_CLK_TCK))
    self.init(nanosecondsPerTick: ticks > 0 ? 1_000_000_000 / Int64(ticks) : 10_000_000) {
      try? String(contentsOfFile: "/proc/stat", encoding: .utf8)
    }
  }

  /// Reads what `text` gives, in the form of /proc/stat.
  init(nanosecondsPerTick: Int64, text: @escaping () -> String?) {
    self.nanosecondsPerTick = nanosecondsPerTick
    self.text = text
  }

  /// Nanoseconds stolen so far from each CPU; empty where the kernel does not say.
  func perCPU() -> [Int: Int64] {
    var stolen: [Int: Int64] = [:]
    for line in (text() ?? "").split(separator: "\n") where line.hasPrefix("cpu") {
      let fields = line.split(separator: " ")
      // cpuN user nice system idle iowait irq softirq steal …
      guard fields.count > 8, let cpu = Int(fields[0].dropFirst(3)), let ticks = Int64(fields[8]) else { continue }
      stolen[cpu] = ticks * nanosecondsPerTick
    }
    return stolen
  }
}
