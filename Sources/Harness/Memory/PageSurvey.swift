import CPlatform
import Foundation
import Layers

/// Where pages lie and how large they are, as the kernel says.
public struct PageSurvey: Sendable, Hashable {
  /// Pages on each NUMA node, by the operating system's number; nil where the kernel does not tell.
  public var nodes: [Int: Int]?
  /// The part of the memory that is in transparent huge pages, in percent; nil where the kernel does not tell. It is that
  /// of the whole mappings which the buffers are parts of.
  public var hugePercent: Double?

  /// Pages that are looked at in each buffer: evenly spaced ones.
  private static let samples = 1024

  /// Asks for the pages of the buffers that `regions` are: addresses and bytes.
  ///
  /// - Parameters:
  ///   - findNodes: finds the NUMA node of each page, or a negative errno; returns 0 or errno, as where a container forbids
  ///     move_pages(2).
  ///   - smaps: the text of /proc/self/smaps; nil where it cannot be read.
  init(
    _ regions: [(address: UInt, bytes: Int)],
    findNodes: (_ pages: inout [UnsafeMutableRawPointer?], _ nodes: inout [Int32]) -> Int32 = {
      platform_page_nodes(&$0, $0.count, &$1)
    },
    smaps: String? = try? String(contentsOfFile: "/proc/self/smaps", encoding: .utf8)
  ) {
    let page = UInt(MemoryPlacer.pageSize)
    var pages: [UnsafeMutableRawPointer?] = []
    for region in regions where region.bytes > 0 {
      let count = (region.bytes + Int(page) - 1) / Int(page)
      let looks = min(count, Self.samples)
      for i in 0..<looks {
        pages.append(UnsafeMutableRawPointer(bitPattern: (region.address / page + UInt(count * i / looks)) * page))
      }
    }
    var found = [Int32](repeating: 0, count: pages.count)
    if findNodes(&pages, &found) == 0, found.contains(where: { $0 >= 0 }) {
      nodes = Dictionary(found.filter { $0 >= 0 }.map { (Int($0), 1) }, uniquingKeysWith: +)
    }
    hugePercent = smaps.flatMap { Self.hugePercent(smaps: $0, regions) }
  }

  /// The part in huge pages of the mappings that hold `regions`, from the text of /proc/PID/smaps; nil if it has none of
  /// them.
  static func hugePercent(smaps: String, _ regions: [(address: UInt, bytes: Int)]) -> Double? {
    var (resident, huge) = (0.0, 0.0)
    var isOurs = false
    for line in smaps.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard let head = words.first else { continue }
      if !head.hasSuffix(":") {
        let ends = head.split(separator: "-").compactMap { UInt($0, radix: 16) }
        isOurs = ends.count == 2 && regions.contains { $0.address < ends[1] && $0.address + UInt($0.bytes) > ends[0] }
      } else if isOurs, words.count > 1, let kilobytes = Double(words[1]) {
        if head == "Rss:" { resident += kilobytes }
        if head == "AnonHugePages:" { huge += kilobytes }
      }
    }
    return resident > 0 ? 100 * huge / resident : nil
  }
}

extension PageSurvey: CustomStringConvertible {
  /// In words, such as `pages on node 0; 93 % in huge pages`.
  public var description: String {
    let total = max(1, nodes?.values.reduce(0, +) ?? 0)
    let places = nodes.map { nodes in
      nodes.count == 1
        ? "pages on node \(nodes.keys.first ?? 0)"
        : "pages on nodes "
          + nodes.sorted { $0.key < $1.key }.map { "\($0.key) (\(100 * $0.value / total) %)" }.joined(separator: ", ")
    }
    let huge = hugePercent.map { "\(Int($0.rounded())) % in huge pages" }
    return [places ?? "nodes of the pages unknown", huge ?? "size of the pages unknown"].joined(separator: ", ")
  }
}
