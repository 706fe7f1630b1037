extension Row {
  /// Who chose the register tile of a kernel that has several.
  public enum Choice: String, Sendable, Hashable, CaseIterable {
    /// The kernel's own model: `packed`.
    case model
    /// The user: `packed.14x2`.
    case hand
    /// Measuring: `packed.tuned`.
    case tuned

    /// The choice that a kernel's name tells; nil for a kernel that has none.
    public init?(kernel: String) {
      let name = kernel.split(separator: "~", maxSplits: 1)[0]
      let parts = name.split(separator: ".", maxSplits: 1)
      if parts.count == 2, parts[1] == "tuned" {
        self = .tuned
      } else if parts.count == 2, Self.isTile(parts[1]) {
        self = .hand
      } else if parts.count == 1, Self.kernels.contains(String(name)) {
        self = .model
      } else {
        return nil
      }
    }

    /// The kernels whose tile can be chosen.
    public static let kernels: Set<String> = ["packed"]

    /// Whether a word is a tile, such as `14x2`, `p14x2` or `c8x3`.
    private static func isTile(_ word: Substring) -> Bool {
      let numbers = (word.hasPrefix("p") || word.hasPrefix("c") ? word.dropFirst() : word)
        .split(separator: "x", omittingEmptySubsequences: false)
      return numbers.count == 2 && numbers.allSatisfy { !$0.isEmpty && $0.allSatisfy { ("0"..."9").contains($0) } }
    }
  }

  /// Who chose the tile; nil for a kernel that has no choice.
  public var choice: Choice? { kernel.isEmpty ? nil : Choice(kernel: kernel) }

  /// Whether a vendor's library computed it, and not a kernel of the lab: their kernels are called `library.method`.
  public var isPeer: Bool { kernel.contains(".") && choice == nil }

  /// The key of the case in which the same kernel follows its model, everything else being the same.
  public var modelKey: String {
    var model = self
    let (name, number) = replica
    model.kernel = String(name.prefix { $0 != "." }) + (number == 1 ? "" : "~\(number)")
    model.variant = [model.kernel, isa, split, team].joined(separator: "-")
    return model.caseKey
  }
}
