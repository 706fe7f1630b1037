import Foundation
import Harness
import Kernels
import KernelsPortable
import Layers
import Testing
import Topology

/// What CONTRIBUTING.md shows as a new kernel is compiled with these tests, and passes what the lab's own kernels pass.
@Suite struct ContributingExampleTests {
  private static let package = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private static func text(_ path: String) throws -> String {
    try String(contentsOf: package.appending(path: path), encoding: .utf8)
  }

  /// The Swift block that follows the line `mark`.
  private static func block(after mark: String, in document: String) throws -> String {
    let lines = document.split(separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(lines.firstIndex { $0 == mark }, "there is no line '\(mark)'")
    try #require(lines.dropFirst(start + 1).first == "```swift", "'\(mark)' is not followed by a Swift block")
    let block = lines.dropFirst(start + 2)
    let end = try #require(block.firstIndex { $0 == "```" }, "the block after '\(mark)' has no end")
    return block[..<end].map { "\($0)\n" }.joined()
  }

  @Test func documentShowsTheSourceThatIsTested() throws {
    let source = try Self.text("Tests/KernelsTests/ExampleKernel.swift")
    let header = try #require(source.range(of: "\nimport Kernels\n\n"), "the header does not end with its import")
    let shown = try Self.block(
      after: "<!-- Sources/Kernels/Example.swift -->", in: try Self.text("CONTRIBUTING.md"))
    #expect(shown == source[header.upperBound...])
  }

  @Test func documentShowsALineAsTheCatalogHasThem() throws {
    let shown = try Self.block(
      after: "<!-- Sources/Kernels/Catalog.swift -->", in: try Self.text("CONTRIBUTING.md"))
    #expect(shown == "      Kernel(Example<Self>.self),\n")
    let catalog = try Self.text("Sources/Kernels/Catalog.swift")
    #expect(catalog.contains("\n" + shown.replacing("Example", with: "Naive")))
  }

  @Test func examplePassesVerification() throws {
    let topology = try HwlocTopology(.thisSystem)
    let policy = PlacementPolicy(oversubscription: .wrap)
    let counts = [1, 2, 5]
    let layers = HostileLayers.all()
    let seed: UInt64 = 20_240_229
    var checks = 0
    try VerificationRun(
      kernels: [Kernel(Example<Portable>.self)], layers: layers,
      placements: try counts.map { try policy.resolve(threads: $0, on: topology.machine) }, topology: topology,
      seed: seed
    ).run(report: { outcome in
      checks += 1
      #expect(
        outcome.verification.passed,
        """
        \(outcome.variant), \(outcome.threads) threads, \(outcome.layer), seed \(seed): \
        \(outcome.verification.failure ?? "")
        """)
    })
    // One thread does not divide the work; more divide it in every way that suits the layer.
    let expected = layers.reduce(0) { sum, layer in
      counts.reduce(sum) { sum, threads in
        let splits = Split.allCases.filter { $0 != .none && $0.suits(Problem(layer), threads: threads) }
        return sum + (threads == 1 ? 1 : splits.count)
      }
    }
    #expect(checks == expected)
  }
}
