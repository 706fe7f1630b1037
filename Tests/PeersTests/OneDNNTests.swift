import Foundation
import Layers
import Peers
import Testing

/// What oneDNN computes, against the lab's reference.
@Suite(.serialized, .enabled(if: VendorLibrary.oneDNN != nil, VendorLibrary.hint))
struct OneDNNTests {
  let library: DynamicLibrary
  let peer: OneDNN

  init() throws {
    library = try #require(VendorLibrary.oneDNN)
    peer = try OneDNN(library)
  }

  @Test func tellsWhatItIs() {
    #expect(peer.name == "onednn")
    #expect(peer.version.hasPrefix("3."))
    #expect(peer.instructionSet != "")
    #expect(peer.methods == ["onednn.any", "onednn.plain"])
    #expect(peer.ownLayoutMethods == ["onednn.any"])
  }

  @Test(arguments: ["onednn.any", "onednn.plain"], [1, 2])
  func computesLayers(_ method: String, _ threads: Int) throws {
    let failures = try peerFailures(peer, method, peerLayers([.nchw, .nhwc, .nc]), threads: threads)
    #expect(failures == [])
  }

  @Test func tellsImplementationAndReorder() throws {
    let layer = try Layer(op: .conv1x1, shape: .conv1x1(ic: 64, oc: 64, ih: 7, iw: 7), layout: .nhwc)
    let bench = try PeerBench(peer, "onednn.any", layer, .real, threads: 1)
    #expect(bench.operation.implementation?.isEmpty == false)
    #expect(bench.operation.prepareNanoseconds.map { $0 > 0 } ?? true)
  }

  /// The number of threads is the calling thread's: whoever executes has to set it.
  @Test func setsThreads() throws {
    let count = try #require(
      library.optionalFunction("omp_get_max_threads", as: (@convention(c) () -> Int32).self))
    let layer = try Layer(op: .conv1x1, shape: .conv1x1(ic: 16, oc: 16, ih: 7, iw: 7), layout: .nhwc)
    let benches = try [1, 3].map { try PeerBench(peer, "onednn.plain", layer, .real, threads: $0) }
    for (threads, bench) in zip([1, 3], benches) {
      try bench.operation.execute()
      #expect(Int(count()) == threads)
    }
  }

  /// As a kernel under the lab's own threads: each has an operation that another thread has prepared.
  @Test(arguments: ["onednn.any", "onednn.plain"])
  func isExecutedByManyThreadsAtOnce(_ method: String) throws {
    let layers = try [Layout.nchw, .nhwc].map {
      try Layer(
        op: .conv1x1, shape: .conv1x1(mb: 3, ic: 130, oc: 70, ih: 31, iw: 31, sh: 2, sw: 2), layout: $0, bias: true)
    }
    for layer in layers {
      let benches = try (0..<4).map { _ in
        UnsafeSendable(value: try PeerBench(peer, method, layer, .integer, threads: 1))
      }
      DispatchQueue.concurrentPerform(iterations: benches.count) { index in
        do {
          let failure = try benches[index].value.failure(executions: 100)
          #expect(failure == nil, "\(layer), seed \(peerSeed)")
        } catch {
          Issue.record(error)
        }
      }
    }
  }

  @Test func declinesUnknownMethods() throws {
    let layer = try Layer(op: .fc, shape: .fc(ic: 4, oc: 4), layout: .nc)
    #expect(
      throws: PeerError.unsupported(
        method: "onednn.best", reason: "oneDNN's methods are onednn.any and onednn.plain")
    ) { _ = try PeerBench(peer, "onednn.best", layer, .real, threads: 1) }
  }
}

/// `@unchecked Sendable`: a test that passes a value to another thread does not use it meanwhile.
private struct UnsafeSendable<Value>: @unchecked Sendable { let value: Value }
