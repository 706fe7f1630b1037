import Dispatch
import Glibc

/// Whether the system gives the process the threads that it will need.
///
/// Dispatch does not say that it got no thread: it sleeps and tries again, for ever, wherever a block is submitted. So
/// whoever is about to use it asks the system first.
public enum ThreadSupply {
  /// Fewer threads than were asked for.
  public struct Shortage: Error, Sendable, Hashable, CustomStringConvertible {
    /// How many more there were.
    public var available: Int
    /// How many more were asked for.
    public var wanted: Int
    /// The errno of the first that could not be made.
    public var code: Int32

    /// One sentence with the numbers and the system's reason.
    public var description: String {
      "the system gives this process \(available) more threads (\(String(cString: strerror(code)))), but \(wanted) are "
        + "needed; expected fewer threads, or a higher limit of processes or memory (ulimit -u, ulimit -v, pids.max)"
    }
  }

  /// Makes `count` threads that live at the same time, and ends them again. It takes about 20 µs a thread.
  ///
  /// What it finds is true of that moment: other processes of the same user count against the same limit.
  ///
  /// - Throws: ``Shortage`` if the system refuses one of them. No thread is left behind.
  public static func require(_ count: Int) throws(Shortage) { try require(count, limit: count) }

  /// - Parameter limit: threads that the system provides, for tests: the next one fails as it would with too many.
  static func require(_ count: Int, limit: Int) throws(Shortage) {
    let ends = DispatchSemaphore(value: 0)
    var threads: [pthread_t] = []
    defer {
      for _ in threads { ends.signal() }
      for thread in threads { pthread_join(thread, nil) }
    }
    while threads.count < count {
      do throws(ThreadBody.Failure) {
        if threads.count == limit { throw ThreadBody.Failure(code: EAGAIN) }
        threads.append(try ThreadBody { ends.wait() }.start())
      } catch {
        throw Shortage(available: threads.count, wanted: count, code: error.code)
      }
    }
  }
}
