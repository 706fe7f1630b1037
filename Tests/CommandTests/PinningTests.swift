import Foundation
import Results
import Testing

/// Looks from outside at where the threads of a run may run.
@Suite struct PinningTests {
  @Test(
    .enabled(if: TestMachine.cpuCount >= 2, "two pinned threads need two CPUs"), arguments: ["dispatch", "pinned"])
  func workersSitWhereTheManifestSays(team: String) throws {
    let folder = try TemporaryFolder()
    let command = try Command(
      [
        "run", "tiny.yaml", "--kernel", "simd", "--layer", "fc", "--split", "pixels", "--threads", "2", "--team", team,
        "--precision", "1e-9", "--max-time", "60", "--output", "R",
      ], in: folder)
    defer { kill(command.process.processIdentifier, SIGKILL) }
    let tasks = "/proc/\(command.process.processIdentifier)/task"
    func pinned() -> [String] {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
      return names.map { TestMachine.allowed(task: "\(tasks)/\($0)") }.filter { TestMachine.count($0) == 1 }.sorted()
    }
    #expect(command.waits { pinned().count >= 2 })
    // The main thread, like all others that are no workers, may run wherever the process may.
    #expect(TestMachine.allowed(task: "\(tasks)/\(command.process.processIdentifier)") == TestMachine.allowedCPUs)
    let found = pinned()
    kill(command.process.processIdentifier, SIGINT)
    let result = try command.wait()
    #expect(result.code == 130, "\(result)")

    let run = try RunFiles(folder, "R")
    guard case .array(let assignments)? = run.manifest.placements.first?["assignments"] else {
      Issue.record("run.json has no placement: \(run.manifest.placements)")
      return
    }
    let cpus = assignments.compactMap { assignment -> String? in
      guard case .integer(let cpu)? = assignment["cpu"] else { return nil }
      return "\(cpu)"
    }
    #expect(cpus.count == 2 && Set(cpus).count == 2)
    #expect(found == cpus.sorted())
    #expect(run.rows.allSatisfy { $0.cpus == cpus.joined(separator: " ") })
  }

  @Test(
    .enabled(if: TestMachine.cpuCount >= 2, "an unpinned thread differs from a pinned one on two CPUs"),
    arguments: [["--team", "dispatch-apply"], ["--bind", "none", "--team", "pinned"], ["--bind", "none"]])
  func theControlIsNotPinned(flags: [String]) throws {
    let folder = try TemporaryFolder()
    let command = try Command(
      [
        "run", "tiny.yaml", "--kernel", "simd", "--layer", "fc", "--split", "pixels", "--threads", "2", "--precision",
        "1e-9", "--max-time", "60", "--output", "R",
      ] + flags, in: folder)
    defer { kill(command.process.processIdentifier, SIGKILL) }
    #expect(command.waits { folder.exists("R/run.json") })
    usleep(300_000)
    let tasks = "/proc/\(command.process.processIdentifier)/task"
    let masks = try FileManager.default.contentsOfDirectory(atPath: tasks).map {
      TestMachine.allowed(task: "\(tasks)/\($0)")
    }
    #expect(masks.filter { !$0.isEmpty }.allSatisfy { $0 == TestMachine.allowedCPUs }, "\(masks)")
  }
}
