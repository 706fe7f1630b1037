import Foundation
import Reports
import Synchronization

/// The last line of a terminal, drawn anew as often as its text changes, on standard error.
///
/// Whatever else is printed goes through it, so that lines and status do not mix; two threads may print at once. Where
/// standard error is not a terminal, or one that cannot erase a line, there is no status.
final class StatusLine: Sendable {
  /// Whether there is a status.
  let isVisible: Bool

  private struct State {
    /// What is drawn.
    var drawn = ""
    var isClosed = false
  }

  private let state = Mutex(State())

  /// Returns to the line's start and erases it (ECMA-48: CR, EL).
  private static let erase = "\r\u{1B}[K"

  /// A status line on standard error.
  init() {
    let terminal = ProcessInfo.processInfo.environment["TERM"] ?? ""
    isVisible = isatty(STDERR_FILENO) == 1 && !terminal.isEmpty && terminal != "dumb"
  }

  /// Shows `text`, cut to what the terminal's width holds, so that it does not wrap: a wrapped line cannot be erased.
  func show(_ text: String) {
    state.withLock { state in
      if !isVisible || state.isClosed { return }
      // The last column stays free: some terminals wrap when it is filled.
      let line = cut(text, toWidth: terminalWidth(STDERR_FILENO) - 1)
      if line == state.drawn { return }
      state.drawn = line
      writeRaw(Self.erase + line)
    }
  }

  /// Prints a line above the status.
  func print(_ line: String) {
    state.withLock { state in
      writeRaw(state.drawn.isEmpty ? line + "\n" : Self.erase + line + "\n" + state.drawn)
    }
  }

  /// Erases the status for good, and prints a last line. What is printed later stands below it.
  func close(_ line: String? = nil) {
    state.withLock { state in
      // Ctrl-C leaves "^C" in the line even where no status is.
      let start = isVisible && !(state.drawn.isEmpty && line == nil) ? Self.erase : ""
      state.drawn = ""
      state.isClosed = true
      writeRaw(start + (line.map { $0 + "\n" } ?? ""))
    }
  }

  private func writeRaw(_ text: String) {
    if text.isEmpty { return }
    // One write, so that nothing comes between its parts. If it fails, there is nobody to tell.
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Foundation.write(STDERR_FILENO, $0.baseAddress, $0.count) }
      if count < 0 && errno != EINTR { return }
      bytes = bytes.dropFirst(max(0, count))
    }
  }
}

/// The columns of the terminal behind a descriptor: 80 if it does not say.
func terminalWidth(_ descriptor: CInt) -> Int {
  var size = winsize()
  guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
  return Int(size.ws_col)
}

/// The beginning of `text` that fits in `width` columns, with an ellipsis where something was cut.
func cut(_ text: String, toWidth width: Int) -> String {
  if displayWidth(text) <= width { return text }
  var result = ""
  var left = width - 1
  for character in text {
    left -= displayWidth(String(character))
    if left < 0 { break }
    result.append(character)
  }
  return width >= 1 ? result + "…" : ""
}
