import Dispatch
import Foundation
import Layers
import Results
import Testing

@Suite struct TuningCacheTests {
  private static let machine = TuningEntry.Machine(cpu: "A CPU", l1d: 32 << 10, l2: 1 << 20, l3: 32 << 20)

  private static func entry(
    _ layer: String = "mb1ic16ih4oc16oh4kh1ph0", threads: Int = 1, machine: TuningEntry.Machine = machine,
    isTuned: Bool = true, nanoseconds: Double = 1000
  ) -> TuningEntry {
    TuningEntry(
      key: .init(machine: machine, kernel: "packed", isa: "avx2", threads: threads, layer: layer, layout: .nhwc),
      model: .init(tile: "p6x2", split: "none", nanoseconds: nanoseconds),
      winner: isTuned
        ? .init(
          choice: .init(tile: "p4x3", split: "none", nanoseconds: 0.9 * nanoseconds), ratio: 0.9, ratioLow: 0.88,
          ratioHigh: 0.91) : nil,
      origin: .init(
        date: Date(timeIntervalSince1970: 1_800_000_000), version: "0.1.0", team: "dispatch", places: "cores",
        bind: "close", candidates: 31))
  }

  /// The message of the error that `body` throws, and whether the system is to blame.
  private func failure(_ body: () throws -> Void) -> (message: String, isSystemError: Bool) {
    do { try body() } catch { return ("\(error)", (error as? ResultsError)?.isSystemError ?? true) }
    Issue.record("no error")
    return ("", false)
  }

  @Test func entriesSurviveTheFile() throws {
    let folder = try TemporaryFolder()
    let cache = TuningCache(folder.path + "/a/b/tuning.json")
    #expect(try cache.entries() == [])
    let noName = TuningEntry.Machine(cpu: nil, l1d: 1, l2: 2, l3: 3)
    let entries = [Self.entry(), Self.entry(threads: 2, isTuned: false), Self.entry(machine: noName)]
    try cache.merge(entries)
    #expect(try cache.entries() == entries)
    let text = try folder.text("a/b/tuning.json")
    #expect(
      text.contains(#""schema" : 1"#) && text.contains(#""date" : "2027-01-15T08:00:00Z""#) && text.hasSuffix("}\n"))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path + "/a/b").sorted() == [
        "tuning.json", "tuning.json.lock",
      ])
  }

  @Test func mergingReplacesTheSameKeyAndKeepsTheRest() throws {
    let folder = try TemporaryFolder()
    let cache = TuningCache(folder.path + "/t.json")
    let (first, second) = (Self.entry("a"), Self.entry("b"))
    try cache.merge([first, second])
    let newer = Self.entry("a", isTuned: false, nanoseconds: 7)
    let other = Self.entry("a", threads: 2)
    try cache.merge([newer, other])
    #expect(try cache.entries() == [newer, second, other])
  }

  @Test func forgettingIsOfOneMachine() throws {
    let folder = try TemporaryFolder()
    let cache = TuningCache(folder.path + "/t.json")
    #expect(try cache.forget(Self.machine) == 0)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty, "no file is made to forget nothing")
    var larger = Self.machine
    larger.l3 *= 2
    let kept = Self.entry(machine: larger)
    try cache.merge([Self.entry("a"), kept, Self.entry("b")])
    #expect(try cache.forget(Self.machine) == 2)
    #expect(try cache.entries() == [kept])
  }

  @Test func writersAtTheSameTimeKeepEachOthersEntries() throws {
    let folder = try TemporaryFolder()
    let cache = TuningCache(folder.path + "/t.json")
    let failures = Failures()
    DispatchQueue.concurrentPerform(iterations: 8) { writer in
      for index in 0..<6 {
        do { try cache.merge([Self.entry("layer \(writer) \(index)")]) } catch { failures.add("\(error)") }
      }
    }
    #expect(failures.all.isEmpty)
    #expect(try Set(cache.entries().map(\.key)).count == 48)
  }

  private final class Failures: @unchecked Sendable {
    // Guarded by the queue.
    private var messages: [String] = []
    private let queue = DispatchQueue(label: "failures")
    func add(_ message: String) { queue.sync { messages.append(message) } }
    var all: [String] { queue.sync { messages } }
  }

  struct Damage: Sendable, CustomTestStringConvertible {
    var text: String
    var words: [String]
    var testDescription: String { words.joined(separator: " ") }
  }

  static let damages = [
    Damage(text: "", words: ["is not a tuning cache"]),
    Damage(text: "{", words: ["is not a tuning cache"]),
    Damage(text: "[]", words: ["is not a tuning cache"]),
    Damage(text: #"{"entries": []}"#, words: ["is not a tuning cache", "schema"]),
    Damage(text: #"{"schema": 2, "entries": [{"new": 1}]}"#, words: ["has schema version 2; expected 1"]),
    Damage(text: #"{"schema": 1}"#, words: ["is not a tuning cache", "entries"]),
    Damage(text: #"{"schema": 1, "entries": [{"key": 1}]}"#, words: ["is not a tuning cache", "entries.0.key"]),
  ]

  @Test(arguments: damages)
  func aDamagedFileIsSaidAndStaysAsItIs(_ damage: Damage) throws {
    let folder = try TemporaryFolder()
    try folder.write(damage.text, to: "t.json")
    let cache = TuningCache(folder.path + "/t.json")
    let attempts: [() throws -> Void] = [
      { _ = try cache.entries() },
      { try cache.prepare() },
      { try cache.merge([Self.entry()]) },
      { _ = try cache.forget(Self.machine) },
    ]
    for attempt in attempts {
      let (message, isSystemError) = failure(attempt)
      #expect(!isSystemError && !message.contains("\n") && message.contains(folder.path + "/t.json"), "\(message)")
      for word in damage.words { #expect(message.contains(word), "\(message)") }
    }
    #expect(try folder.text("t.json") == damage.text)
  }

  @Test(arguments: [
    (#""threads" : 1"#, #""threads" : 0"#, "threads is 0"), (#""nanoseconds" : 900"#, #""nanoseconds" : -1"#, "-1"),
    (#""ratioLow" : 0.88"#, #""ratioLow" : 0.95"#, "0.95"), (#""layout" : "nhwc""#, #""layout" : "nhcw""#, "nhcw"),
  ])
  func impossibleValuesAreSaid(_ old: String, _ new: String, _ word: String) throws {
    let folder = try TemporaryFolder()
    let cache = TuningCache(folder.path + "/t.json")
    try cache.merge([Self.entry()])
    let text = try folder.text("t.json")
    #expect(text.contains(old))
    try folder.write(text.replacing(old, with: new), to: "t.json")
    let (message, isSystemError) = failure { _ = try cache.entries() }
    #expect(!isSystemError && message.contains("entries.0") && message.contains(word), "\(message)")
  }

  @Test func whatIsNoFileIsLeftAlone() throws {
    let folder = try TemporaryFolder()
    try folder.write("x", to: "file")
    for path in ["/dev/null", folder.path, folder.path + "/file/t.json"] {
      let (message, isSystemError) = failure { try TuningCache(path).merge([Self.entry()]) }
      #expect(isSystemError && message.contains(path) && !message.contains("\n"), "\(message)")
    }
    // A link stays one.
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/link.json", withDestinationPath: "real.json")
    try folder.write(#"{"schema": 1, "entries": []}"#, to: "real.json")
    try TuningCache(folder.path + "/link.json").merge([Self.entry()])
    #expect(try TuningCache(folder.path + "/real.json").entries() == [Self.entry()])
  }

  @Test func theStandardPathFollowsXDG() {
    let cases: [([String: String], String?)] = [
      (["XDG_CACHE_HOME": "/x", "HOME": "/h"], "/x/pointwiselab/tuning.json"),
      (["HOME": "/h"], "/h/.cache/pointwiselab/tuning.json"),
      (["XDG_CACHE_HOME": "", "HOME": "/h"], "/h/.cache/pointwiselab/tuning.json"),
      (["XDG_CACHE_HOME": "relative", "HOME": "/h"], "/h/.cache/pointwiselab/tuning.json"),
      (["HOME": "relative"], nil), ([:], nil),
    ]
    for (environment, path) in cases { #expect(TuningCache.standardPath(environment) == path, "\(environment)") }
  }
}
