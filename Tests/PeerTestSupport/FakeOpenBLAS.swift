import Foundation

/// A small library that looks like OpenBLAS, compiled for a test, and gone with the value.
public final class FakeOpenBLAS {
  /// What it does wrong.
  public enum Fault: String, CaseIterable, Sendable {
    /// Nothing.
    case none
    /// It lacks `openblas_set_num_threads`.
    case missing
    /// It says that it is version 0.2.20.
    case old
    /// The last element of every product lacks a term.
    case wrong
    /// It writes an element past the end of every product.
    case overrun
    /// It writes to an invalid address, at once.
    case crash
    /// It does so after a hundred products: when the clock runs.
    case lateCrash = "late_crash"
    /// It never returns.
    case hang
    /// It writes a line to standard error, and calls `exit`.
    case exit
    /// It starts 16 threads that spin for ever.
    case grab
    /// It writes to standard output what looks like a reply.
    case chatter
  }

  /// How its functions are named, and how wide its integers are.
  public enum Interface: String, CaseIterable, Sendable {
    /// `cblas_sgemm`, 32 bits.
    case plain
    /// `cblas_sgemm`, 64 bits, which only its configuration tells.
    case silentlyWide
    /// `cblas_sgemm64_`, 64 bits.
    case suffixed
    /// `scipy_cblas_sgemm64_`, 64 bits.
    case scipy

    fileprivate var flags: [String] {
      switch self {
      case .plain: []
      case .silentlyWide: ["-DINT=long", "-DWIDE"]
      case .suffixed: ["-DINT=long", "-DNAME(x)=x##64_"]
      case .scipy: ["-DINT=long", "-DNAME(x)=scipy_##x##64_"]
      }
    }
  }

  /// The file.
  public let path: String

  /// What keeps the library from being compiled.
  public struct CompilerFailure: Error, CustomStringConvertible {
    /// What the compiler said.
    public let description: String
  }

  /// Compiles a library with `cc`, or the toolchain's `clang`.
  public init(_ fault: Fault = .none, _ interface: Interface = .plain) throws {
    path = FileManager.default.temporaryDirectory.appending(path: "libfake-\(UUID().uuidString).so").path
    let source = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/fake_openblas.c").path
    let compile = Process()
    compile.executableURL = URL(filePath: "/bin/sh")
    compile.arguments =
      ["-c", "if command -v clang >/dev/null; then exec clang \"$@\"; else exec cc \"$@\"; fi", "cc"]
      + ["-shared", "-fPIC", "-O1", "-DFAULT_\(fault.rawValue.uppercased())", source, "-o", path, "-lpthread"]
      + interface.flags
    let errors = Pipe()
    compile.standardError = errors
    try compile.run()
    let said = errors.fileHandleForReading.readDataToEndOfFile()
    compile.waitUntilExit()
    if compile.terminationStatus != 0 { throw CompilerFailure(description: String(decoding: said, as: UTF8.self)) }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
