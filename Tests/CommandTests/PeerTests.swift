import Foundation
import PeerTestSupport
import Results
import Testing

/// Vendor libraries beside the lab's kernels: what goes wrong in one costs its own rows.
@Suite struct PeerTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// No library of this machine, unless a test names one.
  private static let nothing: [String: String?] = [
    "VIRTUAL_ENV": nil, "POINTWISE_PEERS": nil, "LD_LIBRARY_PATH": nil, "OPENBLAS_CORETYPE": nil,
  ]

  private func run(
    _ library: FakeOpenBLAS, _ more: [String] = [], threads: String = "1"
  ) throws -> (result: Command.Result, files: RunFiles) {
    let result = try Command.run(
      [
        "run", "tiny.yaml", "--kernel", "naive", "--peer", "openblas=\(library.path)", "--threads", threads,
        "--max-time",
        "0.02", "--output", "R",
      ] + more, in: folder, environment: Self.nothing)
    return (result, try RunFiles(folder, "R"))
  }

  private func peers(_ files: RunFiles) -> [Row] { files.rows.filter(\.isPeer) }

  @Test func rowsOfAPeerAreLikeAllOthers() throws {
    let threads = TestMachine.cpuCount >= 2 ? "1,2" : "1"
    let library = try FakeOpenBLAS()
    let (result, files) = try run(library, threads: threads)
    #expect(result.code == 0, "\(result)")
    files.expectConsistency()
    let rows = peers(files)
    #expect(rows.allSatisfy { $0.status == .ok && $0.peakPercent != nil && $0.speedup != nil && $0.maxError != nil })
    let plain = Set(rows.filter { $0.kernel == "openblas.sgemm" }.map { "\($0.variant) \($0.threads)" })
    var expected: Set = ["openblas.sgemm-avx2-none-library 1"]
    if threads == "1,2" {
      expected.formUnion(
        ["none-library", "channels-dispatch", "pixels-dispatch"].map { "openblas.sgemm-avx2-\($0) 2" })
    }
    #expect(plain == expected)
    // The library says what it picked; where that is less than the CPU has, it is run forced as well.
    let hasAVX512 = files.manifest.environment.isas?.contains("avx512") ?? false
    #expect(rows.contains { $0.kernel == "openblas.sgemm+SkylakeX" && $0.isa == "avx512" } == hasAVX512)
    #expect(rows.allSatisfy { $0.notes?.hasPrefix("openblas 0.3.99 (") ?? false })
    #expect(files.manifest.peers?.first?.version == "0.3.99" && files.manifest.peers?.first?.ownLayoutKernels == [])
    let report = try folder.text("R/report.md")
    #expect(
      report.contains("## Against vendor libraries") && report.contains("- openblas 0.3.99, which picked Haswell"))

    // Continued, it is the same run, and asks for the same file.
    let resumed = try withExtendedLifetime(library) {
      try Command.run(["run", "--resume", "R"], in: folder, environment: Self.nothing)
    }
    #expect(resumed.code == 0 && resumed.output.contains("nothing is left"), "\(resumed)")
  }

  /// Its own copy of the weights is out of reach, so it has what the kernel's rounds until its end had.
  @Test func aPeerHasTheBandwidthOfTheKernelsWeights() throws {
    try folder.write("layers: [mb1ic2048oc2048]\n", to: "tiny.yaml")
    let (result, files) = try run(try FakeOpenBLAS(), ["--visits", "1"])
    #expect(result.code == 0, "\(result)")
    let rates = files.samples.filter { $0.caseKey.contains("naive") }.sorted { $0.round < $1.round }
      .compactMap(\.cacheGbytesPerSecond)
    let medians = (1...rates.count).map { count in
      let some = rates.prefix(count).sorted()
      return (some[(count - 1) / 2] + some[count / 2]) / 2
    }
    #expect(!peers(files).isEmpty)
    for row in peers(files) {
      let bandwidth = try #require(row.peakGbytesPerSecond)
      #expect(medians.contains { abs($0 - bandwidth) <= 1e-9 * bandwidth }, "\(bandwidth): \(medians)")
    }
  }

  @Test(arguments: ["hot", "cold-weights", "cold"])
  func everyCacheStateIsRightOrSkippedForAReason(_ cache: String) throws {
    let (result, files) = try run(try FakeOpenBLAS(), ["--cache", cache, "--layer", "fc"])
    #expect(result.code == 0, "\(result)")
    for row in peers(files) {
      #expect(row.status == .ok || (row.status == .skipped && row.notes?.contains("copies") ?? false), "\(row)")
    }
  }

  @Test(arguments: [
    (FakeOpenBLAS.Fault.crash, "SIGSEGV"), (.lateCrash, "SIGSEGV"),
    (.exit, "exited with code 3, its last words being 'no licence'"),
    (.hang, "did not answer within"),
  ])
  func aLibraryThatFailsCostsItsRowsOnly(_ fault: FakeOpenBLAS.Fault, _ words: String) throws {
    let (result, files) = try run(
      try FakeOpenBLAS(fault), (fault == .hang ? ["--peer-patience", "3"] : []) + ["--layer", "fc"])
    #expect(result.code == 1, "\(result)")
    #expect(!peers(files).isEmpty)
    for row in files.rows {
      #expect(row.status == (row.isPeer ? .failed : .ok), "\(row.variant): \(row.notes ?? "")")
      if row.isPeer {
        #expect(row.timeMedian == nil)
        #expect(
          row.notes?.contains(words) == true || row.notes?.contains("not started again") == true, "\(row.notes ?? "")")
      }
    }
    #expect(peers(files).contains { $0.notes?.contains(words) ?? false })
  }

  @Test(arguments: [FakeOpenBLAS.Fault.wrong, .overrun])
  func aWrongResultIsCaught(_ fault: FakeOpenBLAS.Fault) throws {
    let (result, files) = try run(try FakeOpenBLAS(fault), ["--layer", "fc"])
    #expect(result.code == 1, "\(result)")
    for row in files.rows {
      #expect(row.status == (row.isPeer ? .incorrect : .ok), "\(row.variant): \(row.notes ?? "")")
      if row.isPeer { #expect(row.notes?.contains(fault == .overrun ? "past the end" : "expected") ?? false) }
    }
  }

  @Test(arguments: [FakeOpenBLAS.Fault.grab, .chatter])
  func aLibraryThatMisbehavesDisturbsNobody(_ fault: FakeOpenBLAS.Fault) throws {
    let (result, files) = try run(try FakeOpenBLAS(fault), ["--layer", "fc"])
    #expect(result.code == 0, "\(result)")
    #expect(files.rows.allSatisfy { $0.status == .ok })
    #expect(fault != .grab || peers(files).allSatisfy { $0.notes?.contains("threads") ?? false })
  }

  @Test func aLibraryThatCannotBeUsedIsASentence() throws {
    let old = try FakeOpenBLAS(.old)
    let missing = try FakeOpenBLAS(.missing)
    try folder.write("no library", to: "broken.so")
    for (path, words) in [
      (old.path, "is version 0.2.20, expected 0.3 or later"),
      (missing.path, "has no function openblas_set_num_threads"),
      (folder.path + "/broken.so", "cannot be loaded: "), ("/nowhere/lib.so", "cannot be loaded: "),
    ] {
      let output = "R\(UUID().uuidString)"
      let result = try Command.run(
        [
          "run", "tiny.yaml", "--kernel", "naive", "--layer", "fc", "--peer", "openblas=\(path)", "--max-time", "0.02",
          "--output",
          output,
        ],
        in: folder, environment: Self.nothing)
      #expect(result.code == 0, "\(result)")
      let notes = result.error.split(separator: "\n").filter { $0.contains(path) }
      #expect(notes.count == 1 && notes[0].contains(words), "\(result)")
      let files = try RunFiles(folder, output)
      #expect(!files.rows.isEmpty && files.rows.allSatisfy { $0.status == .ok && !$0.isPeer })
      #expect(files.manifest.peers?.first?.problem?.contains(words) ?? false)
      #expect(try folder.text("\(output)/report.md").contains("openblas was left out"))
    }
  }

  @Test(arguments: [
    (["--peer", "cudnn"], "--peer 'cudnn': no such library"), (["--peer", "cudnn=/a"], "'cudnn=/a' is not NAME=PATH"),
    (["--peer-patience", "0"], "seconds above 0"),
  ])
  func wrongFlagsAreUsageErrors(_ flags: [String], _ words: String) throws {
    let result = try Command.run(["run", "tiny.yaml", "--output", "R"] + flags, in: folder, environment: Self.nothing)
    #expect(result.code == 64 && result.error.contains(words), "\(result)")
    #expect(!folder.exists("R"))
  }

  @Test func withoutTheFlagNothingIsSaidOfPeers() throws {
    let result = try Command.run(
      ["run", "tiny.yaml", "--kernel", "naive", "--layer", "fc", "--max-time", "0.02", "--output", "R"], in: folder)
    #expect(result.code == 0 && !result.error.contains("openblas"), "\(result)")
    let report = try folder.text("R/report.md")
    #expect(!report.contains("vendor"))
  }

  @Test func listsWhatIsThereAndHowToGetTheRest() throws {
    let library = try FakeOpenBLAS()
    let result = try Command.run(
      ["list", "peers", "--peer", "openblas=\(library.path)"], in: folder, environment: Self.nothing)
    #expect(
      result.code == 0 && result.output.contains("openblas.sgemm") && result.output.contains(library.path), "\(result)")
    #expect(result.output.contains("mkl") && result.output.contains("onnxruntime"))
  }

  /// A process that hangs in its library does not hear that the lab is gone.
  @Test func noProcessOutlivesTheLab() throws {
    let library = try FakeOpenBLAS(.hang)
    func servers() -> [Int32] {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
      return names.compactMap { Int32($0) }.filter { process in
        let line = (try? String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8)) ?? ""
        return line.contains("peer-server") && line.contains(library.path.replacing("/", with: "\\/"))
      }
    }
    let command = try Command(
      [
        "run", "tiny.yaml", "--kernel", "naive", "--peer", "openblas=\(library.path)", "--max-time", "60",
        "--precision",
        "0.001", "--output", "R",
      ], in: folder, environment: Self.nothing.merging(["FAKE_HANGS": "\(folder.path)/hangs"]) { $1 })
    #expect(command.waits { folder.exists("hangs") && !servers().isEmpty })
    kill(command.process.processIdentifier, SIGKILL)
    // The kernel ends them when it ends their parent; it may take a moment until they are gone.
    var left = servers()
    for _ in 0..<1000 where !left.isEmpty {
      usleep(10_000)
      left = servers()
    }
    #expect(left.isEmpty)
    // One that is left holds what the lab has inherited, and waiting for the lab would wait for it.
    for process in left { kill(process, SIGKILL) }
    _ = try command.wait()
  }

  /// Whatever is installed: in POINTWISE_TEST_PEERS, in .peers beside Package.swift, or in the system.
  @Test func librariesOfThisMachineAreRight() throws {
    let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let place = ProcessInfo.processInfo.environment["POINTWISE_TEST_PEERS"] ?? package.appending(path: ".peers").path
    let result = try Command.run(
      [
        "run", "tiny.yaml", "--kernel", "naive", "--peer", "all", "--threads", "1,all", "--max-time", "0.02",
        "--output",
        "R",
      ], in: folder, environment: ["VIRTUAL_ENV": place, "POINTWISE_PEERS": nil])
    #expect(result.code == 0, "\(result)")
    let rows = peers(try RunFiles(folder, "R"))
    print("Peers on this machine: \(Set(rows.map(\.kernel)).sorted().joined(separator: ", "))")
    for row in rows { #expect(row.status == .ok || row.status == .skipped, "\(row.variant): \(row.notes ?? "")") }
  }
}
