/// Why a case of a peer has no measurement.
enum PeerFailure: Error, Sendable, CustomStringConvertible {
  /// The library does not compute such a layer, or not in this way: its row is skipped.
  case unsupported(String)
  /// The process could not be started.
  case start(String)
  /// The process ended by itself: how, and the last line that it wrote.
  case ended(String, lastLine: String?)
  /// The process did not answer in time, and was killed.
  case silent(seconds: Double)
  /// The library, or the process, reported a failure.
  case reported(String)
  /// The process has ended too often to be started again.
  case givenUp(times: Int)

  /// One sentence for the notes.
  var description: String {
    switch self {
    case .unsupported(let reason): reason
    case .start(let reason): "the library's process cannot be started: \(reason)"
    case .ended(let how, let line):
      "the library's process \(how)" + (line.map { ", its last words being '\($0)'" } ?? "")
    case .silent(let limit): "the library did not answer within \(seconds(limit)), and its process was killed"
    case .reported(let reason): reason
    case .givenUp(let times): "the library's process has ended \(times) times, and is not started again"
    }
  }
}
