import Foundation
import Peers
import Testing

/// Files that are not the library they are taken for.
@Suite struct BrokenVendorLibraryTests {
  @Test func noLibrary() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/libdnnl.so"
      try "not a library".write(toFile: path, atomically: true, encoding: .utf8)
      let error = #expect(throws: PeerError.self) { _ = try OneDNN(DynamicLibrary(path)) }
      #expect(error?.description.hasPrefix("\(path) cannot be loaded: ") == true, "\(String(describing: error))")
    }
  }

  @Test(.enabled(if: CCompiler.path != nil, "needs a C compiler"))
  func anotherLibrary() throws {
    try withLibrary("int unrelated;") { library in
      #expect(throws: PeerError.missingSymbol(path: library.path, symbol: "dnnl_version")) {
        _ = try OneDNN(library)
      }
      #expect(throws: PeerError.missingSymbol(path: library.path, symbol: "OrtGetApiBase")) {
        _ = try OnnxRuntime(library)
      }
    }
  }

  @Test(
    .enabled(if: CCompiler.path != nil, "needs a C compiler"),
    arguments: [
      ("2, 7, 3", 2, "2.7.3 of oneDNN", "3"),
      ("4, 0, 0", 2, "4.0.0 of oneDNN", "3"),
      ("3, 2, 0", 4, "3.2.0 of oneDNN with CPU runtime 4", "a build for OpenMP (2) or without threads (1)"),
    ])
  func wrongVersionOfOneDNN(_ number: String, _ runtime: Int, _ found: String, _ expected: String) throws {
    try withLibrary(Self.oneDNN(number, runtime: runtime)) { library in
      #expect(throws: PeerError.version(path: library.path, found: found, expected: expected)) {
        _ = try OneDNN(library)
      }
    }
  }

  @Test(.enabled(if: CCompiler.path != nil, "needs a C compiler"))
  func incompleteOneDNN() throws {
    try withLibrary(Self.oneDNN("3, 9, 1", runtime: 1)) { library in
      #expect(throws: PeerError.missingSymbol(path: library.path, symbol: "dnnl_engine_create")) {
        _ = try OneDNN(library)
      }
    }
    try withLibrary(Self.oneDNN("3, 9, 1", runtime: 2)) { library in
      #expect(throws: PeerError.missingSymbol(path: library.path, symbol: "omp_set_num_threads")) {
        _ = try OneDNN(library)
      }
    }
    try withLibrary("const void *dnnl_version(void) { return 0; }") { library in
      #expect(throws: PeerError.call(function: "dnnl_version", status: "it returned no version")) {
        _ = try OneDNN(library)
      }
    }
  }

  @Test(.enabled(if: CCompiler.path != nil, "needs a C compiler"))
  func wrongOnnxRuntime() throws {
    try withLibrary(Self.onnxRuntime(api: "0")) { library in
      #expect(
        throws: PeerError.version(path: library.path, found: "1.3.0 of ONNX Runtime", expected: "1.14 or newer")
      ) { _ = try OnnxRuntime(library) }
    }
    try withLibrary(Self.onnxRuntime(api: "table")) { library in
      #expect(throws: PeerError.missingSymbol(path: library.path, symbol: "OrtApi.GetErrorMessage")) {
        _ = try OnnxRuntime(library)
      }
    }
    try withLibrary("const void *OrtGetApiBase(void) { return 0; }") { library in
      #expect(throws: PeerError.call(function: "OrtGetApiBase", status: "it returned no functions")) {
        _ = try OnnxRuntime(library)
      }
    }
  }

  /// A library that tells its version, and nothing else.
  private static func oneDNN(_ number: String, runtime: Int) -> String {
    """
    static const struct { int number[3]; const char *hash; unsigned cpu, gpu; } version = {{\(number)}, "", \(runtime), 0};
    const void *dnnl_version(void) { return &version; }
    """
  }

  /// A library whose table of functions is `api`, an expression; `table` is one of null pointers.
  private static func onnxRuntime(api: String) -> String {
    """
    static const void *const table[400];
    static const void *get_api(unsigned version) { return \(api); }
    static const char *get_version(void) { return "1.3.0"; }
    static const struct { const void *(*api)(unsigned); const char *(*version)(void); } base = {get_api, get_version};
    const void *OrtGetApiBase(void) { (void)table; return &base; }
    """
  }

  /// Compiles `source` as a library.
  private func withLibrary(_ source: String, _ body: (DynamicLibrary) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let (file, path) = (folder + "/fake.c", folder + "/libfake.so")
      try source.write(toFile: file, atomically: true, encoding: .utf8)
      try CCompiler.run(["-shared", "-fPIC", "-o", path, file])
      try body(DynamicLibrary(path))
    }
  }

  private func withTemporaryFolder(_ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "/pointwise-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }
}

/// The system's C compiler, with which tests make libraries.
private enum CCompiler {
  static let path = ["/usr/bin/cc", "/usr/bin/clang", "/usr/local/bin/cc"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  static func run(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(filePath: try #require(path))
    process.arguments = arguments
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
  }
}
