import Testing

@testable import Harness

@Suite struct TimeLedgerTests {
  @Test func whatIsSpentInsideCountsOnce() throws {
    var now: UInt64 = 5_000_000_000
    let ledger = TimeLedger { now }
    func pass(_ seconds: UInt64) { now += seconds * 1_000_000_000 }
    pass(1)
    let result = ledger.spend(on: .verification) {
      pass(2)
      ledger.spend(on: .preparation) { pass(4) }
      pass(8)
      return 7
    }
    pass(16)
    #expect(result == 7)
    #expect(ledger.seconds == [.other: 17, .verification: 10, .preparation: 4])
    ledger.move(3e9, from: .verification, to: .timed)
    #expect(ledger.seconds[.verification] == 7 && ledger.seconds[.timed] == 3)
    // No more than there is.
    ledger.move(9e9, from: .preparation, to: .timed)
    #expect(ledger.seconds[.preparation] == 0 && ledger.seconds[.timed] == 7)
  }

  @Test func anErrorEndsItsPart() {
    struct Failure: Error {}
    var now: UInt64 = 0
    let ledger = TimeLedger { now }
    #expect(throws: Failure.self) {
      try ledger.spend(on: .writing) {
        now += 1_000_000_000
        throw Failure()
      }
    }
    now += 2_000_000_000
    #expect(ledger.seconds == [.writing: 1, .other: 2])
  }
}
