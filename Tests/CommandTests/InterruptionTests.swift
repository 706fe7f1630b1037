import Foundation
import Results
import Testing

/// Runs that are stopped, and go on.
@Suite struct InterruptionTests {
  /// Layers that take some tenths of a second each, so that a run of them is still going on when it is looked at.
  private static func suite(_ folder: TemporaryFolder, visits: Int = 1) throws -> [String] {
    try folder.write(
      "name: long\nlayers: [\((1...12).map { "mb1ic\($0)oc16" }.joined(separator: ", "))]\n", to: "long.yaml")
    return [
      "run", "long.yaml", "--kernel", "naive,simd", "--threads", "1", "--precision", "1e-9", "--max-time", "0.1",
      "--output", "R", "--visits", "\(visits)",
    ]
  }

  private static let cases = 24

  /// Expects every case of ``suite(_:)`` once, and everything to agree.
  private func expectWhole(_ folder: TemporaryFolder) throws {
    let run = try RunFiles(folder, "R")
    #expect(run.manifest.status == .complete)
    let keys = run.rows.map(\.caseKey)
    #expect(Set(keys).count == Self.cases && keys.count == Self.cases)
    #expect(Set(run.rows.map(\.layer)) == Set((1...12).map { "mb1ic\($0)oc16" }))
    #expect(run.rows.allSatisfy { $0.status == .ok && $0.run == "R" })
    run.expectConsistency()
    #expect(try folder.text("R/report.md").contains("mb1ic12oc16"))
  }

  /// Starts the run, waits for the first rows and sends a signal.
  private func stop(_ folder: TemporaryFolder, by signal: Int32) throws -> Command.Result {
    let command = try Command(Self.suite(folder), in: folder)
    let begun = command.waits { folder.completeLines("R/results.csv") > 2 }
    kill(command.process.processIdentifier, signal)
    let result = try command.wait()
    #expect(begun, "\(result)")
    return result
  }

  @Test(arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)] as [(Int32, Int32)])
  func aSignalKeepsWhatWasMeasured(signal: Int32, code: Int32) throws {
    if TestMachine.ignores(signal) {
      print("Signal \(signal) is ignored, as under nohup, and so it is by the run: not tested.")
      return
    }
    let folder = try TemporaryFolder()
    let result = try stop(folder, by: signal)
    #expect(result.code == code, "\(result)")
    #expect(result.error.contains("Interrupted: ") && result.error.contains("run --resume R"), "\(result)")
    #expect(result.output.contains("Report: R/report.md"), "\(result)")
    let stopped = try RunFiles(folder, "R")
    #expect(stopped.manifest.status == .interrupted && stopped.manifest.ended != nil)
    #expect(stopped.rows.count >= 2 && stopped.rows.count < Self.cases)
    stopped.expectConsistency()
    #expect(try folder.text("R/report.md").contains("interrupted"))

    // From another working directory, the suite is still found.
    let elsewhere = try TemporaryFolder()
    let resumed = try Command.run(["run", "--resume", folder.url.appending(path: "R").path], in: elsewhere)
    #expect(resumed.code == 0, "\(resumed)")
    // What the signal cut short is measured again, and the rest stays.
    let finished = stopped.rows.filter { !$0.wasCutShort }
    #expect(resumed.error.contains("\(finished.count) of \(Self.cases) cases are measured"), "\(resumed)")
    try expectWhole(folder)
    let whole = try RunFiles(folder, "R").rows
    #expect(Array(whole.prefix(finished.count)) == finished && !whole.contains(where: \.wasCutShort))
    #expect(try RunFiles(folder, "R").manifest.resumed?.count == 1)
  }

  /// Layers that have had some of their visits have rows of what they have.
  @Test func aSignalBetweenVisitsKeepsThemToo() throws {
    let folder = try TemporaryFolder()
    let command = try Command(Self.suite(folder, visits: 3), in: folder)
    // Rows come with the last visit, so that all layers have had two before the first row.
    let begun = command.waits { folder.completeLines("R/results.csv") > 2 }
    kill(command.process.processIdentifier, SIGINT)
    let result = try command.wait()
    #expect(begun && result.code == 130, "\(result)")
    let stopped = try RunFiles(folder, "R")
    #expect(stopped.manifest.status == .interrupted && stopped.manifest.settings.visits == 3)
    #expect(stopped.rows.count == Self.cases)
    stopped.expectConsistency()
    let cut = stopped.rows.filter { $0.notes?.contains("stopped by interrupted") == true }
    #expect(!cut.isEmpty && cut.count < Self.cases)
    for row in stopped.rows {
      let visits = Set(stopped.samples.filter { $0.caseKey == row.caseKey }.compactMap(\.visit))
      #expect(visits.isSuperset(of: [0, 1]) && visits.isSubset(of: [0, 1, 2]), "\(row.caseKey)")
    }
    let resumed = try Command.run(["run", "--resume", "R"], in: folder)
    #expect(resumed.code == 0, "\(resumed)")
    // What the signal cut short is measured again, and the rest stays.
    let whole = try RunFiles(folder, "R").rows
    #expect(whole.count == Self.cases && !whole.contains(where: \.wasCutShort))
    for row in stopped.rows where !row.wasCutShort { #expect(whole.contains(row), "\(row.caseKey)") }
  }

  @Test func aKilledRunIsReportedAndContinued() throws {
    let folder = try TemporaryFolder()
    let result = try stop(folder, by: SIGKILL)
    #expect(result.code == 128 + SIGKILL, "\(result)")
    #expect(try RunFolder.read(folder.url.appending(path: "R").path).manifest.status == .running)
    // As if it had been killed in the middle of two lines, after the samples of a case were written.
    let rows = try folder.text("R/results.csv")
    let last = try #require(rows.dropLast().lastIndex(of: "\n"))
    try folder.write(String(rows[..<rows.index(last, offsetBy: 20)]), to: "R/results.csv")
    try folder.write(try folder.text("R/samples.csv") + "long|long|mb1ic", to: "R/samples.csv")

    let report = try Command.run(["report", "R"], in: folder)
    #expect(report.code == 0 && report.error.contains("R/results.csv:"), "\(report)")
    #expect(try folder.text("R/report.md").contains("was killed"))

    let resumed = try Command.run(["run", "--resume", "R"], in: folder)
    #expect(resumed.code == 0, "\(resumed)")
    #expect(resumed.error.contains("R/results.csv:") && resumed.error.contains("incomplete"), "\(resumed)")
    #expect(resumed.error.contains("R/samples.csv: samples without a row were dropped"), "\(resumed)")
    try expectWhole(folder)
  }

  /// The first signal is obeyed when the present sample ends, and a later one at once. `timeout` sends its signal to the
  /// process and then to its group: two that come together are one.
  @Test func aSecondSignalEndsTheProcessAtOnce() throws {
    let folder = try TemporaryFolder()
    // One execution of this layer takes many seconds, and cannot be interrupted.
    try folder.write("layers: [mb4096ic4096oc2048]\n", to: "slow.yaml")
    let command = try Command(
      [
        "run", "slow.yaml", "--kernel", "naive", "--isa", "portable", "--threads", "1", "--max-time", "1000",
        "--output", "R",
      ], in: folder)
    // Tensors, reference and estimate take less than this, so the execution has most probably begun.
    #expect(command.waits { folder.exists("R/run.json") && command.cpuSeconds > 3 })
    let first = ContinuousClock.now
    kill(command.process.processIdentifier, SIGINT)
    usleep(50_000)
    kill(command.process.processIdentifier, SIGINT)
    // On a machine so busy that these two are half a second apart, they are two.
    let areOne = first.duration(to: .now) < .milliseconds(400)
    usleep(100_000)
    let goesOn = command.process.isRunning
    usleep(600_000)
    kill(command.process.processIdentifier, SIGINT)
    let third = ContinuousClock.now
    let result = try command.wait()
    #expect(result.code == 130, "\(result)")
    #expect(third.duration(to: .now) < .seconds(10), "it ends at once, and not with the execution")
    // Only a process that was not given the time to say that it was interrupted still seems to run.
    let run = try RunFiles(folder, "R")
    #expect(run.rows.isEmpty)
    if areOne && !goesOn { #expect(run.manifest.status == .interrupted, "the second signal was taken for another") }
  }

  /// However early it comes, the exit code is that of the signal, and what is there is whole.
  @Test(arguments: [0, 5, 10, 20, 40, 80]) func anEarlySignal(milliseconds: UInt32) throws {
    let folder = try TemporaryFolder()
    let command = try Command(Self.suite(folder), in: folder)
    usleep(milliseconds * 1000)
    kill(command.process.processIdentifier, SIGINT)
    let result = try command.wait()
    #expect(result.code == 130, "\(result)")
    if folder.exists("R") {
      let run = try RunFiles(folder, "R")
      #expect(run.manifest.status == .interrupted)
      run.expectConsistency()
    }
  }

  @Test func verificationStopsToo() throws {
    let folder = try TemporaryFolder()
    let command = try Command(["verify"], in: folder)
    usleep(300_000)
    kill(command.process.processIdentifier, SIGINT)
    let result = try command.wait()
    #expect(result.code == 130, "\(result)")
  }
}
