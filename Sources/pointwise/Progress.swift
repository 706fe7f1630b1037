import Dispatch
import Foundation
import Harness

/// What a run tells about itself on standard error: a line that is drawn anew on a terminal, a line now and then
/// elsewhere.
final class Progress {
  private let plan: Plan
  private let estimate: RunEstimate
  private let status: StatusLine
  private let started = monotonicSeconds()
  private var lastUpdate: Double
  private let visits: Int
  private var index = 0
  /// Visits that each layer has had.
  private var visited: [Int]
  private var groupStarted: Double
  private var finishedInGroup = 0
  private var hasBegun = false
  private var finished = 0

  /// Seconds between two updates: fast enough to look alive on a terminal, few enough for a log file elsewhere.
  private var interval: Double { status.isVisible ? 0.25 : 10 }

  /// Progress of a plan whose layers are measured in `visits`.
  init(_ plan: Plan, _ estimate: RunEstimate, _ status: StatusLine, visits: Int = 1) {
    self.visits = visits
    visited = Array(repeating: 0, count: plan.groups.count)
    self.plan = plan
    self.estimate = estimate
    self.status = status
    lastUpdate = started - 10
    groupStarted = started
  }

  /// Says what will be done, and how long it will take.
  func announce(_ suites: [Suite], _ folder: String) {
    let cases = Self.count(plan.caseCount, "case")
    let layers = Self.count(Set(plan.groups.map(\.entry)).count, "layer")
    status.print(
      "\(suites.map(\.name).joined(separator: ", ")): \(cases) on \(layers), about \(Self.duration(estimate.total)) if nothing else runs; "
        + "results in \(folder)")
  }

  /// A visit of a layer begins; the one before has ended.
  func begin(_ index: Int) {
    if hasBegun { visited[self.index] += 1 }
    hasBegun = true
    self.index = index
    groupStarted = monotonicSeconds()
    finishedInGroup = 0
    lastUpdate = min(lastUpdate, groupStarted - (status.isVisible ? interval : 0))
    update()
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
    update()
  }

  /// Some time has passed: to be called often, between samples and never during one.
  func update() {
    let now = monotonicSeconds()
    guard now - lastUpdate >= interval, plan.groups.indices.contains(index) else { return }
    lastUpdate = now
    let state = ProgressState(
      seconds: estimate.seconds, done: visited.map { Double($0) / Double(visits) }, index: index,
      share: Double(finishedInGroup) / Double(max(1, plan.groups[index].cases.count)), visits: visits,
      elapsed: now - started, elapsedInGroup: now - groupStarted)
    let layer = plan.groups[index].layer
    let name = plan.groups[index].entry.name.map { " \($0)" } ?? ""
    let running = "\(layer.descriptor) \(layer.layout.rawValue)\(name)"
    let percent = "\(Int(state.fraction * 100)) %"
    let left = "\(Self.duration(state.left)) left"
    if !status.isVisible {
      status.print("\(percent), \(finished) of \(plan.caseCount) cases, \(left), \(running)")
    } else if terminalWidth(STDERR_FILENO) >= 80 {
      status.show(
        "\(Self.bar(state.fraction)) \(percent), \(finished) of \(plan.caseCount) cases, \(left), \(running)")
    } else {
      status.show("\(percent), \(left), \(running)")
    }
  }

  /// All is done: the status goes.
  func end() { status.close() }

  private func remark(_ what: String, _ result: CaseResult, _ reason: String) {
    let layer = result.group.layer
    status.print(
      "\(what): \(result.item.variant), \(Self.count(result.item.threads, "thread")), "
        + "\(layer.descriptor) \(layer.layout.rawValue): \(reason)")
  }

  private static func bar(_ fraction: Double) -> String {
    let width = 20
    let filled = Int(fraction * Double(width))
    return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
  }

  private static func count(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

  /// A duration for people: seconds up to two minutes, then minutes, then hours and minutes.
  static func duration(_ seconds: Double) -> String {
    let whole = Int(min(max(0, seconds), 1e9).rounded(.up))
    if whole < 120 { return "\(whole) s" }
    let minutes = (whole + 59) / 60
    return minutes < 120 ? "\(minutes) min" : "\(minutes / 60) h \(minutes % 60) min"
  }
}

/// How far a run has come, by its estimate corrected by how that fared so far.
struct ProgressState {
  /// The part of the estimated time that is done, from 0 to 1.
  let fraction: Double
  /// Seconds that are left.
  let left: Double

  /// - Parameters:
  ///   - seconds: estimates of all groups.
  ///   - done: the part of each group's visits that have ended; nil if groups have one, and are measured in turn.
  ///   - index: the present group.
  ///   - share: the part of its cases that have ended in this visit.
  ///   - visits: visits of each group.
  ///   - elapsed: seconds since the run began.
  ///   - elapsedInGroup: seconds since the present visit began.
  init(
    seconds: [Double], done parts: [Double]? = nil, index: Int, share: Double, visits: Int = 1, elapsed: Double,
    elapsedInGroup: Double
  ) {
    let total = seconds.reduce(0, +)
    let parts = parts ?? seconds.indices.map { $0 < index ? 1 : 0 }
    let before = zip(seconds, parts).reduce(0) { $0 + $1.0 * $1.1 }
    let present = seconds[index] / Double(visits)
    // How much longer than estimated the groups before took; unknown until a second of them is past.
    let past = elapsed - elapsedInGroup
    let pace = past > 1 && before > 0 ? past / before : 1
    // All cases of a group are measured in the same rounds, so they end together: until then time has to tell.
    let byTime = min(0.95, elapsedInGroup / max(1e-3, present * pace))
    let done = before + max(share, byTime) * present
    fraction = total > 0 ? min(1, done / total) : 0
    left = max(0, total - done) * pace
  }
}

private func monotonicSeconds() -> Double { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }
