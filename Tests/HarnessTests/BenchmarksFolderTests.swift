import Harness
import Testing

@Testing.Suite struct BenchmarksFolderTests {
  /// Locates among imagined files; the folders are those above them.
  private func locate(
    _ files: [String], environment: [String: String] = [:], executable: String? = nil, from directory: String = "/"
  ) throws -> String? {
    try BenchmarksFolder.locate(
      environment: environment, executable: executable, workingDirectory: directory,
      isFolder: { folder in files.contains { $0.hasPrefix(folder + "/") } },
      isFile: { files.contains($0) })
  }

  private let package = "/src/lab/Benchmarks/quick.yaml"
  private let binary = "/src/lab/.build/x86_64-unknown-linux-gnu/release/pointwise"

  @Test func environmentGoesFirst() throws {
    let files = [package, "/mine/suites/a.yaml"]
    #expect(
      try locate(files, environment: ["POINTWISE_BENCHMARKS": "/mine/suites"], executable: binary) == "/mine/suites")
    #expect(try locate(files, environment: ["POINTWISE_BENCHMARKS": ""], executable: binary) == "/src/lab/Benchmarks")
    let error = #expect(throws: SuiteError.self) {
      try locate(files, environment: ["POINTWISE_BENCHMARKS": "/nowhere"], executable: binary)
    }
    #expect(error?.description == "POINTWISE_BENCHMARKS is '/nowhere', but an existing folder was expected")
  }

  @Test func executableGoesBeforeWorkingDirectory() throws {
    let files = [package, "/home/me/Benchmarks/quick.yaml"]
    #expect(try locate(files, executable: binary, from: "/home/me/deep/down") == "/src/lab/Benchmarks")
    #expect(try locate(files, executable: "/usr/bin/pointwise", from: "/home/me/deep/down") == "/home/me/Benchmarks")
    #expect(try locate(files, from: "/home/me") == "/home/me/Benchmarks")
    #expect(try locate(files, from: "/tmp") == nil)
  }

  @Test func foldersOfOtherProjectsDoNotCount() throws {
    let files = ["/home/me/other/Benchmarks/Package.swift", "/home/me/Benchmarks/quick.yaml"]
    #expect(try locate(files, from: "/home/me/other/sub") == "/home/me/Benchmarks")
  }

  @Test func relativeExecutableEndsSomewhere() throws {
    #expect(try locate([package], executable: "pointwise", from: "") == nil)
  }

  @Test func thisProcessFindsThePackage() throws {
    #expect(try BenchmarksFolder.locate() == shippedSuites)
  }
}
