import ArgumentParser
import Foundation
import Results

/// The flag that names the file of tuned choices; shared by `tune` and `run`.
struct TuningCacheOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The file of tuned choices. Default: $POINTWISE_TUNING, or pointwiselab/tuning.json in $XDG_CACHE_HOME or ~/.cache.",
      valueName: "file"))
  var cacheFile: String?

  func validate() throws {
    if cacheFile == "" { throw ValidationError("--cache-file '': expected the name of a file") }
  }

  /// The cache that flag and environment name.
  ///
  /// - Throws: the error that ends the process with 64, after one sentence on standard error.
  func cache() throws -> TuningCache {
    let environment = ProcessInfo.processInfo.environment
    if let cacheFile { return TuningCache(cacheFile) }
    if let path = environment["POINTWISE_TUNING"], !path.isEmpty { return TuningCache(path) }
    guard let path = TuningCache.standardPath(environment) else {
      throw Exit.failure(
        "neither XDG_CACHE_HOME nor HOME is an absolute path; expected one of them, or --cache-file", Exit.usage)
    }
    return TuningCache(path)
  }

  /// The flags that are given.
  var given: [String] { cacheFile == nil ? [] : ["--cache-file"] }
}

/// Does something with a tuning cache. Its error ends the process: with 74 where the system refuses, with 65 where the
/// file is not what it should be.
func withTuningCache<Value>(_ body: () throws(ResultsError) -> Value) throws -> Value {
  do throws(ResultsError) { return try body() } catch {
    throw Exit.failure(error, error.isSystemError ? Exit.io : Exit.data)
  }
}
