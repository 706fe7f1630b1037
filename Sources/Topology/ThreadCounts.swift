/// The numbers of threads to run with: a list such as `1,2,4`, in which `all` stands for as many as fit.
public struct ThreadCounts: Hashable, Sendable {
  private enum Entry: Hashable {
    case count(Int)
    case all
  }

  private var entries: [Entry]

  /// One thread, and as many as fit.
  public static let oneAndAll = ThreadCounts(entries: [.count(1), .all])

  /// As many threads as fit.
  public static let all = ThreadCounts(entries: [.all])

  private init(entries: [Entry]) {
    self.entries = entries
  }

  /// Reads numbers and `all`, between commas.
  ///
  /// - Throws: ``PlacementError/unknownWord(flag:value:expected:)``.
  public init(_ text: String) throws(PlacementError) {
    entries = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false) {
      if word == "all" {
        entries.append(.all)
      } else if let count = Int(index: word), 1...PlacementPolicy.maximumThreads ~= count {
        entries.append(.count(count))
      } else {
        throw .unknownWord(
          flag: "--threads", value: text,
          expected: "numbers from 1 to \(PlacementPolicy.maximumThreads) such as 1,2,4, or all")
      }
    }
  }

  /// The numbers in the order they were given, each once.
  ///
  /// - Parameter capacity: what `all` stands for: see ``PlacementPolicy/capacity(on:)``.
  public func counts(capacity: Int) -> [Int] {
    var seen: Set<Int> = []
    return entries.map {
      switch $0 {
      case .count(let count): count
      case .all: capacity
      }
    }.filter { seen.insert($0).inserted }
  }
}

extension ThreadCounts: CustomStringConvertible {
  /// The list as the command line spells it.
  public var description: String {
    entries.map {
      switch $0 {
      case .count(let count): String(count)
      case .all: "all"
      }
    }.joined(separator: ",")
  }
}
