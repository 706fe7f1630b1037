import Foundation
import Results
import Testing

/// Runs that may use less than the machine has: what taskset, a control group of CPUs, and one of CPU time leave.
@Suite struct ConfinementTests {
  /// A control group of version 1 below the one that the tests run in, which is gone when the value is.
  private final class ControlGroup {
    let path: String

    /// Makes a group of `controller`; nil where that is not mounted as version 1 or may not be done.
    init?(_ controller: String, _ settings: [(file: String, value: String)]) {
      let groups = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
      let own = groups.split(separator: "\n").lazy.map { $0.split(separator: ":", maxSplits: 2) }
        .first { $0.count == 3 && $0[1].split(separator: ",").contains(controller[...]) }
      guard let own else { return nil }
      let base = "/sys/fs/cgroup/\(controller)\(own[2] == "/" ? "" : own[2])"
      path = "\(base)/pointwise-test-\(UUID().uuidString)"
      guard mkdir(path, 0o755) == 0 else { return nil }
      for (file, value) in settings where !Self.write(value, to: "\(path)/\(file)") { return nil }
    }

    deinit { rmdir(path) }

    /// Foundation writes to a temporary file that it renames; the files of a control group want neither.
    private static func write(_ value: String, to path: String) -> Bool {
      guard let file = FileHandle(forWritingAtPath: path) else { return false }
      return (try? file.write(contentsOf: Data(value.utf8))) != nil
    }

    /// The group of one CPU: the last that these tests may use.
    static func oneCPU() -> ControlGroup? {
      let base = "/sys/fs/cgroup/cpuset/cpuset.mems"
      let nodes = (try? String(contentsOfFile: base, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
      return ControlGroup("cpuset", [("cpuset.mems", nodes ?? "0"), ("cpuset.cpus", lastCPU)])
    }

    /// The group of half a CPU's time.
    static func halfACPU() -> ControlGroup? {
      ControlGroup("cpu", [("cpu.cfs_period_us", "100000"), ("cpu.cfs_quota_us", "50000")])
    }
  }

  private static let lastCPU = String(TestMachine.allowedCPUs.split { $0 == "," || $0 == "-" }.last ?? "0")
  private static let run =
    "$P run tiny.yaml --kernel naive --layer fc --split pixels --max-time 0.001 --output R --threads"

  /// Runs `line` in shell, and checks that the run has one thread, on the last CPU alone.
  private func expectOneCPU(_ line: String) throws {
    let folder = try TemporaryFolder()
    let result = try Command.shell("\(line) all", in: folder)
    #expect(result.code == 0, "\(result)")
    let run = try RunFiles(folder, "R")
    #expect(!run.rows.isEmpty && run.rows.allSatisfy { $0.threads == 1 && $0.cpus == Self.lastCPU })
    let two = try Command.shell("\(line) 2", in: try TemporaryFolder())
    #expect(two.code == 64 || two.code == 65, "\(two)")
    #expect(two.sentence?.contains("more than the 1 CPU") == true, "\(two)")
    let list = try Command.shell("\(line) 1 --places 4095", in: try TemporaryFolder())
    #expect(list.sentence?.contains("expected eligible CPUs, which are \(Self.lastCPU)") == true, "\(list)")
  }

  @Test(.enabled(if: TestMachine.cpuCount >= 2, "one of several CPUs is taken"))
  func tasksetLeavesOneCPU() throws {
    try expectOneCPU("exec taskset -c \(Self.lastCPU) \(Self.run)")
  }

  @Test(
    .enabled(if: TestMachine.cpuCount >= 2, "one of several CPUs is taken"),
    .enabled(if: ControlGroup.oneCPU() != nil, "control groups of CPUs, version 1, must be mounted and writable"))
  func aControlGroupLeavesOneCPU() throws {
    let group = try #require(ControlGroup.oneCPU())
    try expectOneCPU("echo $$ > \(group.path)/tasks && exec \(Self.run)")
  }

  @Test(
    .enabled(if: ControlGroup.halfACPU() != nil, "control groups of CPU time, version 1, must be mounted and writable"))
  func aQuotaIsSaidAndMeasuredUnder() throws {
    let group = try #require(ControlGroup.halfACPU())
    let folder = try TemporaryFolder()
    let check = try Command.shell("echo $$ > \(group.path)/tasks && exec $P check --threads 1", in: folder)
    #expect(check.output.contains("only 0.5 CPUs' worth of time"), "\(check)")
    let result = try Command.shell("echo $$ > \(group.path)/tasks && exec \(Self.run) 1", in: folder)
    #expect(result.code == 0, "\(result)")
    #expect(result.error.contains("only 0.5 CPUs' worth of time"), "\(result)")
    #expect(try RunFiles(folder, "R").rows.allSatisfy { $0.status == .ok })
  }
}
