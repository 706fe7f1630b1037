import Foundation

/// A folder with the suites of these tests, which is removed with everything in it when the value goes away.
final class TemporaryFolder {
  let url: URL
  var path: String { url.path }

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "pointwise-command-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    try write(
      """
      name: tiny
      layers:
        - mb1ic16ih7oc24oh7kh1ph0n"conv*2"
        - mb2ic32oc10n"fc"
      """, to: "tiny.yaml")
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func write(_ text: String, to name: String) throws { try Data(text.utf8).write(to: url.appending(path: name)) }

  func text(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: url.appending(path: name)), as: UTF8.self)
  }

  /// Changes a text file; false if nothing in it is `old`.
  func replace(_ old: String, with new: String, in name: String) throws -> Bool {
    let before = try text(name)
    let after = before.replacing(old, with: new)
    try write(after, to: name)
    return before != after
  }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: url.appending(path: name).path) }

  /// The lines of a file that are complete; none if there is no file.
  func completeLines(_ name: String) -> Int { ((try? text(name)) ?? "").utf8.count { $0 == UInt8(ascii: "\n") } }
}
