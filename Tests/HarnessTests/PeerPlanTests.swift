import Foundation
import Layers
import Peers
import Teams
import Testing

@testable import Harness

/// Peers in plans, and the evidence of their threads.
@Suite struct PeerPlanTests {
  private func peer(blocks: Bool, forced: Bool = false) -> PeerKernel {
    PeerKernel(
      library: PeerLibrary(
        location: PeerLocation(kind: .openblas, path: "/a.so"),
        forced: forced ? .init(name: "SkylakeX", variable: "OPENBLAS_CORETYPE", value: "SkylakeX") : nil,
        version: "0.3.1",
        instructionSet: forced ? "SkylakeX" : nil, methods: ["openblas.sgemm"],
        blockMethods: blocks ? ["openblas.sgemm"] : [], ownLayoutMethods: []),
      method: "openblas.sgemm", probeISA: .portable)
  }

  private func variants(_ peer: PeerKernel, select: (inout Selection) -> Void = { _ in }) throws -> [String] {
    let folder = try TemporaryFolder()
    var selection = Selection()
    selection.kernels = ["naive"]
    selection.isas = [.portable]
    selection.peers = [peer]
    select(&selection)
    return try Plan(
      suites: [try folder.suite("layers:\n  - mb4ic32oc10")], selection: selection, machine: try Examples.eightCores(),
      catalog: Catalog.current(), availableMemory: nil
    ).groups.flatMap(\.cases).filter { if case .peer = $0.contender { true } else { false } }
      .map { "\($0.variant) \($0.threads)" }
  }

  @Test func librariesRunInBothWays() throws {
    #expect(
      try variants(peer(blocks: true)) == [
        "openblas.sgemm-native-none-library 1", "openblas.sgemm-native-none-library 8",
        "openblas.sgemm-native-channels-dispatch 8", "openblas.sgemm-native-pixels-dispatch 8",
      ])
    #expect(
      try variants(peer(blocks: false, forced: true)) == [
        "openblas.sgemm+SkylakeX-avx512-none-library 1", "openblas.sgemm+SkylakeX-avx512-none-library 8",
      ])
  }

  @Test func teamsAndSplitsAreChosen() throws {
    #expect(try variants(peer(blocks: true)) { $0.teams = [.dispatchApply] } == [])
    #expect(
      try variants(peer(blocks: true)) {
        $0.teams = [.dispatch]
        $0.splits = [.pixels]
      } == ["openblas.sgemm-native-pixels-dispatch 8"])
    // No kernel has that team.
    let error = #expect(throws: PlanError.self) {
      try variants(peer(blocks: true)) {
        $0.teams = [.library]
        $0.peers = []
      }
    }
    #expect(error?.description.contains("--team 'library'") ?? false && error?.isUsage ?? false)
  }

  /// Waking from sleep is waiting too; it is the library's own doing unless a thread also lost its CPU.
  @Test func wakingIsNoDisturbance() {
    var evidence = Evidence(peak: 1, burstNanoseconds: 1, clockGHz: 1)
    evidence.runDelay = 10_000
    evidence.involuntarySwitches = 0
    #expect(Taint.of(evidence, nanoseconds: 1e6, best: 1) == [.descheduled])
    evidence.threadsSleep = true
    #expect(Taint.of(evidence, nanoseconds: 1e6, best: 1) == [])
    evidence.involuntarySwitches = 1
    #expect(Taint.of(evidence, nanoseconds: 1e6, best: 1) == [.descheduled])
  }

  /// A thread that computed is told from those that slept, and its account is its own.
  @Test func threadsThatComputeAreFound() {
    let done = DispatchSemaphore(value: 0)
    // Another one, or the thread would take back its own signal.
    let mayEnd = DispatchSemaphore(value: 0)
    let before = ThreadWatch.current()
    DispatchQueue(label: "busy").async {
      let start = threadCPUNanoseconds()
      while threadCPUNanoseconds() - start < 20_000_000 {}
      done.signal()
      mayEnd.wait()
    }
    done.wait()
    let after = ThreadWatch.current()
    let busy = after.busy(since: before)
    #expect(busy.contains { (after.accounts[$0]?.computed ?? 0) - (before.accounts[$0]?.computed ?? 0) >= 20_000_000 })
    let evidence = after.evidence(of: busy, since: before)
    #expect(!evidence.cpus.isEmpty && evidence.runDelay != nil && evidence.involuntarySwitches != nil)
    mayEnd.signal()
  }

  /// Both ends of a connection: lines that come together, in pieces, or not at all.
  @Test func linesArriveWhole() throws {
    var sockets: [CInt] = [-1, -1]
    try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &sockets) == 0)
    let receiver = LineSocket(sockets[0])
    var sender: LineSocket? = LineSocket(sockets[1])
    try sender?.transmit(["a": String(repeating: "x", count: 10_000)])
    try sender?.transmit(["b": "line\nend"])
    for length in [10_008, 17] {
      guard case .line(let line) = receiver.receive(timeout: 10) else {
        Issue.record("no line")
        return
      }
      #expect(line.count == length)
    }
    if case .timeout = receiver.receive(timeout: 0.01) {} else { Issue.record("something came") }
    sender = nil
    if case .closed = receiver.receive(timeout: 10) {} else { Issue.record("still open") }
  }
}
