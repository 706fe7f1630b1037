#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Where a library was found.
public struct PeerLocation: Sendable, Hashable, Codable {
  /// Which library it should be.
  public var kind: PeerKind
  /// The file.
  public var path: String

  /// A library of a kind at a path.
  public init(kind: PeerKind, path: String) {
    self.kind = kind
    self.path = path
  }
}

/// Where to look for peers. The first place that has one counts: what the user names, a virtual environment, the folders
/// of the system.
public struct PeerSearch: Sendable {
  /// The variable that names libraries: `openblas=/path/libopenblas.so:mkl=/path/libmkl_rt.so.3`.
  public static let variable = "POINTWISE_PEERS"
  /// The virtual environment in the working directory.
  public static let localEnvironment = ".peers"

  private let named: [PeerKind: String]
  private let environments: [String]
  private let folders: [String]

  /// A search.
  ///
  /// - Parameters:
  ///   - named: files that the user has named on the command line.
  ///   - environment: the variables of the process.
  ///   - workingDirectory: where `.peers` is looked for.
  /// - Throws: `PeerSearchError` if the variable ``variable`` is not understood.
  public init(
    named: [PeerLocation], environment: [String: String], workingDirectory: String
  ) throws(PeerSearchError) {
    var files: [PeerKind: String] = [:]
    for entry in (environment[Self.variable] ?? "").split(separator: ":") {
      guard let location = PeerLocation(String(entry)) else { throw .variable(entry: String(entry)) }
      files[location.kind] = location.path
    }
    for location in named { files[location.kind] = location.path }
    self.named = files
    environments =
      [environment["VIRTUAL_ENV"]].compactMap { $0 }.filter { !$0.isEmpty }
      + ["\(workingDirectory)/\(Self.localEnvironment)"]
    folders =
      (environment["LD_LIBRARY_PATH"] ?? "").split(separator: ":").map(String.init) + Self.systemFolders
  }

  private static var systemFolders: [String] {
    #if arch(x86_64)
      let machine = "x86_64"
    #elseif arch(arm64)
      let machine = "aarch64"
    #else
      let machine = "unknown"
    #endif
    return [
      "/usr/local/lib", "/usr/lib/\(machine)-linux-gnu", "/lib/\(machine)-linux-gnu", "/usr/lib64", "/usr/lib",
      "/opt/intel/oneapi/mkl/latest/lib",
    ]
  }

  /// Where `kind` is; nil if it is nowhere. A file that the user named is believed: what is wrong with it shows when it
  /// is loaded.
  public func location(of kind: PeerKind) -> PeerLocation? {
    if let path = named[kind] { return PeerLocation(kind: kind, path: path) }
    let inEnvironments = environments.lazy.flatMap { environment in
      kind.environmentPatterns.lazy.compactMap { firstMatch("\(environment)/\($0)") }
    }
    if let path = inEnvironments.first { return PeerLocation(kind: kind, path: path) }
    for soname in kind.sonames {
      for folder in folders where access("\(folder)/\(soname)", R_OK) == 0 {
        return PeerLocation(kind: kind, path: "\(folder)/\(soname)")
      }
    }
    return nil
  }
}

/// The first file in alphabetical order that a pattern matches.
private func firstMatch(_ pattern: String) -> String? {
  var matches = glob_t()
  defer { globfree(&matches) }
  guard glob(pattern, 0, nil, &matches) == 0, matches.gl_pathc > 0, let path = matches.gl_pathv[0] else { return nil }
  return String(cString: path)
}

extension PeerLocation {
  /// Reads `openblas=/path/libopenblas.so`; nil if it is something else.
  public init?(_ text: String) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let kind = PeerKind(rawValue: String(parts[0])), !parts[1].isEmpty else { return nil }
    self.init(kind: kind, path: String(parts[1]))
  }
}

/// Why peers cannot be looked for.
public enum PeerSearchError: Error, Sendable, Hashable, CustomStringConvertible {
  /// An entry of the variable is not understood.
  case variable(entry: String)

  /// One sentence that names the variable, the value and what was expected.
  public var description: String {
    switch self {
    case .variable(let entry):
      "\(PeerSearch.variable) has '\(entry)'; expected NAME=PATH with one of the names "
        + PeerKind.allCases.map(\.rawValue).joined(separator: ", ") + ", entries separated by ':'"
    }
  }
}
