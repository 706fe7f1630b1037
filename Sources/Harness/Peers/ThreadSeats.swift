#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif
import CPlatform
import Teams

/// Gives each thread of a library that computes a CPU of its own.
///
/// All of them are confined to the case's CPUs from the start: they inherit the mask of the thread that loads the library.
/// OpenMP libraries bind their threads themselves, as the environment tells them. Others leave them anywhere on these CPUs,
/// where the scheduler may put two on one; they are bound here. Libraries that start threads for each call cannot be
/// helped so, and must not be: their threads would inherit the one CPU of a calling thread that is bound. With them
/// nothing is bound.
struct ThreadSeats {
  /// The CPUs, the first of which is the calling thread's; none to leave every thread where it is.
  let cpus: [Int]
  /// Whether threads besides the calling one compute, and each has a CPU of its own.
  private(set) var areTaken = false
  /// Threads that compute and have no CPU of their own.
  private(set) var unseated = 0

  /// Executions after which threads are looked at, at most, and for how long.
  private static let executions = 20
  private static let nanoseconds: UInt64 = 5_000_000

  /// Executes for some milliseconds, and seats the threads that computed. Other threads of the library, such as those of
  /// another operation, may sit on the same CPUs: they have nothing to do meanwhile.
  init(cpus: [Int], _ team: any Team, _ execute: @escaping @Sendable () -> Void) {
    self.cpus = cpus
    let before = ThreadWatch.current()
    let start = monotonicNanoseconds()
    var count = 0
    repeat {
      _ = team.run(warmUp: 0, iterations: 1) { _ in execute() }
      count += 1
    } while count < Self.executions && monotonicNanoseconds() - start < Self.nanoseconds
    if cpus.isEmpty { return }
    let own = platform_thread_id()
    var free = cpus.dropFirst()
    for thread in ThreadWatch.current().busy(since: before) where thread != own {
      let mask = ThreadSeat.mask(of: thread) ?? []
      if mask.count == 1, let index = free.firstIndex(of: mask[0]) {
        free.remove(at: index)
        areTaken = true
      } else if let cpu = free.first, ThreadSeat.bind(thread, to: [cpu]), ThreadSeat.mask(of: thread) == [cpu] {
        free.removeFirst()
        areTaken = true
      } else {
        unseated += 1
      }
    }
  }

  /// Binds the calling thread to its CPU, if it is alone or the other threads have theirs.
  func sit() { if cpus.count == 1 || areTaken { _ = ThreadSeat.bind(0, to: [cpus[0]]) } }

  /// Lets the calling thread go anywhere on the case's CPUs: threads that a library starts while it prepares a layer
  /// inherit the mask of their maker.
  func rise() { if !cpus.isEmpty { _ = ThreadSeat.bind(0, to: cpus) } }
}
