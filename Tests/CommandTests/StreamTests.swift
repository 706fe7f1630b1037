import Testing

/// Streams and files that do not take what is written: the run is kept, and said to be incomplete if it is.
@Suite struct StreamTests {
  private static let run = "\"$P\" run tiny.yaml --kernel naive --layer fc --threads 1 --max-time 0.001 --output R"

  @Test(arguments: [
    ("| head -c 1", 0, ""), ("| true", 0, ""), (">&-", 74, "standard output"),
    (">/dev/full", 74, "standard output: No space left on device"), ("2>&-", 0, ""), ("2>/dev/full", 0, ""),
    ("<&- >&- 2>&-", 74, ""), ("2>&1 >/dev/null | true", 0, ""),
  ]) func streamsThatAreGone(redirection: String, code: Int32, words: String) throws {
    let folder = try TemporaryFolder()
    // The code is that of the first command of the pipe.
    let parts = redirection.split(separator: "|", maxSplits: 1)
    let line =
      redirection.hasPrefix("|")
      ? "{ \(Self.run); echo $? >code; } | \(parts[0])"
      : parts.count == 2
        ? "{ \(Self.run) \(parts[0]); echo $? >code; } | \(parts[1])" : "\(Self.run) \(redirection); echo $? >code"
    let result = try Command.shell(line, in: folder)
    #expect(try folder.text("code") == "\(code)\n", "\(result)")
    #expect(words.isEmpty ? result.sentence == nil : result.sentence?.contains(words) == true, "\(result)")
    let run = try RunFiles(folder, "R")
    #expect(run.manifest.status == .complete && run.rows.count == 1)
    // A closed stream's number must not become that of a file.
    run.expectConsistency()
    #expect(try folder.text("R/report.md").hasPrefix("# PointwiseLab"))
  }

  @Test(arguments: ["list kernels", "topology", "list places", "--help", "--version", "list suites"])
  func listsSayThatTheyCannotBeWritten(arguments: String) throws {
    let folder = try TemporaryFolder()
    let full = try Command.shell("\"$P\" \(arguments) >/dev/full", in: folder)
    #expect(full.code == 74 && full.sentence?.contains("standard output") == true, "\(full)")
    let piped = try Command.shell("{ \"$P\" \(arguments); echo $? >code; } | head -c 1", in: folder)
    #expect(try folder.text("code") == "0\n" && piped.error.isEmpty, "\(piped)")
  }

  /// A limit of 16 or 32 KiB a file stands for a disk that fills up: it holds some rows, and not all samples.
  @Test func aFullDiskKeepsWhatIsOnIt() throws {
    let folder = try TemporaryFolder()
    // Layers enough that the samples do not fit.
    try folder.write("layers: [\((1...40).map { "mb1ic\($0)oc8" }.joined(separator: ", "))]\n", to: "many.yaml")
    // bash's unit is 1024 bytes, and that of other shells 512: let the first write of all find room with either.
    let result = try Command.shell(
      "ulimit -f 32; \"$P\" run many.yaml --kernel naive,simd --threads 1 --max-time 0.001 --output R", in: folder)
    #expect(result.code == 74, "\(result)")
    #expect(result.sentence?.contains("File too large; what was measured until then is in R") == true, "\(result)")
    let run = try RunFiles(folder, "R")
    #expect(run.manifest.status == .failed && run.rows.count >= 1 && run.rows.count < 80)
    #expect(result.output.contains("Report: R/report.md"))

    let resumed = try Command.run(["run", "--resume", "R"], in: folder)
    #expect(resumed.code == 0, "\(resumed)")
    let whole = try RunFiles(folder, "R")
    #expect(whole.manifest.status == .complete && whole.rows.count == 80)
    whole.expectConsistency()
  }
}
