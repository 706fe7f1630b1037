import Foundation
import Layers

extension Suite {
  /// The suffixes of suite files. A file with another name is one of benchdnn descriptors.
  public static let fileExtensions = [".yaml", ".yml"]

  /// Loads a suite by the name of a shipped one or by a file's path.
  ///
  /// A word without `/` and without a suite file's suffix is looked for among the suites in `folders` first, and then
  /// as a file. A suite of a file of benchdnn descriptors is named after the file; its layers have the bias that the
  /// file's `--dir` options give them, which is true by default.
  ///
  /// - Parameter origin: the folder that a relative path is as seen from, if there is such a file; otherwise, and without
  ///   it, that is the working directory.
  /// - Throws: `SuiteError` if there is no such suite or file, or if its content is not as Benchmarks/README.md says.
  public static func load(
    _ nameOrPath: String, searching folders: [String], from origin: String? = nil
  ) throws(SuiteError) -> Suite {
    if nameOrPath.isEmpty { throw SuiteError("a suite's name or a file was expected, but the text is empty", at: nil) }
    let isSuiteFile = fileExtensions.contains { nameOrPath.hasSuffix($0) }
    let isName = !nameOrPath.contains("/") && !isSuiteFile
    if isName {
      for folder in folders {
        for suffix in fileExtensions {
          let path = "\(folder)/\(nameOrPath)\(suffix)"
          if FileManager.default.fileExists(atPath: path) {
            var suite = try SuiteReader.suite(yamlAt: path)
            suite.shippedIn = URL(fileURLWithPath: folder).standardized.lastPathComponent
            return suite
          }
        }
      }
    }
    let path = path(nameOrPath, from: origin)
    if isName && !FileManager.default.fileExists(atPath: path) { throw unknown(nameOrPath, searching: folders) }
    return isSuiteFile ? try SuiteReader.suite(yamlAt: path) : try SuiteReader.suite(shapesAt: path)
  }

  /// The path of a file that is as seen from `origin`, if it is there, or else from the working directory.
  public static func path(_ file: String, from origin: String?) -> String {
    guard let origin, !file.hasPrefix("/") else { return file }
    let path = "\(origin)/\(file)"
    return FileManager.default.fileExists(atPath: path) ? path : file
  }

  private static func unknown(_ name: String, searching folders: [String]) -> SuiteError {
    let known = folders.flatMap(names(in:)).sorted()
    let guess = nearest(to: name, among: known).map { "did you mean '\($0)'? " } ?? ""
    let expected =
      known.isEmpty
      ? "and no Benchmarks folder with suites was found; set \(BenchmarksFolder.variable) to one, or give a path"
      : "\(guess)the suites are \(list(known))"
    return SuiteError(
      "'\(shortened(name))' is neither a suite nor a file\(known.isEmpty ? ", " : "; ")\(expected)", at: nil)
  }

  /// The names of the suite files in a folder, sorted. Empty if the folder cannot be read.
  static func names(in folder: String) -> [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.compactMap { file in
      fileExtensions.first { file.hasSuffix($0) && file.count > $0.count && !file.hasPrefix(".") }
        .map { String(file.dropLast($0.count)) }
    }.sorted()
  }

  /// A suite file of a folder.
  public struct Listing: Sendable {
    /// The name that `load` takes.
    public let name: String
    /// The suite, or why its file cannot be used: one broken file does not hide the others.
    public let suite: Result<Suite, SuiteError>
  }

  /// The suites of a folder, sorted by name. Empty if the folder has none or cannot be read.
  public static func available(in folder: String) -> [Listing] {
    names(in: folder).map { name in
      Listing(name: name, suite: Result { () throws(SuiteError) in try load(name, searching: [folder]) })
    }
  }
}
