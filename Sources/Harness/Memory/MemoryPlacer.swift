import CPlatform
import Layers
import Teams
public import Topology

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Puts the pages of buffers where a ``MemoryPolicy`` wants them, with the help of the workers that will use them.
///
/// A buffer is divided among the workers as it lies in memory, worker by worker: weights by output channels, and input
/// and output by pixels where channels are last, which is how splits divide them. Its pages are given back to the kernel
/// and written again, each part by its worker, so it works for memory that has been filled before.
///
/// Only whole pages are touched: what shares the first or last page with a buffer stays as it is.
final class MemoryPlacer {
  private let policy: MemoryPolicy
  private let team: any Team
  /// The NUMA node of each worker, by the operating system's number; empty unless memory is bound.
  private let nodes: [Int]
  /// All NUMA nodes that have memory.
  private let allNodes: [Int]
  /// Why a buffer could not be placed: the first reason.
  private(set) var failure: MemoryError?

  static let pageSize = Int(sysconf(CInt(_SC_PAGESIZE)))
  /// Bytes that are written again at a time.
  private static let chunk = 32 << 20

  /// A placer for the workers of `team` on `placement`.
  ///
  /// - Throws: `MemoryError` if the policy has no meaning for the placement.
  init(_ policy: MemoryPolicy, _ team: any Team, _ placement: Placement, _ machine: Machine) throws(MemoryError) {
    self.policy = policy
    self.team = team
    func number(_ node: Int) -> Int? { machine.numaNodes.first { $0.index == node }?.osIndex }
    allNodes = machine.numaNodes.filter { $0.memory != nil }.compactMap(\.osIndex)
    var nodes: [Int] = []
    if policy.binding == .local {
      for seat in placement.assignments {
        guard let cpu = seat.cpu else { throw .notPinned }
        guard let node = seat.numaNode.flatMap(number) else { throw .unknownNode(cpu: cpu) }
        nodes.append(node)
      }
    }
    self.nodes = nodes
  }

  /// Places the pages of `buffer`, whose elements stay as they are. Failures are noted in ``failure``.
  func place(_ buffer: borrowing FloatBuffer) {
    let address = UInt(bitPattern: buffer.pointer)
    let page = UInt(Self.pageSize)
    let first = (address + page - 1) / page
    let end = (address + UInt(buffer.count * MemoryLayout<Float>.stride)) / page
    guard end > first else { return }
    do throws(MemoryError) {
      let whole = PageRange(first: first, count: Int(end - first))
      if policy.pages != .default {
        let advice = policy.pages == .huge ? platform_advice_huge : platform_advice_small
        try advise(whole, advice, "--pages", policy.pages.rawValue)
      }
      if policy.binding == .interleave { try bind(whole, platform_memory_interleave, allNodes) }
      for worker in 0..<team.threads {
        let lower = whole.count * worker / team.threads
        let part = PageRange(first: first + UInt(lower), count: whole.count * (worker + 1) / team.threads - lower)
        if part.count == 0 { continue }
        if policy.binding == .local { try bind(part, platform_memory_bind, [nodes[worker]]) }
        try rewrite(part, by: worker)
      }
    } catch {
      failure = failure ?? error
    }
  }

  /// Gives the pages back, and has a worker write them again.
  private func rewrite(_ part: PageRange, by worker: Int) throws(MemoryError) {
    let perChunk = Self.chunk / Self.pageSize
    var done = 0
    while done < part.count {
      let piece = PageRange(first: part.first + UInt(done), count: min(perChunk, part.count - done))
      let copy = [UInt8](UnsafeRawBufferPointer(start: piece.start, count: piece.bytes))
      let flag = policy.binding == nil ? ("--pages", policy.pages.rawValue) : ("--memory", policy.binding!.rawValue)
      try advise(piece, platform_advice_drop, flag.0, flag.1)
      _ = team.run(warmUp: 0, iterations: 1) { current in
        if current != worker { return }
        copy.withUnsafeBytes { piece.start?.copyMemory(from: $0.baseAddress!, byteCount: piece.bytes) }
      }
      done += piece.count
    }
  }

  private func advise(
    _ pages: PageRange, _ advice: platform_advice, _ flag: String, _ value: String
  ) throws(MemoryError) {
    let code = platform_advise(pages.start, pages.bytes, advice)
    if code != 0 { throw .refused(flag: flag, value: value, call: "madvise", code: code) }
  }

  private func bind(
    _ pages: PageRange, _ mode: platform_memory_policy, _ nodes: [Int]
  ) throws(MemoryError) {
    var mask = [UInt](repeating: 0, count: (nodes.max() ?? 0) / UInt.bitWidth + 1)
    for node in nodes { mask[node / UInt.bitWidth] |= 1 << UInt(node % UInt.bitWidth) }
    let code = platform_bind_memory(pages.start, pages.bytes, mode, mask, mask.count)
    if code != 0 {
      throw .refused(flag: "--memory", value: policy.binding?.rawValue ?? "", call: "mbind", code: code)
    }
  }
}

extension MemoryPolicy {
  /// Tries the policy on a few pages, with threads on `placement`, so that a run does not find out in its middle.
  ///
  /// - Throws: `MemoryError` if the system does not allow it, or it has no meaning for the placement; `TeamError` or
  ///   `OutOfMemory`.
  public func check(on topology: HwlocTopology, _ placement: Placement) throws {
    if isDefault { return }
    let team = try PinnedTeam(cpus: placement.assignments.map(\.cpu), topology: topology)
    let placer = try MemoryPlacer(self, team, placement, topology.machine)
    let buffer = try SharedBuffer(count: 16 * MemoryPlacer.pageSize / MemoryLayout<Float>.stride)
    placer.place(buffer.buffer)
    if let failure = placer.failure { throw failure }
  }
}

/// Whole pages of memory.
struct PageRange: Sendable {
  /// The number of the first one: its address ÷ the size of a page.
  var first: UInt
  /// How many there are.
  var count: Int

  var start: UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: first * UInt(MemoryPlacer.pageSize)) }
  var bytes: Int { count * MemoryPlacer.pageSize }
}
