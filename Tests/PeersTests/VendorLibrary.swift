import Foundation
import Peers
import Testing

/// A vendor's library on this machine that tests may use.
///
/// They look for it in the folders and files of `POINTWISE_TEST_PEERS` (separated by colons; folders are searched with
/// all that is in them), in `.peers` beside Package.swift, and where the loader looks.
enum VendorLibrary {
  /// Version 3 of oneDNN.
  static let oneDNN = find(prefix: "libdnnl.so", sonames: ["libdnnl.so.3"])
  /// ONNX Runtime.
  static let onnxRuntime = find(prefix: "libonnxruntime.so", sonames: ["libonnxruntime.so", "libonnxruntime.so.1"])

  /// Why a suite is skipped.
  static let hint: Comment = "not found in POINTWISE_TEST_PEERS, in .peers, or by the loader"

  private static func find(prefix: String, sonames: [String]) -> DynamicLibrary? {
    // OpenMP's threads spin while they wait, and other tests want the CPUs. It reads this when it is loaded.
    setenv("OMP_WAIT_POLICY", "passive", 0)
    let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let given = ProcessInfo.processInfo.environment["POINTWISE_TEST_PEERS"]?.split(separator: ":").map(String.init)
    for place in given ?? [package.appending(path: ".peers").path] {
      for path in [place] + files(in: place) where path.split(separator: "/").last?.hasPrefix(prefix) == true {
        if let library = try? DynamicLibrary(path) { return library }
      }
    }
    return sonames.lazy.compactMap { try? DynamicLibrary($0) }.first
  }

  private static func files(in folder: String) -> [String] {
    guard let names = FileManager.default.enumerator(atPath: folder) else { return [] }
    return names.compactMap { ($0 as? String).map { "\(folder)/\($0)" } }.sorted()
  }
}
