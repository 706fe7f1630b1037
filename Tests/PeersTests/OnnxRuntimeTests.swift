import Foundation
import Layers
import Peers
import Testing

/// What ONNX Runtime computes, against the lab's reference.
@Suite(.serialized, .enabled(if: VendorLibrary.onnxRuntime != nil, VendorLibrary.hint))
struct OnnxRuntimeTests {
  let library: DynamicLibrary
  let peer: OnnxRuntime

  init() throws {
    library = try #require(VendorLibrary.onnxRuntime)
    peer = try OnnxRuntime(library)
  }

  @Test func tellsWhatItIs() {
    #expect(peer.name == "onnxruntime")
    #expect(peer.version.hasPrefix("1."))
    #expect(peer.instructionSet == nil)
    #expect(peer.methods == ["onnxruntime.all", "onnxruntime.nchw"] && peer.ownLayoutMethods == [])
  }

  @Test(arguments: [1, 2])
  func computesConvolutions(_ threads: Int) throws {
    for method in peer.methods {
      #expect(try peerFailures(peer, method, peerLayers([.nchw]), threads: threads) == [])
    }
  }

  @Test(arguments: [1, 2])
  func computesFullyConnectedLayers(_ threads: Int) throws {
    #expect(try peerFailures(peer, "onnxruntime.all", peerLayers([.nc]), threads: threads) == [])
  }

  @Test func declinesWhatOnnxHasNot() throws {
    let channelsLast = try Layer(op: .conv1x1, shape: .conv1x1(ic: 4, oc: 4, ih: 2, iw: 2), layout: .nhwc)
    #expect(
      throws: PeerError.unsupported(
        method: "onnxruntime.all", reason: "ONNX's convolutions are in NCHW only")
    ) { _ = try PeerBench(peer, "onnxruntime.all", channelsLast, .real, threads: 1) }
    let connected = try Layer(op: .fc, shape: .fc(ic: 4, oc: 4), layout: .nc)
    #expect(
      throws: PeerError.unsupported(
        method: "onnxruntime.nchw", reason: "it differs from onnxruntime.all for convolutions only")
    ) { _ = try PeerBench(peer, "onnxruntime.nchw", connected, .real, threads: 1) }
    #expect(
      throws: PeerError.unsupported(
        method: "onnxruntime", reason: "ONNX Runtime's methods are onnxruntime.all and onnxruntime.nchw")
    ) { _ = try PeerBench(peer, "onnxruntime", connected, .real, threads: 1) }
  }

  /// The operands are not read: the model's size is known before.
  @Test func declinesModelsOfTwoGibibytes() throws {
    let layer = try Layer(op: .fc, shape: .fc(ic: 32768, oc: 16384), layout: .nc)
    let buffer = try FloatBuffer(count: 1)
    let operands = PeerOperands(
      input: UnsafePointer(buffer.pointer), weights: UnsafePointer(buffer.pointer), bias: nil, output: buffer.pointer)
    let error = #expect(throws: PeerError.self) {
      _ = try peer.prepare("onnxruntime.all", layer, operands, threads: 1)
    }
    #expect(error?.description.contains("and may take 2147483647") == true, "\(String(describing: error))")
  }

  /// Threads of the runtime run where they are told to, once they have come to move themselves there.
  @Test(.enabled(if: TaskAffinity.allowed.count > 1, "needs two CPUs"))
  func pinsItsThreads() throws {
    let cpus = TaskAffinity.allowed
    let pinned = try OnnxRuntime(library, cpus: [cpus[0], cpus[cpus.count - 1]])
    let layer = try Layer(op: .fc, shape: .fc(ic: 64, oc: 64), layout: .nc)
    let before = TaskAffinity.ofThreads()
    let bench = try PeerBench(pinned, "onnxruntime.all", layer, .integer, threads: 2)
    #expect(try bench.failure() == nil)
    var started: [String: String] = [:]
    for _ in 0..<2000 where !started.values.contains(String(cpus[cpus.count - 1])) {
      usleep(5000)
      started = TaskAffinity.ofThreads().filter { before[$0.key] == nil }
    }
    #expect(started.values.contains(String(cpus[cpus.count - 1])), "\(started)")
    #expect(
      throws: PeerError.unsupported(method: "onnxruntime.all", reason: "there are 2 CPUs for its 3 threads")
    ) { _ = try PeerBench(pinned, "onnxruntime.all", layer, .real, threads: 3) }
  }
}

/// Where the threads of this process may run, as /proc tells.
private enum TaskAffinity {
  /// The CPUs of this process, ascending.
  static let allowed: [Int] = {
    guard let list = list(of: "/proc/self/status") else { return [] }
    return list.split(separator: ",").flatMap { range -> [Int] in
      let ends = range.split(separator: "-").compactMap { Int($0) }
      guard let first = ends.first, let last = ends.last else { return [] }
      return Array(first...last)
    }
  }()

  /// The list of CPUs of every thread, by its id.
  static func ofThreads() -> [String: String] {
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
    return Dictionary(
      uniqueKeysWithValues: threads.compactMap { id in list(of: "/proc/self/task/\(id)/status").map { (id, $0) } })
  }

  private static func list(of file: String) -> String? {
    guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return nil }
    return text.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
      .map { $0.dropFirst("Cpus_allowed_list:".count).trimmingCharacters(in: .whitespaces) }
  }
}
