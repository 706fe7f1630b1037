import Kernels
import Teams

/// A case on its way from the check to the last round.
final class MeasuredCase: Sampler {
  let item: Case
  var verification = Verification()
  /// What computes it; nil between visits.
  private(set) var subject: (any Subject)?
  /// Why the case ended without a measurement; nil while it has not.
  private(set) var failure: CaseResult.Outcome?
  /// The digest of an output that was compared with the reference and is right.
  var rightOutput: OutputDigest?

  // What earlier subjects told, which were let go.
  private var division: Division?
  private var prepareNanoseconds: UInt64?
  private var remarks: [String] = []
  private var strayCPUs: [Int]?
  private var heldCounterFailures: [CounterFailure] = []
  private var heldPages: PageSurvey?

  /// A case that `subject` computes in the first visit.
  init(_ item: Case, _ subject: any Subject, _ settings: RunSettings) {
    self.item = item
    self.subject = subject
    super.init(subject, settings.stopRule, visits: settings.visits)
  }

  /// Does something with the subject. A peer's failure ends this case, and no other.
  func attempt(_ body: (any Subject) throws -> Void) throws {
    guard let subject else { preconditionFailure("a case is computed during a visit") }
    do { try body(subject) } catch let error as PeerFailure { failure = error.outcome }
  }

  /// Begins the next visit, in which `subject` computes it.
  func beginVisit(with subject: any Subject) throws {
    self.subject = subject
    try attempt { try beginVisit($0) }
  }

  /// Remembers what the subject has to tell, and lets go of it with all its memory.
  override func endVisit() {
    remember()
    subject = nil
    super.endVisit()
  }

  private func remember() {
    guard let subject else { return }
    division = subject.division
    // Packing is timed once, when the case is checked.
    prepareNanoseconds = prepareNanoseconds ?? subject.prepareNanoseconds
    remarks = subject.remarks
    if let stray = subject.strayCPUs { strayCPUs = Set((strayCPUs ?? []) + stray).sorted() }
    heldCounterFailures = subject.counterFailures
    // Between visits there are no pages to look at; if these cannot be looked at, the last visit will say so.
    heldPages = (try? subject.pages()) ?? heldPages
  }

  /// Why events that the machine can count were not counted.
  var counterFailures: [CounterFailure] { subject?.counterFailures ?? heldCounterFailures }

  /// Where the pages lie that it reads and writes, or lay in the last visit.
  func pages() throws -> PageSurvey? { try subject.map { try $0.pages() } ?? heldPages }

  /// The result of a case that ends as `outcome`.
  func result(_ group: CaseGroup, _ outcome: CaseResult.Outcome, pages: PageSurvey? = nil) -> CaseResult {
    remember()
    return CaseResult(
      group: group, item: item, division: division, outcome: outcome,
      verification: failure == nil ? verification : nil, prepareNanoseconds: prepareNanoseconds, pages: pages,
      remarks: remarks, strayCPUs: strayCPUs)
  }
}

extension PeerFailure {
  /// What becomes of a case that met it.
  fileprivate var outcome: CaseResult.Outcome {
    switch self {
    case .unsupported(let reason): .skipped(reason)
    case .start, .ended, .silent, .reported, .givenUp: .failed(description)
    }
  }
}
