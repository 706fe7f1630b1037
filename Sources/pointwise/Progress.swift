import Foundation
import Harness

/// What a run tells about itself on standard error: one line that is drawn anew on a terminal, a line now and then
/// elsewhere.
final class Progress {
  private let plan: Plan
  private let estimate: RunEstimate
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let started = DispatchTime.now()
  private var lastLine = DispatchTime(uptimeNanoseconds: 0)
  private var index = 0
  private var group: CaseGroup?
  private var finishedInGroup = 0
  private var finished = 0

  /// Seconds between two lines where standard error is not a terminal.
  private static let interval = 10.0

  init(_ plan: Plan, _ estimate: RunEstimate) {
    self.plan = plan
    self.estimate = estimate
  }

  /// Says what will be done, and how long it will take.
  func announce(_ suites: [Suite], _ folder: String) {
    let layers = plan.groups.count
    printToStandardError(
      """
      \(suites.map(\.name).joined(separator: ", ")): \(plan.caseCount) cases on \(layers) layers and layouts, \
      about \(Self.duration(estimate.total)); results in \(folder)
      """)
  }

  /// A layer begins.
  func begin(_ index: Int, _ group: CaseGroup) {
    self.index = index
    self.group = group
    finishedInGroup = 0
    draw()
  }

  /// A case has ended.
  func finish(_ result: CaseResult) {
    finished += 1
    finishedInGroup += 1
    switch result.outcome {
    case .skipped(let reason): remark("skipped", result, reason)
    case .failed(let reason): remark("failed", result, reason)
    case .incorrect: remark("INCORRECT", result, result.verification?.failure ?? "it differs from the reference")
    case .measured: break
    }
    draw()
  }

  /// All is done: the terminal's line goes.
  func end() { if isTerminal { write("\r\u{1B}[K") } }

  private func remark(_ what: String, _ result: CaseResult, _ reason: String) {
    if isTerminal { write("\r\u{1B}[K") }
    printToStandardError(
      "\(what): \(result.item.variant), \(result.item.threads) threads, \(result.group.layer.descriptor) "
        + "\(result.group.layer.layout.rawValue): \(reason)")
  }

  private func draw() {
    guard let group else { return }
    let now = DispatchTime.now()
    let elapsed = Double(now.uptimeNanoseconds - started.uptimeNanoseconds) * 1e-9
    if !isTerminal && Double(now.uptimeNanoseconds - lastLine.uptimeNanoseconds) * 1e-9 < Self.interval { return }
    lastLine = now
    // The estimate, corrected by how it fared so far.
    let share = group.cases.isEmpty ? 0 : Double(finishedInGroup) / Double(group.cases.count)
    let done = estimate.seconds[..<index].reduce(0, +) + share * estimate.seconds[index]
    let pace = done > 1 ? elapsed / done : 1
    let left = max(0, estimate.total - done) * pace
    let fraction = estimate.total > 0 ? done / estimate.total : 0
    let text =
      "\(Int(fraction * 100)) %, \(finished) of \(plan.caseCount) cases, \(Self.duration(left)) left, "
      + "\(group.layer.descriptor) \(group.layer.layout.rawValue)"
    if isTerminal {
      let width = 20
      let filled = Int(fraction * Double(width))
      let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
      write("\r\u{1B}[K\(bar) \(text)")
    } else {
      printToStandardError(text)
    }
  }

  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }

  /// A duration for people: seconds up to two minutes, then minutes.
  static func duration(_ seconds: Double) -> String {
    seconds < 120 ? "\(Int(seconds.rounded(.up))) s" : "\(Int((seconds / 60).rounded(.up))) min"
  }
}
