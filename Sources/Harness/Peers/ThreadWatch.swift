#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif
import CPlatform
import Topology

/// All threads of this process, as the kernel's accounts have them: a library's threads cannot be asked themselves.
struct ThreadWatch {
  /// What the kernel has noted of one thread so far.
  struct Account {
    /// Nanoseconds on a CPU.
    var computed: Int64
    /// Nanoseconds that it was ready to run, but waited.
    var waited: Int64
    /// How often it lost its CPU; nil where the kernel does not say.
    var switches: Int64?
    /// The CPU that it was last on; nil where the kernel does not say.
    var cpu: Int?
  }

  /// The accounts by the kernel's number of the thread. Empty where the kernel does not tell.
  let accounts: [pid_t: Account]

  /// Reads /proc/self/task: some tens of microseconds a thread.
  static func current() -> ThreadWatch {
    var accounts: [pid_t: Account] = [:]
    guard let folder = opendir("/proc/self/task") else { return ThreadWatch(accounts: [:]) }
    defer { closedir(folder) }
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard let thread = pid_t(name), let schedule = text("/proc/self/task/\(name)/schedstat") else { continue }
      let times = schedule.split(whereSeparator: \.isWhitespace)
      // The first number is the time on a CPU too, but of a thread that is running as of its last tick, milliseconds ago.
      let computed = platform_cpu_time_of(thread)
      guard times.count >= 2, computed >= 0, let waited = Int64(times[1]) else { continue }
      var account = Account(computed: computed, waited: waited)
      for line in (text("/proc/self/task/\(name)/status") ?? "").split(separator: "\n")
      where line.hasPrefix("nonvoluntary_ctxt_switches:") {
        account.switches = line.split(whereSeparator: \.isWhitespace).last.flatMap { Int64($0) }
      }
      // The name, in parentheses, may hold spaces; the CPU is the 37th field after it.
      if let stat = text("/proc/self/task/\(name)/stat"), let end = stat.lastIndex(of: ")") {
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        if fields.count > 36 { account.cpu = Int(fields[36]) }
      }
      accounts[thread] = account
    }
    return ThreadWatch(accounts: accounts)
  }

  /// The threads that computed since `before` for more than a twentieth of what the busiest did: the others were asleep,
  /// or only woke up to see that there was nothing to do.
  func busy(since before: ThreadWatch) -> [pid_t] {
    let times = accounts.mapValues(\.computed).merging(before.accounts.mapValues { -$0.computed }) { $0 + $1 }
    let most = times.values.max() ?? 0
    return times.filter { $0.value > 0 && $0.value * 20 > most && accounts[$0.key] != nil }.map(\.key).sorted()
  }

  /// What became of `threads` since `before`. There is no burst in it.
  func evidence(of threads: [pid_t], since before: ThreadWatch) -> Evidence {
    var evidence = Evidence(peak: 0, burstNanoseconds: 0, clockGHz: 0)
    func sum(_ value: (Account) -> Int64?) -> Int64? {
      var total: Int64 = 0
      for thread in threads {
        // A thread that was born meanwhile has all that it has from this sample.
        guard let new = accounts[thread].flatMap(value) else { return nil }
        total += new - (before.accounts[thread].flatMap(value) ?? 0)
      }
      return threads.isEmpty ? nil : total
    }
    evidence.runDelay = sum(\.waited)
    evidence.involuntarySwitches = sum(\.switches)
    evidence.migrations = sum { $0.cpu == nil ? nil : 0 }.map { _ in
      Int64(threads.count { before.accounts[$0] != nil && before.accounts[$0]?.cpu != accounts[$0]?.cpu })
    }
    evidence.cpus = Set(threads.compactMap { accounts[$0]?.cpu }).sorted()
    evidence.threadsSleep = true
    return evidence
  }

  /// A file of the kernel's, up to 4 KiB.
  private static func text(_ path: String) -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    return withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
      let count = read(file, buffer.baseAddress, buffer.count)
      return count > 0 ? String(decoding: UnsafeRawBufferPointer(rebasing: buffer[..<count]), as: UTF8.self) : nil
    }
  }
}

/// The affinity masks of single threads of this process.
enum ThreadSeat {
  /// Binds a thread, 0 being the calling one, to `cpus`. Returns whether the kernel took it.
  static func bind(_ thread: pid_t, to cpus: [Int]) -> Bool {
    guard let last = cpus.max() else { return false }
    var mask = [UInt](repeating: 0, count: last / UInt.bitWidth + 1)
    for cpu in cpus { mask[cpu / UInt.bitWidth] |= 1 << UInt(cpu % UInt.bitWidth) }
    return platform_set_affinity(thread, mask, mask.count) == 0
  }

  /// The CPUs that a thread is bound to; nil if the kernel does not say.
  static func mask(of thread: pid_t) -> [Int]? {
    var mask = [UInt](repeating: 0, count: 256)
    let bytes = platform_get_affinity(thread, &mask, mask.count)
    guard bytes > 0 else { return nil }
    return (0..<Int(bytes) * 8).filter { mask[$0 / UInt.bitWidth] >> UInt($0 % UInt.bitWidth) & 1 == 1 }
  }
}
