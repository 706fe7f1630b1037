import Foundation
import Synchronization

/// Turns signals into a flag that a run looks at between samples. The second signal ends the process at once.
///
/// A thread of its own waits for the signals, so it hears them whatever the other threads do, and may print. Make the
/// object before any other thread: threads inherit the mask that keeps the signals for this one.
final class Interruption: Sendable {
  private let received = Atomic<CInt>(0)

  /// How long after the first signal another one is taken for the same: `timeout`, for one, sends it to the process and
  /// then to its whole group.
  private static let sameSignal = Duration.milliseconds(500)

  /// Starts to listen to SIGINT, SIGTERM and SIGHUP, but not to SIGHUP where `nohup` has it ignored.
  ///
  /// - Parameters:
  ///   - status: where the first signal is acknowledged.
  ///   - promise: what happens after it, for people: "finishing the present sample …".
  init(_ status: StatusLine, promise: String) {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    var hangUp = sigaction()
    sigaction(SIGHUP, nil, &hangUp)
    if unsafeBitCast(hangUp.__sigaction_handler.sa_handler, to: Int.self) != unsafeBitCast(SIG_IGN, to: Int.self) {
      sigaddset(&signals, SIGHUP)
    }
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    let thread = Thread { [self, signals] in
      var signals = signals
      var first: ContinuousClock.Instant?
      var number: CInt = 0
      while sigwait(&signals, &number) == 0 {
        if let first {
          if first.duration(to: .now) > Self.sameSignal { _exit(128 + number) }
        } else {
          first = .now
          received.store(number, ordering: .releasing)
          status.close("Interrupted: \(promise) (once more to stop at once)")
        }
      }
    }
    thread.name = "signals"
    thread.start()
  }

  /// Whether a signal has arrived.
  var isRequested: Bool { received.load(ordering: .acquiring) != 0 }

  /// 130 after SIGINT, 143 after SIGTERM and 129 after SIGHUP, as shells have them.
  var exitCode: Int32 { 128 + received.load(ordering: .acquiring) }
}
