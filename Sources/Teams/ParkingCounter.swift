import CPlatform
import Synchronization

/// A counter that threads wait for: they spin first, and then sleep until it changes.
///
/// Spinning answers within a cache-line transfer, sleeping takes no CPU from others: who waits for long, or needs the
/// very CPU that the awaited thread would run on, must sleep. Whoever moves the counter on makes a system call only if
/// somebody sleeps.
///
/// No wake-up is lost: a waiter says that it sleeps before it looks at the counter for the last time, and the one who
/// moves it on looks for sleepers after that, both sequentially consistent: one of them sees the other. And the kernel
/// lets nobody fall asleep on a value that has gone by.
struct ParkingCounter: ~Copyable, Sendable {
  /// The counter and the number of those who sleep, each on cache lines of its own: the releaser reads the second while
  /// others spin on the first.
  private let counters = PaddedCounters(count: 2)
  private static let value = 0
  private static let sleepers = 1

  /// Between two looks at the clock while spinning.
  private static let spinsPerLook = 256

  /// Reads the counter; what its writer wrote before is visible after.
  @inline(__always)
  var value: UInt64 { counters.load(Self.value) }

  /// Starts again from 0. Nobody may be waiting.
  func reset() { counters.store(0, at: Self.value) }

  /// Adds 1; what was written before is visible to those who wait for it.
  @inline(__always)
  func increment() {
    counters.increment(Self.value)
    if counters.load(Self.sleepers) > 0 { platform_futex_wake(counters.address(Self.value)) }
  }

  /// Waits until the counter is at least `target`, spinning for `spinNanoseconds` at most.
  @inline(__always)
  func wait(for target: UInt64, spinNanoseconds: UInt64) {
    if value >= target { return }
    if spinNanoseconds > 0, spin(for: target, spinNanoseconds) { return }
    sleep(for: target)
  }

  /// Spins; whether the counter got there in time.
  private func spin(for target: UInt64, _ nanoseconds: UInt64) -> Bool {
    let start = platform_now()
    repeat {
      for _ in 0..<Self.spinsPerLook {
        if value >= target { return true }
        platform_pause()
      }
    } while platform_now() - start < nanoseconds
    return false
  }

  private func sleep(for target: UInt64) {
    counters.increment(Self.sleepers)
    while true {
      let present = value
      if present >= target { break }
      platform_futex_wait(counters.address(Self.value), UInt32(truncatingIfNeeded: present))
    }
    counters.decrement(Self.sleepers)
  }
}
