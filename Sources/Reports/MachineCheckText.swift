public import Results

/// What the check of the machine found, for a terminal.
public enum MachineCheckText {
  /// Everything: for each finding what was seen, why it hurts and what to do about it, the gravest first.
  public static func full(_ findings: [Finding]) -> String {
    guard !findings.isEmpty else { return "Nothing was found that would disturb a measurement.\n" }
    return findings.map { finding in
      var lines = ["\(finding.severity.rawValue), \(finding.subject.rawValue): \(finding.seen)", "  \(finding.harm)"]
      if let remedy = finding.remedy { lines.append("  What to do: \(remedy)") }
      return lines.map { $0 + "\n" }.joined()
    }.joined()
  }

  /// What a run says before it begins: a line for each finding that will disturb it, and how many others there are.
  public static func brief(_ findings: [Finding]) -> [String] {
    let grave = findings.filter(\.isWarning)
    let notes = findings.count { $0.severity == .note }
    let unknown = findings.count { $0.severity == .unknown }
    let others = [
      notes == 0 ? nil : Format.count(notes, "note"),
      unknown == 0 ? nil : Format.count(unknown, "unknown", plural: "unknown"),
    ].compactMap { $0 }
    let rest = others.isEmpty ? [] : ["Check: \(others.joined(separator: " and ")) more, see 'pointwise check'"]
    return grave.map { "Check: \($0.severity.rawValue): \($0.seen)" + ($0.remedy.map { " What to do: \($0)" } ?? "") }
      + rest
  }
}

extension Finding {
  /// Whether it will disturb a run.
  var isWarning: Bool { severity <= .warning }
}
