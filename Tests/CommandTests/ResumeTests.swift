import Foundation
import Results
import Testing

/// Folders that a run cannot go on in, and those that nothing is wrong with.
@Suite struct ResumeTests {
  /// A complete run of two cases, marked as killed, without its last row.
  private func stoppedRun() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let result = try Command.run(
      ["run", "tiny.yaml", "--kernel", "naive", "--threads", "1", "--max-time", "0.001", "--output", "R"], in: folder)
    #expect(result.code == 0, "\(result)")
    let lines = try folder.text("R/results.csv").split(separator: "\n")
    try folder.write(lines.dropLast().map { $0 + "\n" }.joined(), to: "R/results.csv")
    #expect(try folder.replace(#""status" : "complete""#, with: #""status" : "running""#, in: "R/run.json"))
    return folder
  }

  private func resume(_ folder: TemporaryFolder) throws -> Command.Result {
    try Command.run(["run", "--resume", "R"], in: folder)
  }

  @Test func theCaseWithoutARowIsMeasuredAgain() throws {
    let folder = try stoppedRun()
    let result = try resume(folder)
    #expect(result.code == 0 && result.error.contains("2 of 3 cases are measured"), "\(result)")
    let run = try RunFiles(folder, "R")
    #expect(run.rows.count == 3 && Set(run.rows.map(\.caseKey)).count == 3)
    run.expectConsistency()
  }

  /// Marks the row of a line as one that a signal ended early; its samples stay.
  private func cutShort(line: Int, _ folder: TemporaryFolder) throws -> Row {
    var rows = try RunFiles(folder, "R").rows
    rows[line].notes = "stopped by interrupted; 1 rounds are too few for a 95 % interval"
    try folder.write(Row.csvHeader + rows.map(\.csvLine).joined(), to: "R/results.csv")
    return rows[line]
  }

  @Test func whatWasCutShortIsMeasuredAgain() throws {
    let folder = try stoppedRun()
    let old = try cutShort(line: 0, folder)
    let kept = try RunFiles(folder, "R").rows[1]
    let result = try resume(folder)
    #expect(result.code == 0 && result.error.contains("1 of 3 cases are measured"), "\(result)")
    #expect(result.error.contains("R/results.csv: the measurement of 1 cases was cut short"), "\(result)")
    let run = try RunFiles(folder, "R")
    #expect(run.rows.count == 3 && run.rows.first == kept && !run.rows.contains(where: \.wasCutShort))
    #expect(run.rows.contains { $0.caseKey == old.caseKey })
    run.expectConsistency()
  }

  /// A wrong result of the first part makes the whole run fail.
  @Test func anIncorrectRowIsExitCodeOne() throws {
    let folder = try stoppedRun()
    let lines = try folder.text("R/results.csv").split(separator: "\n")
    let index = try #require(Row.columns.firstIndex { $0.name == "status" })
    var fields = lines[1].split(separator: ",", omittingEmptySubsequences: false)
    #expect(fields[index] == "ok")
    fields[index] = "incorrect"
    try folder.write(
      ([lines[0], Substring(fields.joined(separator: ","))] + lines[2...]).map { $0 + "\n" }.joined(),
      to: "R/results.csv")
    let result = try resume(folder)
    #expect(result.code == 1 && result.output.contains("1 incorrect"), "\(result)")
    let again = try resume(folder)
    #expect(again.code == 1 && again.output.contains("nothing is left"), "\(again)")
  }

  @Test func onlyTheLastWordsWereMissing() throws {
    let folder = try TemporaryFolder()
    let run = ["run", "tiny.yaml", "--kernel", "naive", "--threads", "1", "--max-time", "0.001", "--output", "R"]
    #expect(try Command.run(run, in: folder).code == 0)
    #expect(try folder.replace(#""status" : "complete""#, with: #""status" : "running""#, in: "R/run.json"))
    try FileManager.default.removeItem(at: folder.url.appending(path: "R/report.md"))
    let result = try resume(folder)
    #expect(result.code == 0 && folder.exists("R/report.md"), "\(result)")
    #expect(try RunFiles(folder, "R").manifest.status == .complete)
  }

  @Test func baselinesOfTheFirstPartCount() throws {
    guard TestMachine.cpuCount >= 2 else {
      print("One CPU: speedups after a continuation are not tested.")
      return
    }
    let folder = try TemporaryFolder()
    let run = ["run", "tiny.yaml", "--kernel", "naive", "--threads", "1,2", "--max-time", "0.001", "--output", "R"]
    #expect(try Command.run(run, in: folder).code == 0)
    let rows = try RunFiles(folder, "R").rows
    // Only the rows of one thread stay.
    let lines = try folder.text("R/results.csv").split(separator: "\n")
    let kept = zip(lines.dropFirst(), rows).filter { $1.threads == 1 }.map(\.0)
    try folder.write((lines.prefix(1) + kept).map { $0 + "\n" }.joined(), to: "R/results.csv")
    let result = try resume(folder)
    #expect(result.code == 0, "\(result)")
    let again = try RunFiles(folder, "R").rows
    #expect(again.count == rows.count)
    for row in again where row.threads == 2 {
      let baseline = again.first { $0.threads == 1 && $0.layer == row.layer && $0.layout == row.layout }
      let expected = try #require(baseline?.timeMedian) / (try #require(row.timeMedian))
      #expect(abs(try #require(row.speedup) - expected) <= 1e-9 * expected)
    }
  }

  @Test(arguments: [
    (#""cpuModel" : ""#, #""cpuModel" : "Other "#, ["the CPU was Other", "is now"]),
    (#""processMask" : ""#, #""processMask" : "1000,"#, []),
    (#""isas" : ["#, #""isas" : [ "sse9","#, ["ISAs", "sse9"]),
    (#""toolVersion" : ""#, #""toolVersion" : "9."#, ["version", "9."]),
    (#""build" : "debug""#, #""build" : "release""#, ["build", "release", "debug"]),
    (#""maxTimeSeconds" : 0.001"#, #""maxTimeSeconds" : 2"#, ["longest time", "2.0 s"]),
    (#""cases" : 3"#, #""cases" : 4"#, ["number of cases", "4", "3"]),
    (#""checksum" : ""#, #""checksum" : "0"#, ["layers or placements", "tiny.yaml"]),
    (#""run","#, #""list","#, ["run.json", "commandLine"]),
    (#""tiny.yaml","#, #""--frobnicate","#, ["run.json", "commandLine", "--frobnicate"]),
    (#""visits" : 5"#, #""visits" : 3"#, ["number of visits", "3", "5"]),
    (#""schema" : 3"#, #""schema" : 2"#, ["version of the folder", "2", "3"]),
    (#""schema" : 3"#, #""schema" : 4"#, ["run.json", "schema version 4", "expected 3"]),
  ]) func anotherRunIsNotContinued(old: String, new: String, words: [String]) throws {
    let folder = try stoppedRun()
    // Only what this machine's description holds can be changed: a release build has no "debug" to replace.
    guard try folder.replace(old, with: new, in: "R/run.json") else { return }
    let before = (try folder.text("R/results.csv"), try folder.text("R/samples.csv"), try folder.text("R/run.json"))
    let result = try resume(folder)
    if words.isEmpty { return }
    #expect(result.code == 65, "\(result)")
    for word in words { #expect(result.sentence?.contains(word) == true, "\(word): \(result)") }
    #expect(try before == (folder.text("R/results.csv"), folder.text("R/samples.csv"), folder.text("R/run.json")))
  }

  @Test func aChangedSuiteIsNotContinued() throws {
    let folder = try stoppedRun()
    #expect(try folder.replace("oc10", with: "oc11", in: "tiny.yaml"))
    let result = try resume(folder)
    #expect(result.code == 65 && result.sentence?.contains("tiny.yaml") == true, "\(result)")
    try FileManager.default.removeItem(at: folder.url.appending(path: "tiny.yaml"))
    let gone = try resume(folder)
    #expect(gone.code == 65 && gone.sentence?.contains("tiny.yaml: does not exist") == true, "\(gone)")
  }

  /// A suite's file is as seen from where the run began, which the place of its folder tells.
  @Test func aRunGoesOnFromAnotherFolder() throws {
    let folder = try stoppedRun()
    #expect(try RunFiles(folder, "R").manifest.suites.map(\.file) == ["tiny.yaml"])
    let other = try TemporaryFolder()
    try other.write("layers: [mb1ic8oc8]\n", to: "tiny.yaml")
    let result = try Command.run(["run", "--resume", "\(folder.path)/R"], in: other)
    #expect(result.code == 0 && result.error.contains("2 of 3 cases are measured"), "\(result)")
    try FileManager.default.removeItem(at: folder.url.appending(path: "tiny.yaml"))
    let another = try Command.run(["run", "--resume", "\(folder.path)/R"], in: other)
    #expect(
      another.code == 65 && another.sentence?.contains("the number of cases was 3, and is now 1") == true, "\(another)")
    try FileManager.default.removeItem(at: other.url.appending(path: "tiny.yaml"))
    let gone = try Command.run(["run", "--resume", "\(folder.path)/R"], in: other)
    let place = "tiny.yaml: does not exist in \(folder.path) or in the working directory"
    #expect(gone.code == 65 && gone.sentence?.contains(place) == true, "\(gone)")
  }

  @Test func theDefaultFolderTellsWhereARunBegan() throws {
    let (folder, other) = (try TemporaryFolder(), try TemporaryFolder())
    let result = try Command.run(
      ["run", "tiny.yaml", "--kernel", "naive", "--threads", "1", "--max-time", "0.001"], in: folder)
    #expect(result.code == 0, "\(result)")
    try FileManager.default.removeItem(at: other.url.appending(path: "tiny.yaml"))
    let reports = folder.url.appending(path: "Reports").path
    let name = try #require(try FileManager.default.contentsOfDirectory(atPath: reports).first)
    let resumed = try Command.run(["run", "--resume", "\(reports)/\(name)"], in: other)
    #expect(resumed.code == 0 && resumed.output.contains("nothing is left"), "\(resumed)")
  }

  /// An absolute path of the run's folder does not tell where the run began.
  @Test func whereARunBeganMayNotBeKnown() throws {
    let (folder, other) = (try TemporaryFolder(), try TemporaryFolder())
    let run = ["run", "tiny.yaml", "--kernel", "naive", "--threads", "1", "--max-time", "0.001", "--output"]
    #expect(try Command.run(run + ["\(folder.path)/R"], in: folder).code == 0)
    #expect(try Command.run(["run", "--resume", "R"], in: folder).code == 0)
    try FileManager.default.removeItem(at: other.url.appending(path: "tiny.yaml"))
    let result = try Command.run(["run", "--resume", "\(folder.path)/R"], in: other)
    let sentence = "tiny.yaml: does not exist in the working directory; expected the suite file that the run began with"
    #expect(result.code == 65 && result.sentence?.contains(sentence) == true, "\(result)")
  }

  /// Of a shipped suite, a run's record does not say where the package is.
  @Test func aShippedSuiteIsFoundByItsName() throws {
    let (folder, other) = (try TemporaryFolder(), try TemporaryFolder())
    try FileManager.default.createDirectory(
      at: folder.url.appending(path: "Shipped"), withIntermediateDirectories: true)
    try folder.write("layers: [mb2ic32oc10, mb1ic8ih4oc8kh3]\n", to: "Shipped/mini.yaml")
    let environment = ["POINTWISE_BENCHMARKS": "\(folder.path)/Shipped"]
    let result = try Command.run(
      ["run", "mini", "--kernel", "naive", "--threads", "1", "--max-time", "0.001", "--output", "R"], in: folder,
      environment: environment)
    #expect(result.code == 0, "\(result)")
    let manifest = try RunFiles(folder, "R").manifest
    #expect(manifest.suites.map(\.file) == ["Shipped/mini.yaml"])
    #expect(manifest.skippedEntries.map(\.file) == ["Shipped/mini.yaml"])
    #expect(try !folder.text("R/run.json").contains(folder.path) && !folder.text("R/report.md").contains(folder.path))
    // A file of that name is another thing.
    try folder.write("", to: "mini")
    let resumed = try Command.run(["run", "--resume", "\(folder.path)/R"], in: other, environment: environment)
    #expect(resumed.code == 0 && resumed.output.contains("nothing is left"), "\(resumed)")
  }

  @Test func fewerCPUsAreAnotherMachine() throws {
    guard TestMachine.cpuCount >= 2 else {
      print("One CPU: a continuation on fewer CPUs is not tested.")
      return
    }
    let folder = try stoppedRun()
    let first = TestMachine.allowedCPUs.prefix { $0.isNumber }
    let result = try Command.shell("taskset -c \(first) \"$P\" run --resume R", in: folder)
    #expect(result.code == 65 && result.sentence?.contains("eligible CPUs") == true, "\(result)")
  }

  @Test func oneProcessAtATime() throws {
    let folder = try TemporaryFolder()
    let command = try Command(
      [
        "run", "tiny.yaml", "--kernel", "naive", "--threads", "1", "--precision", "1e-9", "--max-time", "60",
        "--output", "R",
      ], in: folder)
    defer { kill(command.process.processIdentifier, SIGKILL) }
    #expect(command.waits { folder.exists("R/run.json") })
    let result = try resume(folder)
    #expect(result.code == 74 && result.sentence?.contains("another process is writing to R") == true, "\(result)")
    let second = try Command.run(["run", "tiny.yaml", "--output", "R"], in: folder)
    #expect(second.code == 74 && second.sentence?.contains("not empty") == true, "\(second)")
    #expect(command.process.isRunning)
  }
}
