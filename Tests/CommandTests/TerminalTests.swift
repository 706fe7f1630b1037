import Foundation
import Testing

@testable import pointwise

/// The progress line on a terminal.
@Suite struct TerminalTests {
  /// TIOCSPTLCK and TIOCGPTN of ioctl_tty(2), whose macros Swift does not import.
  private static let setLock: UInt = 0x4004_5431
  private static let getNumber: UInt = 0x8004_5430

  /// Runs with standard error on a terminal of `columns`; what arrived there.
  private func screen(columns: UInt16, terminal: String?, interrupting: Bool) throws -> (text: String, code: Int32) {
    // Linux's own calls: Glibc's module has neither posix_openpt nor openpty.
    let primary = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    var (locked, number): (CInt, CUnsignedInt) = (0, 0)
    #expect(ioctl(primary, Self.setLock, &locked) == 0 && ioctl(primary, Self.getNumber, &number) == 0)
    let secondary = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
    var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    #expect(ioctl(secondary, UInt(TIOCSWINSZ), &size) == 0)
    let folder = try TemporaryFolder()
    let command = try Command(
      [
        "run", "tiny.yaml", "--kernel", "naive,simd", "--threads", "1", "--precision", "1e-9", "--max-time", "0.2",
        "--output", "R",
      ], in: folder, environment: ["TERM": terminal],
      standardError: FileHandle(fileDescriptor: secondary, closeOnDealloc: false))
    if interrupting {
      #expect(command.waits { folder.completeLines("R/results.csv") > 1 })
      kill(command.process.processIdentifier, SIGINT)
    }
    let result = try command.wait()
    close(secondary)
    // A terminal buffers 4 KiB at least, which is more than a run of a second prints.
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(primary, &buffer, buffer.count)
      if count <= 0 { break }
      bytes += buffer[..<count]
    }
    close(primary)
    return (String(decoding: bytes, as: UTF8.self), result.code)
  }

  /// `text` without what the run took, a line of its own that stays.
  private func withoutCosts(_ text: String) -> String { text.replacing(/Time: .*\R/, with: "") }

  /// What is drawn between carriage returns and line ends.
  private func pieces(_ text: String) -> [Substring] {
    text.replacing("\u{1B}[K", with: "").split { $0.isNewline || $0 == "\r" }
  }

  @Test(arguments: [20, 40, 100] as [UInt16]) func theLineFitsAndGoes(columns: UInt16) throws {
    let (all, code) = try screen(columns: columns, terminal: "xterm", interrupting: false)
    #expect(code == 0, "\(all)")
    let text = withoutCosts(all)
    #expect(text != all, "\(all)")
    // What the check of the machine found are lines of their own, which stay.
    let status = pieces(text).filter { $0.contains("%") && !$0.hasPrefix("Check: ") }
    #expect(status.count >= 2, "\(text)")
    for line in status { #expect(line.count < Int(columns), "\(line)") }
    // Nothing of it stays at the end.
    #expect(text.hasSuffix("\r\u{1B}[K"), "\(text.debugDescription.suffix(200))")
    #expect(columns < 80 || status.contains { $0.contains("█") })
  }

  @Test func anInterruptionLeavesACleanLine() throws {
    let (text, code) = try screen(columns: 60, terminal: "xterm", interrupting: true)
    #expect(code == 130, "\(text)")
    let end = try #require(text.range(of: "\r\u{1B}[KInterrupted: "), "\(text.debugDescription)")
    #expect(!withoutCosts(String(text[end.upperBound...])).contains("%"), "\(text.debugDescription)")
  }

  @Test(arguments: [nil, "dumb", ""]) func aTerminalThatCannotEraseGetsLines(terminal: String?) throws {
    let (text, code) = try screen(columns: 80, terminal: terminal, interrupting: false)
    #expect(code == 0 && !text.contains("\u{1B}") && text.contains(" left, "), "\(text.debugDescription)")
  }

  @Test(arguments: [
    ("abc", 3, "abc"), ("abcd", 3, "ab…"), ("abc", 1, "…"), ("abc", 0, ""), ("日本語", 6, "日本語"), ("日本語", 5, "日本…"),
    ("日本語", 4, "日…"), ("", 0, ""),
  ]) func textIsCut(text: String, width: Int, expected: String) {
    #expect(cut(text, toWidth: width) == expected)
  }

  @Test(arguments: [
    (0.0, "0 s"), (0.2, "1 s"), (119.0, "119 s"), (119.5, "2 min"), (121, "3 min"), (7199, "2 h 0 min"),
    (9000, "2 h 30 min"), (.infinity, "277777 h 47 min"), (-5, "0 s"),
  ]) func durations(seconds: Double, text: String) {
    #expect(Progress.duration(seconds) == text)
  }

  @Test func timeLeftFollowsHowItWent() {
    // Nothing is known yet: the estimate stands.
    let start = ProgressState(seconds: [10, 10], index: 0, share: 0, elapsed: 0, elapsedInGroup: 0)
    #expect(start.fraction == 0 && start.left == 20)
    // The first group took twice its estimate, so the second will.
    let second = ProgressState(seconds: [10, 10], index: 1, share: 0, elapsed: 20, elapsedInGroup: 0)
    #expect(second.fraction == 0.5 && second.left == 20)
    // A quarter of it is past by time, though no case has ended.
    let later = ProgressState(seconds: [10, 10], index: 1, share: 0, elapsed: 25, elapsedInGroup: 5)
    #expect(later.fraction == 0.625 && later.left == 15)
    // More than estimated: not done before it is.
    let late = ProgressState(seconds: [10, 10], index: 1, share: 0.5, elapsed: 120, elapsedInGroup: 100)
    #expect(late.fraction < 1 && late.left > 0)
    let empty = ProgressState(seconds: [0], index: 0, share: 0, elapsed: 0, elapsedInGroup: 0)
    #expect(empty.fraction == 0 && empty.left == 0)
  }
}
