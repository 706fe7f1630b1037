import CPeers

/// The functions of ONNX Runtime's C API that the lab calls.
///
/// `@unchecked Sendable`: addresses of functions, which any thread may call.
struct OnnxRuntimeFunctions: @unchecked Sendable {
  /// The beginning of the table. None of the functions that the lab calls is nil.
  let table: ort_api
  /// The library's version.
  let version: String

  /// The oldest API whose sessions understand where their threads are to run (1.14, 2023).
  private static let apiVersion: UInt32 = 14

  /// Asks the library for its table.
  ///
  /// - Throws: `PeerError.missingSymbol` if the file is another library, or its table has a hole; `PeerError.version` if
  ///   it is too old.
  init(_ library: DynamicLibrary) throws(PeerError) {
    let getBase: ort_get_api_base_fn = try library.function("OrtGetApiBase")
    guard let base = getBase()?.pointee, let getApi = base.GetApi, let getVersion = base.GetVersionString else {
      throw .call(function: "OrtGetApiBase", status: "it returned no functions")
    }
    version = getVersion().map { String(cString: $0) } ?? "unknown"
    guard let table = getApi(Self.apiVersion)?.pointee else {
      throw .version(
        path: library.path, found: "\(version) of ONNX Runtime", expected: "1.\(Self.apiVersion) or newer")
    }
    self.table = table
    let isMissing = [
      ("GetErrorMessage", table.GetErrorMessage == nil), ("CreateEnv", table.CreateEnv == nil),
      ("DisableTelemetryEvents", table.DisableTelemetryEvents == nil),
      ("CreateSessionFromArray", table.CreateSessionFromArray == nil),
      ("CreateSessionOptions", table.CreateSessionOptions == nil),
      ("SetSessionExecutionMode", table.SetSessionExecutionMode == nil),
      ("SetSessionGraphOptimizationLevel", table.SetSessionGraphOptimizationLevel == nil),
      ("SetIntraOpNumThreads", table.SetIntraOpNumThreads == nil),
      ("SetInterOpNumThreads", table.SetInterOpNumThreads == nil),
      ("CreateTensorWithDataAsOrtValue", table.CreateTensorWithDataAsOrtValue == nil),
      ("CreateCpuMemoryInfo", table.CreateCpuMemoryInfo == nil), ("ReleaseEnv", table.ReleaseEnv == nil),
      ("ReleaseStatus", table.ReleaseStatus == nil), ("ReleaseMemoryInfo", table.ReleaseMemoryInfo == nil),
      ("ReleaseSession", table.ReleaseSession == nil), ("ReleaseValue", table.ReleaseValue == nil),
      ("ReleaseSessionOptions", table.ReleaseSessionOptions == nil),
      ("AddSessionConfigEntry", table.AddSessionConfigEntry == nil), ("RunWithBinding", table.RunWithBinding == nil),
      ("CreateIoBinding", table.CreateIoBinding == nil), ("ReleaseIoBinding", table.ReleaseIoBinding == nil),
      ("BindInput", table.BindInput == nil), ("BindOutput", table.BindOutput == nil),
    ]
    for (name, isMissing) in isMissing where isMissing {
      throw .missingSymbol(path: library.path, symbol: "OrtApi.\(name)")
    }
  }

  /// Throws what `status` says, which `function` returned, if it is not nil.
  func check(_ function: String, _ status: OpaquePointer?) throws(PeerError) {
    guard let status else { return }
    defer { table.ReleaseStatus(status) }
    let message = table.GetErrorMessage(status).map { String(cString: $0) } ?? "an error without a message"
    throw .call(function: function, status: message.split(whereSeparator: \.isNewline).joined(separator: " "))
  }

  /// The object that `create` makes by calling `function`.
  func make(
    _ function: String, release: @escaping @convention(c) (OpaquePointer?) -> Void,
    keeping owner: OnnxRuntimeHandle? = nil, _ create: (inout OpaquePointer?) -> OpaquePointer?
  ) throws(PeerError) -> OnnxRuntimeHandle {
    var pointer: OpaquePointer?
    try check(function, create(&pointer))
    guard let pointer else { throw .call(function: function, status: "success, but no object") }
    return OnnxRuntimeHandle(pointer, release: release, keeping: owner)
  }
}

/// An object of ONNX Runtime's that is released with its last reference.
final class OnnxRuntimeHandle {
  let pointer: OpaquePointer

  private let release: @convention(c) (OpaquePointer?) -> Void
  /// The environment outlives its sessions, a session its bindings.
  private let owner: OnnxRuntimeHandle?

  init(
    _ pointer: OpaquePointer, release: @escaping @convention(c) (OpaquePointer?) -> Void,
    keeping owner: OnnxRuntimeHandle?
  ) {
    self.pointer = pointer
    self.release = release
    self.owner = owner
  }

  deinit { release(pointer) }
}
