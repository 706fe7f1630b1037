import CPlatform
import Glibc

/// The system calls behind counters, so that a test can show another machine.
public struct CounterSystem: Sendable {
  /// Opens a counter of the calling thread; `group` is the descriptor of its group's leader, nil for a leader. A negative
  /// result is an errno.
  var open: @Sendable (_ event: PerformanceEvent, _ group: CInt?) -> CInt
  /// Reads the group of a leader: nr, time enabled, time running, and a value for each member. Gives the number of words,
  /// or a negative errno.
  var read: @Sendable (_ leader: CInt, _ words: UnsafeMutableBufferPointer<UInt64>) -> Int
  /// Closes a counter.
  var close: @Sendable (_ descriptor: CInt) -> Void
  /// The setting kernel.perf_event_paranoid; nil where it cannot be read.
  var paranoid: @Sendable () -> Int?

  /// Descriptors that counters leave to the rest of the program.
  ///
  /// A machine of 128 CPUs asks for hundreds of counters, which may be all that a process can open. Results could then not
  /// be written.
  private static let reserve: UInt = 64

  /// This system.
  public static let current = CounterSystem(
    open: { event, group in
      let (type, config) = event.code
      let descriptor = platform_open_counter(type, config, event.isHardware ? 1 : 0, group ?? -1)
      if descriptor < 0 { return descriptor }
      // The lowest free number is taken, so a high one says that few are left.
      var limit = rlimit()
      if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur > 0,
        UInt(descriptor) + reserve >= UInt(limit.rlim_cur)
      {
        Glibc.close(descriptor)
        return -EMFILE
      }
      return descriptor
    },
    read: { leader, words in platform_read_counters(leader, words.baseAddress, words.count) },
    close: { Glibc.close($0) },
    paranoid: {
      guard let file = fopen("/proc/sys/kernel/perf_event_paranoid", "re") else { return nil }
      defer { fclose(file) }
      var text = [CChar](repeating: 0, count: 32)
      guard fgets(&text, CInt(text.count), file) != nil else { return nil }
      return Int(String(decoding: text.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    })
}
