import ArgumentParser
import Foundation
import Harness
import Kernels
import Peers

/// One word of `--peer`.
enum PeerWord: Sendable, Hashable {
  /// A library at a path, which is also chosen.
  case file(PeerLocation)
  /// A pattern for libraries or their ways of computing.
  case pattern(String)

  static func parse(_ text: String) throws -> ListOption<PeerWord> {
    let words = try ListOption<String>.parse(text).values
    return ListOption(
      try words.map { word in
        if !word.contains("=") { return .pattern(word == "all" ? "*" : word) }
        guard let location = PeerLocation(word) else {
          throw ValidationError(
            "'\(word)' is not NAME=PATH with one of the names \(PeerKind.allCases.map(\.rawValue).joined(separator: ", "))"
          )
        }
        return .file(location)
      })
  }
}

/// The flags about peers.
struct PeerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Vendor libraries to measure beside the kernels: all, none, or patterns such as 'openblas,mkl.*'; NAME=PATH names a "
        + "library's file and chooses it. See 'list peers'. Default: none.",
      valueName: "glob,…|name=path"),
    transform: PeerWord.parse)
  var peer: [ListOption<PeerWord>] = []

  @Option(
    help: ArgumentHelp("What a library's process does between its turns: stopped, running.", visibility: .private),
    transform: { text in
      guard let idle = PeerSettings.Idle(rawValue: text) else { throw ValidationError("expected stopped or running") }
      return idle
    })
  var peerIdle: PeerSettings.Idle?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How long a library may be silent beyond its work, in seconds.", visibility: .private),
    transform: { try NumberOption.positive($0, upTo: 86_400, "seconds") })
  var peerPatience: Double?

  /// The flags that are given.
  var given: [String] {
    [("--peer", !peer.isEmpty), ("--peer-idle", peerIdle != nil), ("--peer-patience", peerPatience != nil)]
      .filter(\.1).map(\.0)
  }

  /// How processes are run.
  var settings: PeerSettings {
    var settings = PeerSettings()
    if let peerIdle { settings.idle = peerIdle }
    if let peerPatience { settings.patience = peerPatience }
    return settings
  }

  private var words: [PeerWord] { peer.flatMap(\.values) }

  /// Where to look for libraries.
  ///
  /// - Throws: the error that ends the process, after one sentence on standard error.
  func search() throws -> PeerSearch {
    let files = words.compactMap { word -> PeerLocation? in if case .file(let location) = word { location } else { nil }
    }
    do {
      return try PeerSearch(
        named: files, environment: ProcessInfo.processInfo.environment,
        workingDirectory: FileManager.default.currentDirectoryPath)
    } catch {
      throw Exit.failure(error, Exit.data)
    }
  }

  /// Loads what was asked for. What is missing or cannot be used is one sentence on standard error, and left out.
  ///
  /// - Throws: the error that ends the process, if a pattern fits no library that the lab knows.
  func choose(_ catalog: Catalog) throws -> (kernels: [PeerKernel], found: [PeerInventory]) {
    let search = try search()
    let words = words.filter { $0 != .pattern("none") }
    var kernels: [PeerKernel] = []
    var found: [PeerInventory] = []
    for word in words {
      if case .pattern(let pattern) = word, !PeerKind.allCases.contains(where: { $0.mayMatch(pattern) }) {
        throw Exit.failure(
          "--peer '\(pattern)': no such library; expected all, none, or patterns for "
            + PeerKind.allCases.map(\.rawValue).joined(separator: ", "),
          Exit.usage)
      }
    }
    guard let probeISA = catalog.isas.last else { return ([], []) }
    for kind in PeerKind.allCases {
      let isNamed = words.contains { if case .file(let location) = $0 { location.kind == kind } else { false } }
      let patterns = words.compactMap { word -> String? in if case .pattern(let text) = word { text } else { nil } }
      guard isNamed || patterns.contains(where: kind.mayMatch) else { continue }
      let inventory = PeerInventory(kind, search, settings, isas: catalog.isas)
      found.append(inventory)
      if let problem = inventory.problem { printToStandardError("Note: \(problem)") }
      if inventory.location == nil {
        printToStandardError("Note: \(kind.rawValue) is not found, and is left out; to get it: \(kind.packages)")
      }
      kernels += inventory.kernels(probeISA: probeISA).filter { kernel in
        isNamed || patterns.contains { Glob.matches(kernel.name, $0) || Glob.matches(kind.rawValue, $0) }
      }
    }
    return (kernels, found)
  }
}

extension PeerKind {
  /// Whether a pattern may fit the library's name, or that of one of its ways of computing.
  fileprivate func mayMatch(_ pattern: String) -> Bool {
    Glob.matches(rawValue, pattern)
      || pattern.prefix { $0 != "." } != pattern && Glob.matches(rawValue, String(pattern.prefix { $0 != "." }))
  }
}
