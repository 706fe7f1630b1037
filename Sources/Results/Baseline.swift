import Foundation
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Runs that are kept by a name, to compare later ones with: the folders in `Reports/baselines`.
///
/// A baseline is a copy of run.json, results.csv and samples.csv, so it stays what it is if the run's folder goes.
public enum Baseline {
  /// Where baselines are, beside the runs: below the working directory.
  public static let folder = "Reports/baselines"

  /// Whether a text may be the name of a baseline: letters, digits and `._+-` of ASCII, the first a letter or a digit.
  public static func isName(_ text: String) -> Bool {
    func isPlain(_ character: Character) -> Bool {
      character.isASCII && (character.isLetter || character.isNumber)
    }
    return text.count <= 80 && text.first.map(isPlain) ?? false
      && text.allSatisfy { isPlain($0) || "._+-".contains($0) }
  }

  /// The folder of the baseline `name`, which may not be there.
  public static func path(_ name: String) -> String { "\(folder)/\(name)" }

  /// Whether there is a baseline of that name.
  public static func exists(_ name: String) -> Bool { isName(name) && names().contains(name) }

  /// The names of the baselines; none if there is no folder, or it cannot be read.
  public static func names() -> [String] {
    ((try? FileBytes.names(inFolder: FilePath(folder))) ?? []).filter { name in
      isName(name)
        && FilePath(path(name)).appending(RunFolder.File.manifest).withPlatformString { access($0, F_OK) } == 0
    }
  }

  /// Keeps the run in a folder as the baseline `name`. One of that name is replaced, at once.
  ///
  /// - Precondition: `isName(name)`.
  /// - Throws: `ResultsError` if a file cannot be read or written; a baseline of that name is then as it was.
  public static func save(_ run: String, as name: String) throws(ResultsError) {
    precondition(isName(name), "the name of a baseline has been checked")
    let parent = FilePath(folder)
    let target = FilePath(path(name))
    // Names that are no baseline's, so that they are never listed.
    let (new, old) = (parent.appending(".new-\(getpid())-\(name)"), parent.appending(".old-\(getpid())-\(name)"))
    try FileBytes.makeFolders(folder)
    do { try FileBytes.makeFolder(new) } catch {
      throw .system(action: "create the folder", path: "\(new)", errno: error)
    }
    defer { for rest in [new, old] { try? FileManager.default.removeItem(atPath: "\(rest)") } }
    for file in [RunFolder.File.manifest, RunFolder.File.results, RunFolder.File.samples] {
      let from = FilePath(run).appending(file)
      let bytes: [UInt8]
      do { bytes = try FileBytes.read(from) } catch {
        throw .system(action: "read", path: "\(from)", errno: error)
      }
      try FileBytes.replace(new.appending(file), with: bytes)
    }
    func move(_ from: FilePath, _ to: FilePath) throws(ResultsError) {
      if from.withPlatformString({ from in to.withPlatformString { rename(from, $0) } }) != 0 {
        throw .system(action: "write", path: "\(to)", errno: Errno(rawValue: errno))
      }
    }
    let isThere = target.withPlatformString { access($0, F_OK) } == 0
    if isThere { try move(target, old) }
    do { try move(new, target) } catch {
      if isThere { try move(old, target) }
      throw error
    }
  }
}
