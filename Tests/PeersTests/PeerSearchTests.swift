import Foundation
import Peers
import Testing

/// Where libraries are looked for, and what their words mean.
@Suite struct PeerSearchTests {
  private let folder = FileManager.default.temporaryDirectory.appending(path: "peers-\(UUID().uuidString)")

  private func touch(_ path: String) throws -> String {
    let file = folder.appending(path: path)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data().write(to: file)
    return file.path
  }

  @Test func theNearestPlaceWins() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    func path(_ named: [PeerLocation], _ environment: [String: String]) throws -> String? {
      try PeerSearch(named: named, environment: environment, workingDirectory: folder.path).location(of: .mkl)?.path
    }
    let system = try touch("system/libmkl_rt.so.3")
    var environment = ["LD_LIBRARY_PATH": folder.appending(path: "system").path]
    #expect(try path([], environment) == system)
    let local = try touch(".peers/lib/libmkl_rt.so.3")
    #expect(try path([], environment) == local)
    let virtual = try touch("venv/lib/libmkl_rt.so.2")
    environment["VIRTUAL_ENV"] = folder.appending(path: "venv").path
    #expect(try path([], environment) == virtual)
    environment[PeerSearch.variable] = "openblas=/a:mkl=/b/c"
    #expect(try path([], environment) == "/b/c")
    #expect(try path([PeerLocation(kind: .mkl, path: "d")], environment) == "d")
  }

  @Test func findsWhatPythonPackagesBring() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let packages = ".peers/lib/python3.13/site-packages"
    let search = try PeerSearch(named: [], environment: [:], workingDirectory: folder.path)
    let numpy = try touch("\(packages)/numpy.libs/libscipy_openblas64_-32a4b2a6.so")
    #expect(search.location(of: .openblas)?.path == numpy)
    let openblas = try touch("\(packages)/scipy_openblas64/lib/libscipy_openblas64_.so")
    #expect(search.location(of: .openblas)?.path == openblas)
    let runtime = try touch("\(packages)/onnxruntime/capi/libonnxruntime.so.1.31.1")
    #expect(search.location(of: .onnxruntime)?.path == runtime)
    let oneDNN = try touch(".peers/lib/libdnnl.so.3")
    #expect(search.location(of: .onednn)?.path == oneDNN)
  }

  @Test(arguments: ["mkl", "mkl=", "cudnn=/a"])
  func anEntryThatIsNotUnderstoodIsASentence(_ entry: String) {
    #expect(throws: PeerSearchError.variable(entry: entry)) {
      try PeerSearch(named: [], environment: [PeerSearch.variable: entry], workingDirectory: "/")
    }
  }

  @Test func readsWhatLibrariesPicked() {
    for word in ["SkylakeX", "Cooperlake", "SAPPHIRERAPIDS", "avx512_core_bf16", "skx", "zen4", "Intel(R) AVX-512"] {
      #expect(VectorWidth(word) == .avx512, "\(word)")
    }
    for word in ["Haswell", "Zen", "zen3", "avx2", "Excavator"] { #expect(VectorWidth(word) == .avx2, "\(word)") }
    for word in ["generic", "Sandybridge", "Intel(R) Architecture processors", ""] {
      #expect(VectorWidth(word) == nil, "\(word)")
    }
  }

  @Test func openMPGetsAPlaceForEachThread() {
    let bound = PeerKind.onednn.environment(threads: 2, cpus: [4, 0])
    #expect(bound["OMP_NUM_THREADS"] == "2" && bound["OMP_PLACES"] == "{4},{0}" && bound["OMP_PROC_BIND"] == "true")
    #expect(PeerKind.onednn.environment(threads: 2, cpus: [])["OMP_PLACES"] == nil)
  }
}
