import Foundation
import SystemPackage

/// Finds the folder of the suites that ship with the package, from whatever folder the program runs in.
public enum BenchmarksFolder {
  /// The environment variable that names the folder and goes before all other places.
  public static let variable = "POINTWISE_BENCHMARKS"

  /// The default suite. A folder called Benchmarks is taken for ours only if it holds this suite.
  public static let defaultSuite = "quick"

  /// The folder for this process; nil if there is none.
  ///
  /// - Throws: `SuiteError` if the environment variable names something that is not a folder.
  public static func locate() throws(SuiteError) -> String? {
    let link = "/proc/self/exe"
    return try locate(
      environment: ProcessInfo.processInfo.environment,
      executable: (try? FileManager.default.destinationOfSymbolicLink(atPath: link)) ?? Bundle.main.executablePath,
      workingDirectory: FileManager.default.currentDirectoryPath,
      isFolder: { path in
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
      },
      isFile: { FileManager.default.fileExists(atPath: $0) })
  }

  /// The folder for a process with the given surroundings: the one that the environment names; else a folder called
  /// Benchmarks beside the executable or above it, as in `.build/release/pointwise`; else one in the working
  /// directory or above it. Paths are absolute.
  ///
  /// - Throws: `SuiteError` if the environment variable names something that is not a folder.
  public static func locate(
    environment: [String: String], executable: String?, workingDirectory: String,
    isFolder: (String) -> Bool, isFile: (String) -> Bool
  ) throws(SuiteError) -> String? {
    if let named = environment[variable], !named.isEmpty {
      guard isFolder(named) else {
        throw SuiteError("\(variable) is '\(named)', but an existing folder was expected", at: nil)
      }
      return named
    }
    let starts = [executable.map { FilePath($0).removingLastComponent() }, FilePath(workingDirectory)]
    for start in starts.compactMap(\.self) {
      var folder = start
      while true {
        let candidate = folder.appending("Benchmarks")
        if isFile(candidate.appending("\(defaultSuite).yaml").string) { return candidate.string }
        if !folder.removeLastComponent() { break }
      }
    }
    return nil
  }
}
