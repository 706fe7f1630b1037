#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A shared library that was opened at run time. It stays loaded until the process ends: libraries that start threads
/// do not survive being unloaded.
///
/// `@unchecked Sendable`: the loader's functions may be called from any thread, and nothing else is in here.
public struct DynamicLibrary: @unchecked Sendable {
  /// The file or soname that was asked for.
  public let path: String

  private let handle: UnsafeMutableRawPointer

  /// Opens a file, or a soname that the loader looks for itself. All symbols are resolved now, so that a library whose
  /// parts are missing fails here and not in the middle of a run.
  ///
  /// - Parameter isGlobal: lets libraries that are loaded later see this one's symbols, which MKL's parts need.
  /// - Throws: `PeerError.load` with the loader's own sentence.
  public init(_ path: String, isGlobal: Bool = false) throws(PeerError) {
    guard let handle = dlopen(path, RTLD_NOW | (isGlobal ? RTLD_GLOBAL : RTLD_LOCAL)) else {
      throw .load(path: path, reason: Self.lastError(without: path))
    }
    self.handle = handle
    self.path = path
  }

  /// The address of a function, as the C function pointer type that the caller knows it to have.
  ///
  /// - Requires: `Function` is a `@convention(c)` function type, and the symbol has it.
  /// - Throws: `PeerError.missingSymbol`.
  public func function<Function>(_ symbol: String, as type: Function.Type = Function.self) throws(PeerError) -> Function
  {
    guard let function = optionalFunction(symbol, as: type) else {
      throw .missingSymbol(path: path, symbol: symbol)
    }
    return function
  }

  /// The address of a function, or nil if the library does not have it.
  ///
  /// - Requires: `Function` is a `@convention(c)` function type, and the symbol has it.
  public func optionalFunction<Function>(_ symbol: String, as type: Function.Type = Function.self) -> Function? {
    guard let address = dlsym(handle, symbol) else { return nil }
    precondition(MemoryLayout<Function>.size == MemoryLayout<UnsafeMutableRawPointer>.size)
    return unsafeBitCast(address, to: type)
  }

  /// Whether the library has a symbol.
  public func has(_ symbol: String) -> Bool { dlsym(handle, symbol) != nil }

  /// The loader's last error, without the path that its sentence often begins with.
  private static func lastError(without path: String) -> String {
    guard let text = dlerror() else { return "the loader gives no reason" }
    let message = String(cString: text)
    let prefix = path + ": "
    return message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : message
  }
}
