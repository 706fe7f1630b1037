import Dispatch
import Foundation
import Synchronization

/// Turns SIGINT and SIGTERM into a flag that a run looks at between samples. The second signal ends the process at once.
final class Interruption {
  private let received = Flag()
  private var sources: [any DispatchSourceSignal] = []

  /// The number of the first signal, or 0.
  private final class Flag: Sendable {
    let signal = Atomic<CInt>(0)
  }

  /// Starts to listen.
  init() {
    for number in [SIGINT, SIGTERM] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { [received] in
        if received.signal.exchange(number, ordering: .relaxed) == 0 {
          printToStandardError("\nInterrupted: finishing the present sample and writing what was measured …")
        } else {
          _exit(128 + number)
        }
      }
      source.resume()
      sources.append(source)
    }
  }

  /// Whether a signal has arrived.
  var isRequested: Bool { received.signal.load(ordering: .relaxed) != 0 }

  /// 130 after SIGINT, 143 after SIGTERM, as shells have them.
  var exitCode: Int32 { 128 + received.signal.load(ordering: .relaxed) }
}
