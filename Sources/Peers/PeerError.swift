/// Why a peer, or one of its layers, cannot be measured.
public enum PeerError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The dynamic loader refused the file; `reason` is what it says.
  case load(path: String, reason: String)
  /// The file is not the library it was taken for, or lacks a function.
  case missingSymbol(path: String, symbol: String)
  /// A version that the lab cannot use.
  case version(path: String, found: String, expected: String)
  /// The library does not compute such a layer, or not in this way; `reason` continues "…, because".
  case unsupported(method: String, reason: String)
  /// A function of the library failed; `status` is what it returned, in words where there are some.
  case call(function: String, status: String)
  /// The system did not provide memory.
  case outOfMemory(bytes: Int)

  /// One sentence that names the file or the function, and what was expected.
  public var description: String {
    switch self {
    case .load(let path, let reason): "\(path) cannot be loaded: \(reason)"
    case .missingSymbol(let path, let symbol):
      "\(path) has no function \(symbol); expected a library that exports it"
    case .version(let path, let found, let expected): "\(path) is version \(found), expected \(expected)"
    case .unsupported(let method, let reason): "\(method) does not compute this layer, because \(reason)"
    case .call(let function, let status): "\(function) failed: \(status)"
    case .outOfMemory(let bytes): "the system did not provide \(bytes) bytes of memory for a peer"
    }
  }
}
