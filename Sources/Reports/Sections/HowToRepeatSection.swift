import Results

/// The command that repeats the run.
struct HowToRepeatSection: ReportSection {
  let title = "How to repeat this run"

  func blocks(_ run: ReportedRun) -> [Block] {
    let manifest = run.manifest
    let command = repeatable(manifest.commandLine).map(shellQuoted).joined(separator: " ")
    let commit = manifest.environment.commit.map { " at commit \(code: $0)" as RichText } ?? ""
    return [
      .paragraph("With PointwiseLab \(manifest.toolVersion)\(commit), on this machine:"),
      .shell(command),
      .paragraph(
        """
        The seed was \(manifest.seed) (`--seed \(manifest.seed)`), the precision \
        ±\(Format.number(manifest.settings.precisionPercent)) %, the longest time of a case \
        \(Format.number(manifest.settings.maxTimeSeconds)) s.
        """),
    ]
  }
}

/// `commandLine` without `--output` and its folder: that folder exists now, and a run needs an empty one.
private func repeatable(_ commandLine: [String]) -> [String] {
  var kept: [String] = []
  var rest = commandLine[...]
  while let argument = rest.popFirst() {
    // What follows is not options any more.
    if argument == "--" { return kept + [argument] + rest }
    if argument == "--output" {
      rest = rest.dropFirst()
    } else if !argument.hasPrefix("--output=") {
      kept.append(argument)
    }
  }
  return kept
}

/// `argument` as a POSIX shell takes it.
package func shellQuoted(_ argument: String) -> String {
  let isPlain = argument.utf8.allSatisfy { byte in
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "-_./,:=+@%".utf8.contains(byte)
    }
  }
  return isPlain && !argument.isEmpty ? argument : "'" + argument.replacing("'", with: #"'\''"#) + "'"
}
