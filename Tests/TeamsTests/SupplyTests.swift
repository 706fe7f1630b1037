import Glibc
import Testing

@testable import Teams

/// Threads and files are asked for before they are needed, and none is kept.
@Suite struct SupplyTests {
  @Test func threadsAreMadeAndEnded() throws {
    try ThreadSupply.require(0)
    try ThreadSupply.require(40)
  }

  @Test func fewerThreadsAreAnError() throws {
    let error = #expect(throws: ThreadSupply.Shortage.self) { try ThreadSupply.require(5, limit: 3) }
    #expect(error == .init(available: 3, wanted: 5, code: EAGAIN))
    #expect(error?.description.contains("3 more threads") == true && error?.description.contains("5 are") == true)
  }
}
