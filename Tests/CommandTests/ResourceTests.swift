import Foundation
import Testing

/// Machines that give too little: each refusal is a sentence before anything is measured, and no hang or crash.
@Suite struct ResourceTests {
  private static let run = "run tiny.yaml --kernel naive --threads 1 --max-time 0.001 --output R"
  private static let commands = [
    run, "verify --layer '*oc33*' --kernel naive", "peak --threads 1", "report R",
    "equivalence mb1ic8oc8 --kernel naive --threads 1 --output E",
  ]

  @Test(arguments: [4, 5, 8, 12, 16, 24])
  func tooFewOpenFiles(limit: Int) throws {
    let folder = try TemporaryFolder()
    for command in Self.commands where command != "report R" {
      let result = try Command.shell("ulimit -n \(limit); exec \"$P\" \(command)", in: folder)
      #expect(result.code == 65 && result.sentence?.contains("open files") == true, "\(command): \(result)")
      #expect(!folder.exists("R/results.csv"))
    }
  }

  /// A soft limit is raised to the hard one.
  @Test func aSoftLimitIsNone() throws {
    let folder = try TemporaryFolder()
    let result = try Command.shell("ulimit -Sn 12; exec \"$P\" \(Self.run)", in: folder)
    #expect(result.code == 0 && folder.exists("R/report.html"), "\(result)")
  }

  /// No thread has room for a stack of 100 TB.
  @Test func tooFewThreads() throws {
    let folder = try TemporaryFolder()
    guard try Command.shell("ulimit -s 100000000000", in: folder).code == 0 else {
      print("The size of stacks is limited: a lack of threads is not tested.")
      return
    }
    #expect(try Command.shell("\"$P\" \(Self.run)", in: folder).code == 0)
    for command in Self.commands {
      let result = try Command.shell(
        "ulimit -s 100000000000; exec \"$P\" \(command.replacing(" R", with: command == "report R" ? " R" : " S"))",
        in: folder)
      #expect(result.code == 65 && result.sentence?.contains("more threads") == true, "\(command): \(result)")
      #expect(!folder.exists("S"))
    }
  }

  /// hwloc itself describes this system where it cannot read what its variables name.
  @Test(arguments: [
    ("HWLOC_XMLFILE", "/nonexistent"), ("HWLOC_XMLFILE", "tiny.yaml"), ("HWLOC_XMLFILE", "/dev/null"),
    ("HWLOC_SYNTHETIC", "nonsense"), ("HWLOC_SYNTHETIC", "node:2 frob:1"),
  ]) func variablesOfHwlocThatDescribeNothing(name: String, value: String) throws {
    let folder = try TemporaryFolder()
    for command in [Self.run, "topology"] {
      let result = try Command.shell("exec \"$P\" \(command)", in: folder, environment: [name: value])
      #expect(result.code == 65, "\(result)")
      #expect(result.sentence?.contains("\(name), '\(value)'") == true, "\(result)")
    }
  }
}
