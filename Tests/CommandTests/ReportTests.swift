import Foundation
import Testing

/// `pointwise report` and `--resume` on folders that are not what they should be.
@Suite struct ReportTests {
  @Test(arguments: ["report", "run --resume"]) func foldersOfNoRun(command: String) throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(at: folder.url.appending(path: "empty"), withIntermediateDirectories: true)
    for (name, words) in [
      ("nosuch", "No such file or directory"), ("empty", "expected the folder of a run"),
      ("tiny.yaml", "not a folder"),
    ] {
      let result = try Command.run(command.split(separator: " ").map(String.init) + [name], in: folder)
      #expect(result.code == 74 && result.sentence?.contains(words) == true, "\(result)")
      #expect(result.sentence?.contains(name) == true)
    }
  }

  @Test func plotsAreChosenAndMayBeMissing() throws {
    let folder = try TemporaryFolder()
    let run = [
      "run", "tiny.yaml", "--kernel", "naive", "--layer", "fc", "--threads", "1", "--max-time", "0.001", "--output",
      "R",
    ]
    // No gnuplot: the run is as good as ever, and says once what is missing.
    let bare = ["PATH": folder.url.path]
    let first = try Command.run(run, in: folder, environment: bare)
    #expect(first.code == 0 && first.error.split(separator: "Note: Plots are missing").count == 2, "\(first)")
    #expect(try folder.text("R/report.md").contains("gnuplot-nox"))
    #expect(try folder.text("R/report.html").hasPrefix("<!DOCTYPE html>"))
    let again = try Command.run(["report", "R"], in: folder, environment: bare)
    #expect(again.code == 0 && again.error.contains("gnuplot cannot be started"), "\(again)")

    let none = try Command.run(["report", "R", "--plots", "none"], in: folder, environment: bare)
    #expect(none.code == 0 && none.error == "", "\(none)")
    #expect(try !folder.text("R/report.md").contains("Plots are missing"))
    let wrong = try Command.run(["report", "R", "--plots", "gif"], in: folder)
    #expect(wrong.code == 64 && wrong.sentence?.contains("gif") == true, "\(wrong)")
  }

  @Test(arguments: ["report", "run --resume"]) func brokenFiles(command: String) throws {
    let folder = try TemporaryFolder()
    let run = [
      "run", "tiny.yaml", "--kernel", "naive", "--layer", "fc", "--threads", "1", "--max-time", "0.001", "--output",
      "R",
    ]
    #expect(try Command.run(run, in: folder).code == 0)
    for (file, old, new, words) in [
      ("run.json", "{", "", "run.json is not the description of a run"),
      ("run.json", "\"seed\"", "\"sead\"", "seed"),
      ("run.json", "\"schema\" : 3", "\"schema\" : 7", "run.json has schema version 7; expected 3"),
      ("results.csv", "schema,run", "run,schema", "results.csv:1: column 1 is called \"run\"; expected schema"),
      ("results.csv", "f32", "f16", "results.csv:2: dtype is \"f16\"; expected one of f32"),
      ("results.csv", "\n1,", "\n2,", "results.csv has schema version 2; expected 1"),
      ("results.csv", ",nc,", ",", "results.csv:2: the line has"),
      ("samples.csv", "time_ns", "time", "samples.csv:1: column"),
      ("samples.csv", ",0,0,", ",zero,0,", "samples.csv:2: round is \"zero\"; expected an integer"),
      ("samples.csv", "case,", "\"", "samples.csv:1"),
    ] {
      let before = try folder.text("R/\(file)")
      #expect(try folder.replace(old, with: new, in: "R/\(file)"), "\(old)")
      let result = try Command.run(command.split(separator: " ").map(String.init) + ["R"], in: folder)
      #expect(result.code == 65 && result.sentence?.contains(words) == true, "\(words): \(result)")
      try folder.write(before, to: "R/\(file)")
    }
  }
}
