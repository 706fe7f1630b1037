import Foundation
import Layers
import Results
import Testing

/// Whole runs of tiny suites.
@Suite struct RunTests {
  /// The columns of results.csv, as the project promises them.
  static let header =
    "schema,run,suite,network,layer,op,layout,dtype,mb,ic,oc,ih,iw,oh,ow,sh,sw,m,n,k,count,bias,activation,"
    + "variant,kernel,isa,split,team,threads,places,bind,cpus,cache,status,quality,notes,max_error,error_bound,"
    + "rounds,clean_rounds,iterations,time_min_ns,time_median_ns,time_mean_ns,time_p90_ns,time_mad_ns,time_cv_pct,"
    + "time_ci_lo_ns,time_ci_hi_ns,gflops,gbytes_per_s,arithmetic_intensity,peak_gflops,peak_gbytes_per_s,bound,"
    + "peak_pct,roofline_pct,speedup,efficiency_pct,prepare_ns,imbalance_pct,clock_ghz"

  /// The kernels that `list kernels` shows, and the widest ISA.
  private func catalog(_ folder: TemporaryFolder) throws -> (kernels: [String], isa: String) {
    let result = try Command.run(["list", "kernels"], in: folder)
    // Tiles that can be chosen by hand follow after an empty line.
    let table = result.output.split(separator: "\n", omittingEmptySubsequences: false).prefix { !$0.isEmpty }
    let rows = table.dropFirst().map { $0.split(separator: " ", maxSplits: 1) }
    let isas = ["avx512", "avx2", "portable"]
    return (rows.map { String($0[0]) }, isas.first { rows[0][1].contains($0) } ?? "")
  }

  @Test func aRunFromEndToEnd() throws {
    let folder = try TemporaryFolder()
    let threads = TestMachine.cpuCount >= 2 ? [1, 2] : [1]
    if threads.count < 2 { print("One CPU: the run is tested on one thread only.") }
    let list = threads.map(String.init).joined(separator: ",")
    let arguments = [
      "run", "tiny.yaml", "--max-time", "0.05", "--threads", list, "--split", "channels,pixels", "--output", "a/b/R",
      "--seed", "7",
    ]
    let result = try Command.run(arguments, in: folder)
    #expect(result.code == 0, "\(result)")

    let run = try RunFiles(folder, "a/b/R")
    #expect(try folder.text("a/b/R/results.csv").hasPrefix(Self.header + "\n"))
    run.expectConsistency()

    let (kernels, isa) = try catalog(folder)
    #expect(kernels.count >= 4 && !isa.isEmpty)
    var expected: [[String]] = []
    for (layer, layouts) in [("mb1ic16ih7oc24oh7kh1ph0", ["nchw", "nhwc"]), ("mb2ic32oc10", ["nc"])] {
      for layout in layouts {
        for kernel in kernels {
          for count in threads {
            for split in count == 1 ? ["none"] : ["channels", "pixels"] {
              expected.append([layer, layout, "\(kernel)-\(isa)-\(split)-dispatch", "\(count)"])
            }
          }
        }
      }
    }
    let found = run.rows.map { [$0.layer, $0.layout.rawValue, $0.variant, "\($0.threads)"] }
    func text(_ cases: [[String]]) -> [String] { cases.map { $0.joined(separator: " ") }.sorted() }
    #expect(text(found) == text(expected))
    #expect(run.rows.allSatisfy { $0.status == .ok && $0.run == "R" && $0.suite == "tiny" && $0.cpus != "" })
    #expect(run.rows.allSatisfy { $0.speedup != nil && Set($0.cpus.split(separator: " ")).count == $0.threads })

    #expect(run.manifest.status == .complete && run.manifest.seed == 7 && run.manifest.ended != nil)
    #expect(Array(run.manifest.commandLine.dropFirst()) == arguments)
    #expect(run.manifest.plan?.cases == expected.count && run.manifest.placements.count == threads.count)
    #expect(run.manifest.suites.map(\.file) == ["tiny.yaml"])
    #expect(run.manifest.environment.machine != nil && run.manifest.environment.isas?.last == isa)

    // What it took is said, recorded and reported.
    let costs = try #require(run.manifest.costs)
    #expect(try costs.total > 0 && #require(costs.measuredPart) > 0 && costs.measuredPart ?? 2 < 1)
    #expect(Set(["timed", "warmUp", "verification", "preparation", "writing"]).isSubset(of: costs.seconds.keys))
    let peakMemory = try #require(costs.peakMemory)
    #expect(peakMemory > 1 << 20 && peakMemory <= costs.memoryBound)
    #expect(result.error.contains("% in timed regions, warm-up and verification"))
    #expect(try folder.text("a/b/R/report.md").contains("% in timed regions, warm-up and verification"))

    let report = try folder.text("a/b/R/report.md")
    for kernel in kernels { #expect(report.contains("\(kernel)-\(isa)-none-dispatch")) }
    // Results on standard output, progress on standard error.
    #expect(result.output.contains("GFLOP/s") && result.output.hasSuffix("Report: a/b/R/report.md\n"))
    #expect(!result.output.contains("left,") && !result.output.contains("\u{1B}") && !result.output.contains("\r"))
    #expect(result.error.contains("\(expected.count) cases on 2 layers") && !result.error.contains("\u{1B}"))

    // The report again, the same to the byte.
    try FileManager.default.removeItem(at: folder.url.appending(path: "a/b/R/report.md"))
    let again = try Command.run(["report", "a/b/R"], in: folder)
    #expect(again.code == 0 && again.output == result.output, "\(again)")
    #expect(try folder.text("a/b/R/report.md") == report)

    let resumed = try Command.run(["run", "--resume", "a/b/R"], in: folder)
    #expect(resumed.code == 0 && resumed.output.contains("nothing is left"), "\(resumed)")
  }

  @Test func valuesThatAreRepeatedCountOnce() throws {
    let folder = try TemporaryFolder()
    let result = try Command.run(
      [
        "run", "tiny.yaml", "--kernel", "naive", "--isa", "portable,portable", "--team",
        "dispatch-apply,dispatch-apply",
        "--cache", "hot,hot", "--layout", "nhwc,nhwc", "--threads", "1,1", "--max-time", "0.001", "--output", "R",
      ], in: folder)
    #expect(result.code == 0, "\(result)")
    let run = try RunFiles(folder, "R")
    #expect(
      run.rows.map { "\($0.layer) \($0.variant)" }.sorted() == [
        "mb1ic16ih7oc24oh7kh1ph0 naive-portable-none-dispatch-apply", "mb2ic32oc10 naive-portable-none-dispatch-apply",
      ])
    run.expectConsistency()
  }

  @Test func moreThreadsThanCPUsAreMarked() throws {
    let folder = try TemporaryFolder()
    let result = try Command.run(
      [
        "run", "tiny.yaml", "--kernel", "naive", "--layer", "fc", "--split", "pixels", "--threads",
        "\(TestMachine.cpuCount + 1)", "--oversubscribe", "wrap", "--max-time", "0.001", "--output", "R",
      ], in: folder)
    #expect(result.code == 0, "\(result)")
    let run = try RunFiles(folder, "R")
    #expect(run.rows.map(\.quality) == [.oversubscribed])
    run.expectConsistency()
  }

  @Test func autoSaysWhatItTookAndMemoryWhereItIs() throws {
    let folder = try TemporaryFolder()
    let result = try Command.run(
      [
        "run", "tiny.yaml", "--kernel", "simd", "--split", "auto", "--threads", "2", "--oversubscribe", "wrap",
        "--memory", "first-touch", "--pages", "small", "--team", "pinned", "--max-time", "0.001", "--output", "R",
      ], in: folder)
    #expect(result.code == 0, "\(result)")
    let run = try RunFiles(folder, "R")
    run.expectConsistency()
    #expect(run.rows.count == 3)
    for row in run.rows {
      #expect(row.split == "auto" && row.variant.hasSuffix("-auto-pinned"))
      let notes = try #require(row.notes)
      #expect(
        ["channels", "pixels", "grid of 1 × 2", "grid of 2 × 1", "reduction"].contains {
          notes.hasPrefix("auto took \($0); ")
        }, "\(notes)")
      #expect(notes.contains("page"), "\(notes)")
    }
    #expect(run.manifest.settings.memory == "first-touch" && run.manifest.settings.pages == "small")
  }

  @Test func aShortLayerOnTwoThreadsHasARowOfOne() throws {
    let folder = try TemporaryFolder()
    try folder.write("layers: [mb1ic240oc10, mb8ic512oc2048]\n", to: "short.yaml")
    let result = try Command.run(
      [
        "run", "short.yaml", "--kernel", "packed", "--threads", "1,2", "--oversubscribe", "wrap", "--max-time", "0.001",
        "--output", "R",
      ], in: folder)
    #expect(result.code == 0, "\(result)")
    let run = try RunFiles(folder, "R")
    run.expectConsistency()
    let rows = run.rows.map { "\($0.n) \($0.split) \($0.threads)" }.sorted()
    #expect(
      rows == [
        "10 auto 2", "10 channels 2", "10 none 1", "10 pixels 2", "2048 channels 2", "2048 none 1", "2048 pixels 2",
      ])
    let row = try #require(run.rows.first { $0.split == "auto" })
    #expect(row.notes?.hasPrefix("auto took none: 1 of 2 threads computes; ") ?? false, "\(row.notes ?? "")")
    #expect(row.imbalancePercent == nil && row.speedup != nil && row.efficiencyPercent != nil)
    let resumed = try Command.run(["run", "--resume", "R"], in: folder)
    #expect(resumed.code == 0 && resumed.output.contains("nothing is left"), "\(resumed)")
  }

  @Test func casesThatTakeTooLongAreSkippedAloud() throws {
    let folder = try TemporaryFolder()
    try folder.write("layers: [mb64ic1024oc1024]\n", to: "big.yaml")
    let result = try Command.run(
      [
        "run", "big.yaml", "--kernel", "naive", "--isa", "portable", "--threads", "1", "--max-time", "0.0001",
        "--output", "R",
      ], in: folder)
    #expect(result.code == 0 && result.error.contains("skipped: naive-portable-none-dispatch"), "\(result)")
    let run = try RunFiles(folder, "R")
    #expect(run.rows.map(\.status) == [.skipped] && run.rows[0].notes?.contains("--max-time") == true)
    run.expectConsistency()
  }

  /// 16 MiB of weights fit the L2 caches of no thread: each sample is followed by a reading of them, whose median is the
  /// row's bandwidth. With cold caches it is a ceiling.
  @Test func aLayerThatStreamsItsWeightsIsComparedWithReadingThem() throws {
    let folder = try TemporaryFolder()
    try folder.write("layers: [mb1ic2048oc2048]\n", to: "stream.yaml")
    let result = try Command.run(
      [
        "run", "stream.yaml", "--kernel", "simd,packed", "--threads", "1", "--cache", "hot,cold-weights", "--max-time",
        "0.05", "--output", "R",
      ], in: folder)
    #expect(result.code == 0, "\(result)")
    let run = try RunFiles(folder, "R")
    run.expectConsistency()
    #expect(run.rows.count == 4)
    for row in run.rows {
      let samples = run.samples.filter { $0.caseKey == row.caseKey }
      let clean = samples.filter { $0.taint == nil }
      let rates = (clean.count >= 6 ? clean : samples).compactMap(\.cacheGbytesPerSecond).sorted()
      let median = (rates[(rates.count - 1) / 2] + rates[rates.count / 2]) / 2
      let bandwidth = try #require(row.peakGbytesPerSecond)
      #expect((abs(bandwidth - median) <= 1e-9 * median) == (row.cache == "hot"), "\(bandwidth), \(median)")
      let limit = try min(#require(row.peakGFLOPS), #require(row.arithmeticIntensity) * bandwidth)
      let percent = try 100 * #require(row.gflops) / limit
      if row.cache == "hot" { #expect(try abs(#require(row.rooflinePercent) - percent) <= 1e-6 * percent) }
    }
  }

  /// Whatever is in the way, it is named, it is left as it is, and the exit code is 74.
  @Test(arguments: [
    ("taken", "not empty"), ("tiny.yaml", "not a folder"), ("tiny.yaml/below", "Not a directory"),
    ("/proc/nothing", "cannot create the folder /proc/nothing"),
  ]) func outputFoldersThatCannotBe(output: String, words: String) throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(at: folder.url.appending(path: "taken"), withIntermediateDirectories: true)
    try folder.write("mine", to: "taken/precious")
    let before = try folder.text("tiny.yaml")
    let result = try Command.run(["run", "tiny.yaml", "--max-time", "0.001", "--output", output], in: folder)
    #expect(result.code == 74 && result.sentence?.contains(words) == true, "\(result)")
    #expect(result.sentence?.contains(output) == true, "\(result)")
    #expect(try folder.text("taken/precious") == "mine" && folder.text("tiny.yaml") == before)
  }

  @Test func homeAndWorkingDirectoryAreNotNeeded() throws {
    let folder = try TemporaryFolder()
    let run = "run tiny.yaml --kernel naive --layer fc --threads 1 --max-time 0.001 --output"
    let bare = try Command.shell("env -i \"$P\" \(run) R", in: folder)
    #expect(bare.code == 0 && folder.exists("R/report.md"), "\(bare)")
    let gone = try Command.shell(
      "P=$(realpath \"$P\"); D=$PWD; mkdir gone; cd gone; rmdir ../gone; \"$P\" \(run.replacing("tiny", with: "$D/tiny")) $D/S",
      in: folder)
    #expect(gone.code == 0 && folder.exists("S/report.md"), "\(gone)")
    let nowhere = try Command.shell(
      "P=$(realpath \"$P\"); mkdir gone; cd gone; rmdir ../gone; \"$P\" run --max-time 0.001", in: folder)
    #expect(nowhere.code == 74 && nowhere.sentence?.contains("Reports") == true, "\(nowhere)")
  }
}
